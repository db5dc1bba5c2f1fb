export { checkToken, type TrustTsa } from "./check-token.ts";
export { createTimestampRouter } from "./create-router.ts";
export { httpTransport, type TimestampTransport } from "./http-exchange.ts";
export { type PatienceOptions, type StampPatience, stampPatience } from "./stamp-patience.ts";
export { type Stamp, TimestampEndpoint } from "./timestamp-endpoint.ts";
export { type TimestampRouter, timestampRouter } from "./timestamp-router.ts";
