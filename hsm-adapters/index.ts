export { benchRawSign, type RawSignRate } from "./bench.ts";
export * from "./signer.ts";
