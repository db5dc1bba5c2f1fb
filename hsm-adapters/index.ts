export * from "./signer.ts";
