export * from "./element.ts";
export * from "./values.ts";
export * from "./write.ts";
