export { createApp } from "./create-app.ts";
export type { GatewayEnv, GatewayParts } from "./gateway-parts.ts";
