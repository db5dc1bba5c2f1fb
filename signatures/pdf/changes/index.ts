export * from "./analyse.ts";
export type { ChangeFinding, ChangeLevel } from "./rule.ts";
