export * from "./attribute-types.ts";
export * from "./certificate.ts";
export * from "./extensions.ts";
export * from "./general-name.ts";
export * from "./name.ts";
export * from "./oids.ts";
export * from "./pem.ts";
export * from "./prepare-string.ts";
