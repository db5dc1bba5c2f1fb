export * from "./check-pins.ts";
export * from "./pins.ts";
export * from "./trust-anchor.ts";
export * from "./trusted-certificate.ts";
