export * from "./extend-document.ts";
export { bareSignatures, stampLate } from "./late-stamp.ts";
export type { ExtensionLevel } from "./level-format.ts";
export { openPreservation } from "./open-preservation.ts";
export * from "./preservation.ts";
export * from "./preservation-book.ts";
export { digestReliedOnUntil, reliedOnUntil, tokenReliedOnUntil } from "./relied-on-until.ts";
export { signedParts } from "./signed-parts.ts";
