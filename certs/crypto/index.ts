export * from "./digest-algorithm.ts";
export * from "./lru-cache.ts";
export * from "./portable.ts";
export * from "./provider.ts";
export * from "./public-key.ts";
export * from "./signature-algorithm.ts";
