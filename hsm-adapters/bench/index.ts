export { benchRawSign, type RawSignRate } from "./bench-raw-sign.ts";
