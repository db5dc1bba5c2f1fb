export * from "./late-signature.ts";
export * from "./pades.ts";
export * from "./pades-raise.ts";
export * from "./pades-spec.ts";
export * from "./two-phase.ts";
export { type XadesFormat, xades, xadesFormat } from "./xades.ts";
export * from "./xades-spec.ts";
