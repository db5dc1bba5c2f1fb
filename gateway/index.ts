export { mintApiKey } from "./access/index.ts";
export { type Config, type ConfigInput, loadConfig, parseConfig } from "./config/index.ts";
export { createGateway, type Gateway } from "./create-gateway.ts";
export { createWorker, type SigningWorker } from "./create-worker.ts";
export { GatewayError, type GatewayErrorCode } from "./errors.ts";
export { type Failpoint, failpoints } from "./failpoint.ts";
export type { SharedDeps } from "./open-parts.ts";
