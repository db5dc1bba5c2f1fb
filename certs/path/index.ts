export { CertificatePool } from "./certificate-pool.ts";
export { PathCache } from "./path-cache.ts";
export * from "./path-request.ts";
export { validatePath } from "./validate-path.ts";
