export * from "./pades.ts";
export * from "./pades-spec.ts";
export * from "./two-phase.ts";
