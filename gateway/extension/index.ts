export * from "./extend-document.ts";
export type { ExtensionLevel } from "./level-format.ts";
export { signedParts } from "./signed-parts.ts";
