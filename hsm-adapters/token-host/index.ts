export { parseTokenHostConfig, type TokenHostConfig } from "./host-config.ts";
export {
  type HostProcessEvent,
  type SpawnTokenHostOptions,
  spawnTokenHost,
  type TokenHostProcess,
} from "./host-process.ts";
export type { HostStatus } from "./messages.ts";
export { startTokenHost, type TokenHost, type TokenHostOptions } from "./token-host.ts";
export { TokenHostClient, type TokenHostClientOptions } from "./token-host-client.ts";
