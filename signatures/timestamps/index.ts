export * from "./request.ts";
export * from "./response.ts";
export { parseTimestampToken, type TimestampToken } from "./token.ts";
