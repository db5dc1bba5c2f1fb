export * from "./algorithms.ts";
export * from "./base64.ts";
export * from "./c14n-methods.ts";
export { escapeAttribute, escapeText } from "./c14n-text.ts";
export * from "./canonicalize.ts";
export * from "./coverage.ts";
export * from "./element-path.ts";
export * from "./key-info.ts";
export * from "./limits.ts";
export * from "./namespaces.ts";
export { type NodeList, type NodeSet, type Subtree, subtree } from "./node-set.ts";
export * from "./parse-xml.ts";
export {
  type ContentResolver,
  type Coverage,
  dereference,
  elementById,
  type ReferenceStatus,
  type XmlReference,
} from "./reference.ts";
export { spkiOfCertificate } from "./spki.ts";
export { type XmlBudget, xmlBudget } from "./transform-context.ts";
export * from "./tree.ts";
export * from "./xades-properties.ts";
export type * from "./xades-signed.ts";
export type { XadesTimestamp, XadesTimestampKind } from "./xades-timestamps.ts";
export * from "./xml-signature.ts";
