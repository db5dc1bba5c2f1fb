export * from "./load-profiles.ts";
export * from "./read-profile.ts";
