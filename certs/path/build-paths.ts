import { equalBytes } from "../der/values.ts";
import { CertsError } from "../errors.ts";
import type { TrustAnchor } from "../trust/trust-anchor.ts";
import type { Certificate } from "../x509/certificate.ts";
import type { GeneralName } from "../x509/general-name.ts";
import type { CertificatePool } from "./certificate-pool.ts";
import { checkSignature } from "./check-signature.ts";
import type { PathRequest } from "./path-request.ts";

export interface CandidatePath {
  /** Leaf first, the anchor's certificate last. */
  readonly path: readonly Certificate[];
  readonly anchor: TrustAnchor;
}

/** What the search may spend, and what it met; filled in while it runs. */
export interface SearchState {
  /** Signatures that may still be checked, counted by the size of their keys. */
  signaturesLeft: number;
  /** Steps upwards that may still be taken. */
  stepsLeft: number;
  /** True once one of the limits cut the search. */
  exhausted: boolean;
  /** Longest chain met that reached no anchor. */
  deepest: readonly Certificate[];
  /** What was wrong with the signature on the last certificate of `deepest` under the issuers found. */
  fault: "SIGNATURE_INVALID" | "SIGNATURE_ALGORITHM_UNSUPPORTED" | "ALGORITHM_MISMATCH" | null;
}

export const newSearch = (leaf: Certificate): SearchState => ({
  signaturesLeft: 400,
  stepsLeft: 2000,
  exhausted: false,
  deepest: [leaf],
  fault: null,
});

type Issuer = { certificate: Certificate; anchor: TrustAnchor | null };

/**
 * Paths from the certificate to an anchor, likeliest first (RFC 4158): anchors before others, matching key identifiers and
 * certificates valid at the time before the rest. Every link's signature is good. Work is bounded by `state`.
 */
export function* buildPaths(request: PathRequest, pool: CertificatePool, state: SearchState): Generator<CandidatePath> {
  const leaf = request.certificate;
  const bySubject = new Map<string, TrustAnchor[]>();
  for (const anchor of request.anchors) {
    const key = anchor.certificate.subject.canonicalKey;
    const list = bySubject.get(key);
    if (list) list.push(anchor);
    else bySubject.set(key, [anchor]);
    if (anchor.certificate.equals(leaf)) yield { path: [leaf], anchor };
  }
  yield* extend(request, pool, bySubject, state, [leaf], 0);
}

function* extend(
  request: PathRequest,
  pool: CertificatePool,
  anchors: ReadonlyMap<string, readonly TrustAnchor[]>,
  state: SearchState,
  path: readonly Certificate[],
  intermediates: number,
): Generator<CandidatePath> {
  const last = path.at(-1)!;
  for (const issuer of issuersOf(last, path, pool, anchors, request.time)) {
    if (state.stepsLeft-- <= 0) {
      state.exhausted = true;
      return;
    }
    if (!linkHolds(request, last, issuer.certificate, state, path)) {
      if (state.exhausted) return;
      continue;
    }
    const longer = [...path, issuer.certificate];
    if (issuer.anchor) {
      yield { path: longer, anchor: issuer.anchor };
      continue;
    }
    if (longer.length > state.deepest.length) {
      state.deepest = longer;
      state.fault = null;
    }
    const count = intermediates + (issuer.certificate.selfIssued ? 0 : 1);
    // Self-issued certificates do not count as depth, yet a row of them must end somewhere too.
    if (count > (request.maxIntermediates ?? 16) || longer.length > 40) continue;
    yield* extend(request, pool, anchors, state, longer, count);
    if (state.exhausted) return;
  }
}

/** Possible issuers by name, the likeliest first, without those that would close a loop. */
function issuersOf(
  child: Certificate,
  path: readonly Certificate[],
  pool: CertificatePool,
  anchors: ReadonlyMap<string, readonly TrustAnchor[]>,
  time: number,
): Issuer[] {
  const key = child.issuer.canonicalKey;
  const own = anchors.get(key) ?? [];
  const issuers: Issuer[] = own.map((anchor) => ({ certificate: anchor.certificate, anchor }));
  for (const certificate of pool.withSubject(key)) {
    // The anchor itself is on the list already; trusting it by way of its copy in the pool proves nothing more.
    if (!own.some((anchor) => anchor.certificate.equals(certificate))) issuers.push({ certificate, anchor: null });
  }
  const open = issuers.filter((issuer) => !path.some((known) => closesLoop(known, issuer.certificate)));
  if (open.length < 2) return open;
  const scored = open.map((issuer, order) => ({ issuer, order, score: score(child, issuer, time) }));
  return scored.sort((a, b) => b.score - a.score || a.order - b.order).map((s) => s.issuer);
}

/** RFC 4158 §2.4.2: the same name with the same key twice is a loop, unless the alternative names differ. */
function closesLoop(known: Certificate, next: Certificate): boolean {
  if (known === next) return true;
  if (!equalBytes(known.spki, next.spki) || !known.subject.equals(next.subject)) return false;
  return sameNames(known, next);
}

function sameNames(a: Certificate, b: Certificate): boolean {
  const x = a.extensions.get(SUBJECT_ALT_NAME)?.value;
  const y = b.extensions.get(SUBJECT_ALT_NAME)?.value;
  return x === undefined || y === undefined ? x === y : equalBytes(x, y);
}
const SUBJECT_ALT_NAME = "2.5.29.17";

function score(child: Certificate, { certificate, anchor }: Issuer, time: number): number {
  let points = anchor ? 8 : 0;
  points += keyIdentifierPoints(child, certificate);
  if (certificate.notBefore <= time && time <= certificate.notAfter) points += 2;
  if (certificate.selfIssued && !anchor) points -= 1;
  return points;
}

/** Positive when the identifiers agree, negative when they contradict: a hint for the order, never a proof. */
function keyIdentifierPoints(child: Certificate, issuer: Certificate): number {
  try {
    const wanted = child.authorityKeyId;
    const have = issuer.subjectKeyId;
    let points = 0;
    if (wanted?.keyIdentifier && have) points += equalBytes(wanted.keyIdentifier, have) ? 16 : -16;
    if (wanted?.authorityCertSerialNumber) {
      const named = wanted.authorityCertIssuer?.find(
        (n): n is Extract<GeneralName, { type: "directoryName" }> => n.type === "directoryName",
      );
      const agrees =
        equalBytes(wanted.authorityCertSerialNumber, issuer.serialNumber) &&
        (!named || named.name.equals(issuer.issuer));
      points += agrees ? 4 : -4;
    }
    return points;
  } catch (error) {
    // An unreadable identifier gives no hint; the path check will name it.
    if (error instanceof CertsError) return 0;
    throw error;
  }
}

/** What checking one signature under this key costs, in checks of usual size: huge keys must not buy time. */
function effort({ publicKey: { kind, bits } }: Certificate): number {
  return kind === "rsa" || kind === "dsa" ? Math.max(1, Math.ceil((bits / 4096) ** 2)) : 1;
}

function linkHolds(
  request: PathRequest,
  child: Certificate,
  issuer: Certificate,
  state: SearchState,
  path: readonly Certificate[],
): boolean {
  // Inherited DSA parameters are known only from above: the path check verifies such a link.
  if (issuer.publicKey.kind === "dsa" && issuer.publicKey.parameters === null) return true;
  state.signaturesLeft -= effort(issuer);
  if (state.signaturesLeft < 0) {
    state.exhausted = true;
    return false;
  }
  const fault = checkSignature(child, issuer.spki, request.crypto, request.cache);
  if (fault && path.length >= state.deepest.length) {
    state.deepest = path;
    state.fault = fault;
  }
  return fault === null;
}
