export { Authority, randomSerial } from "./authority.ts";
export {
  buildCertificate,
  type CertificateSpec,
  certificateFields,
  type Issuer,
  keyIdentifier,
} from "./certificate.ts";
export { type DevPkiCommand, runCommandLoop } from "./command-loop.ts";
export * from "./contract.ts";
export { buildCrl, REASONS, type RevocationReason, type RevokedEntry } from "./crl.ts";
export * from "./dev-pki.ts";
export * from "./extensions.ts";
export * from "./faults.ts";
export { type DevKeyType, generateKey, type SigningKey, signingKey } from "./keys.ts";
export * from "./names.ts";
export { DEV_NAMES, DevPolicy, type ProfileOverrides } from "./profile.ts";
export * from "./start-tsa.ts";
export { TimestampAuthority, type TimestampAuthorityOptions, type TimestampIdentity } from "./timestamp-authority.ts";
