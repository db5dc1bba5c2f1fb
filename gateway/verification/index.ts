export { ledgerRegister, readRegister, registerLine } from "./certificate-register.ts";
export { loadTrust, type TrustMaterial, tsaTrust } from "./trust-material.ts";
export { type BesideFile, createVerifier, type Verifier } from "./verifier.ts";
export { createVerifierInThreads, type VerifierInThreads } from "./verifier-in-threads.ts";
export { verifyWithEvidence } from "./verify-with-evidence.ts";
