import type { DigestAlgorithm, SignatureAlgorithm } from "@hocba/certs/crypto";
import { type Conclusion, failed, indeterminate, passed } from "./conclusion.ts";
import type { Finding, SubIndication } from "./report.ts";

/** The mathematics of a signature, whatever its format. */
export interface CryptographicVerification {
  /** `intact`: all that is referenced has its digest and the value verifies. `unknown`: something needed was not at hand. */
  readonly integrity: "intact" | "broken" | "unknown";
  /** Why it is not intact. */
  readonly problem: SubIndication | null;
  /** The weakest digest algorithm over the signed data. */
  readonly digestAlgorithm?: DigestAlgorithm;
  readonly signatureAlgorithm?: SignatureAlgorithm;
  /** The value verified although the content was not at hand. */
  readonly valueVerified?: boolean;
  readonly findings: readonly Finding[];
}

/** Cryptographic verification (EN 319 102-1 §5.2.7.4). */
export function cryptographicConclusion(result: CryptographicVerification): Conclusion {
  if (result.integrity === "intact") return passed(...result.findings);
  const problem = result.problem ?? "SIG_CRYPTO_FAILURE";
  if (result.integrity === "broken") return failed(problem, ...result.findings);
  return indeterminate(problem, ...result.findings);
}
