export * from "./bilingual.ts";
export * from "./errors.ts";
