export { type Config, type ConfigInput, configSchema } from "./config.ts";
export { loadConfig, parseConfig } from "./load-config.ts";
