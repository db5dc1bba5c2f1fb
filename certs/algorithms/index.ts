export * from "./algorithm-policy.ts";
export * from "./algorithm-use.ts";
export * from "./policies.ts";
