export { type Exposed, exposeMetrics } from "./expose-metrics.ts";
export { createLogger, type Logger } from "./logger.ts";
export { createMetrics, type Metrics } from "./metrics.ts";
export { exposeRenewals } from "./renewal-metrics.ts";
