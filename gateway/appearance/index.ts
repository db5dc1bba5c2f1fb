export * from "./appearances.ts";
export * from "./lookup-code.ts";
