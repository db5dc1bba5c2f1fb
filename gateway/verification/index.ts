export { loadTrust, type TrustMaterial, tsaTrust } from "./trust-material.ts";
export { createVerifier, type Verifier } from "./verifier.ts";
export { verifyWithEvidence } from "./verify-with-evidence.ts";
