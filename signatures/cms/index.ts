export * from "./algorithm-identifier.ts";
export * from "./attributes.ts";
export * from "./build-signed-data.ts";
export * from "./der-form.ts";
export * from "./oids.ts";
export * from "./signed-data.ts";
export * from "./signer-info.ts";
