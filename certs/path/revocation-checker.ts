import type { OwnStatus } from "../revocation/check-context.ts";
import { checkRevocation, unknownStatus } from "../revocation/check-revocation.ts";
import type { SignerCandidate } from "../revocation/crl-signer.ts";
import type { RevocationOptions } from "../revocation/revocation-options.ts";
import type { RevocationStatus } from "../revocation/revocation-status.ts";
import type { TrustAnchor } from "../trust/trust-anchor.ts";
import type { Certificate } from "../x509/certificate.ts";
import { buildPaths, newSearch } from "./build-paths.ts";
import type { CertificatePool } from "./certificate-pool.ts";
import { checkPath, type RevocationCheck } from "./check-path.ts";
import { workingPublicKey } from "./dsa-parameters.ts";
import type { PathRequest } from "./path-request.ts";

/** Signers of evidence whose own signers are asked about, and so on: no honest hierarchy goes deeper. */
const MAX_DEPTH = 4;
/** Certificates whose status is asked for in one validation, signers of evidence included. */
const MAX_QUESTIONS = 200;

/**
 * Revocation checks for the paths of one validation. Signers of CRLs outside the path, and delegated responders, are
 * validated to the same anchor (RFC 5280 §6.3.3 (f)); their own status is checked too, save where that would go round in
 * a circle: a key that signs the CRL on which its own certificate would stand.
 */
export function revocationChecker(
  request: PathRequest,
  pool: CertificatePool,
): (anchor: TrustAnchor) => RevocationCheck {
  const budget = { questions: MAX_QUESTIONS };
  return (anchor) => checkerFor(request, pool, anchor, new Set(), budget);
}

function checkerFor(
  request: PathRequest,
  pool: CertificatePool,
  anchor: TrustAnchor,
  inQuestion: ReadonlySet<Certificate>,
  budget: { questions: number },
): RevocationCheck {
  const verdicts = new Map<string, boolean>();
  return (path, index, issuerSpki): RevocationStatus => {
    const certificate = path[index]!;
    if (budget.questions-- <= 0) return unknownStatus(certificate);
    const validated = validatedKeys(path, index);
    const candidates = [...validated, ...signersFromPool(pool, request, path.slice(index + 1))];
    const signerTrusted = (signer: Certificate, time: number, ownStatus: OwnStatus): boolean => {
      const id = `${signer.fingerprint(request.crypto)}|${time}|${ownStatus}`;
      const known = verdicts.get(id);
      if (known !== undefined) return known;
      const trusted = validates(signer, time, ownStatus, request, pool, anchor, inQuestion, budget);
      verdicts.set(id, trusted);
      return trusted;
    };
    return checkRevocation({
      certificate,
      issuer: { certificate: path[index + 1]!, spki: issuerSpki, inPath: true },
      candidates,
      time: request.time,
      crypto: request.crypto,
      options: { strictProfile: (request.strictness ?? "validation") !== "validation", ...request.revocation! },
      signerTrusted,
    });
  };
}

/** The certificates above `index`, each with its key as it stands in this path. */
function validatedKeys(path: readonly Certificate[], index: number): SignerCandidate[] {
  const out: SignerCandidate[] = [];
  let spki: Uint8Array | null = null;
  for (let i = path.length - 1; i > index; i--) {
    spki = workingPublicKey(path[i]!, spki);
    out.push({ certificate: path[i]!, spki, inPath: true });
  }
  return out.reverse();
}

function signersFromPool(
  pool: CertificatePool,
  request: PathRequest,
  validated: readonly Certificate[],
): SignerCandidate[] {
  const out: SignerCandidate[] = [];
  const seen = new Set<string>();
  for (const crl of request.revocation!.crls) {
    const key = crl.issuer.canonicalKey;
    if (seen.has(key)) continue;
    seen.add(key);
    for (const certificate of pool.withSubject(key)) {
      if (!validated.includes(certificate)) out.push({ certificate, spki: certificate.spki, inPath: false });
    }
  }
  return out;
}

const revocationOf = (options: RevocationOptions, ownStatus: OwnStatus): RevocationOptions =>
  ownStatus === "must-not-be-revoked" ? { ...options, required: false } : options;

function validates(
  signer: Certificate,
  time: number,
  ownStatus: OwnStatus,
  request: PathRequest,
  pool: CertificatePool,
  anchor: TrustAnchor,
  inQuestion: ReadonlySet<Certificate>,
  budget: { questions: number },
): boolean {
  const own: PathRequest = {
    certificate: signer,
    anchors: [anchor],
    certificates: pool,
    time,
    crypto: request.crypto,
    strictness: "validation",
    ...(request.algorithms && { algorithms: request.algorithms }),
    ...(request.algorithmTime !== undefined && { algorithmTime: request.algorithmTime }),
    ...(request.algorithmsAdvisory !== undefined && { algorithmsAdvisory: request.algorithmsAdvisory }),
    ...(request.maxIntermediates !== undefined && { maxIntermediates: request.maxIntermediates }),
    ...(request.cache && { cache: request.cache }),
    ...(request.revocation && { revocation: revocationOf(request.revocation, ownStatus) }),
  };
  const circular = inQuestion.has(signer);
  if (!circular && inQuestion.size >= MAX_DEPTH) return false;
  const check =
    ownStatus !== "not-asked" && !circular
      ? checkerFor(own, pool, anchor, new Set([...inQuestion, signer]), budget)
      : null;
  let tried = 0;
  for (const { path } of buildPaths(own, pool, newSearch(signer))) {
    if (checkPath(own, path, anchor, check).valid) return true;
    if (++tried >= 8) return false;
  }
  return false;
}
