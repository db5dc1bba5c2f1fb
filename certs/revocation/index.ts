export { CertificateList, type IssuingDistributionPoint, parseCrl } from "./crl.ts";
export * from "./evidence-locations.ts";
export * from "./ocsp-response.ts";
export * from "./revocation-options.ts";
export * from "./revocation-status.ts";
