export { AllowList, isPublicAddress } from "./address-guard.ts";
export { type CachedEvidence, type EvidenceCache, MemoryEvidenceCache } from "./evidence-cache.ts";
export * from "./evidence-fetcher.ts";
export { type FetchedResponse, type FetchGuardedOptions, fetchGuarded } from "./fetch-guarded.ts";
export { FileEvidenceCache } from "./file-evidence-cache.ts";
export * from "./ocsp-request.ts";
