import type { ProofsOfExistence } from "./best-signature-time.ts";
import type { SignatureCandidate } from "./candidate.ts";
import { type Conclusion, indeterminate, passed } from "./conclusion.ts";
import { finding } from "./findings.ts";
import type { Finding } from "./report.ts";
import type { ValidationProcess } from "./validation-process.ts";

const VIETNAM_HOURS = 7;
const VIETNAM_OFFSET = VIETNAM_HOURS * 3600_000;
/** A difference this close to seven hours is local time under a UTC label; clocks of authorities have been 13 minutes off. */
const LABEL_TOLERANCE = 3600_000;

/**
 * The stated signing time against the time stamps, as numbers. It is a claim: whatever it says changes no verdict, apart from a
 * policy that demands that it be there (EN 319 102-1 §5.2.8.4.2.3 for the attribute).
 */
export function checkSigningTime(
  candidate: SignatureCandidate,
  proofs: ProofsOfExistence,
  process: ValidationProcess,
): Conclusion {
  const claimed = candidate.claimedSigningTime;
  if (claimed === null) return absent(candidate, process);
  const findings: Finding[] = [];
  const limit = process.policy.rules["timestamp-skew"].limit * 1000;
  let local = false;
  for (const { candidate: stamp, report } of proofs.timestamps) {
    if (stamp.type !== "signature" || !stamp.token || report.integrity !== "intact") continue;
    const difference = stamp.token.genTime - claimed;
    const labelled = Math.abs(difference + VIETNAM_OFFSET) <= LABEL_TOLERANCE;
    if (labelled && !local) {
      local = true;
      findings.push(finding("SIGNING_TIME_LOCAL", { hours: VIETNAM_HOURS }));
    }
    const skew = labelled ? difference + VIETNAM_OFFSET : difference;
    if (Math.abs(skew) > limit) {
      findings.push(finding("TIMESTAMP_SKEW", { seconds: Math.round(skew / 1000), tsa: report.tsa ?? "TSA" }));
    }
  }
  if (claimed - (local ? VIETNAM_OFFSET : 0) > process.time + limit) {
    findings.push(finding("SIGNING_TIME_IN_FUTURE", { seconds: Math.round((claimed - process.time) / 1000) }));
  }
  return passed(...findings);
}

function absent(candidate: SignatureCandidate, process: ValidationProcess): Conclusion {
  const { effect } = process.policy.rules["signing-time"];
  if (candidate.counterSignature || effect === "inform") return passed(finding("SIGNING_TIME_ABSENT"));
  if (effect === "warn") return passed(finding("SIGNING_TIME_ABSENT", {}, "warning"));
  return indeterminate("SIG_CONSTRAINTS_FAILURE", finding("SIGNING_TIME_ABSENT", {}, "error"));
}
