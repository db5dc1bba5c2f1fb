import { digestAlgorithmOf } from "../crypto/digest-algorithm.ts";
import { signatureAlgorithmOf } from "../crypto/signature-algorithm.ts";
import { equalBytes } from "../der/values.ts";
import { CertsError } from "../errors.ts";
import type { Certificate } from "../x509/certificate.ts";
import { KeyPurpose } from "../x509/oids.ts";
import {
  bindsAt,
  type CheckContext,
  type EvidenceOutcome,
  nothingKnown,
  nowOf,
  type OwnStatus,
  weightier,
} from "./check-context.ts";
import { evidenceLocations } from "./evidence-locations.ts";
import type { BasicOcspResponse, OcspCertId, OcspSingleResponse } from "./ocsp-response.ts";
import type { RevocationCode } from "./revocation-status.ts";

/** Most responses with the right serial number looked at for one certificate. */
const MAX_RESPONSES = 200;
const DAY = 86_400_000;

/** Status of a certificate by OCSP responses (RFC 6960 §3.2, §4.2.2). */
export function checkOcsp(context: CheckContext): EvidenceOutcome {
  let code: RevocationCode = "NO_EVIDENCE";
  let good: EvidenceOutcome | null = null;
  let left = MAX_RESPONSES;
  for (const response of context.options.ocspResponses) {
    if (!response.basic?.responses.some((r) => equalBytes(r.certId.serialNumber, context.certificate.serialNumber)))
      continue;
    if (left-- <= 0) break;
    const outcome = consult(response.basic, response.raw, context);
    if (outcome.status === "revoked") return outcome;
    if (outcome.status === "good" && (!good || outcome.thisUpdate! > good.thisUpdate!)) good = outcome;
    if (outcome.status === "unknown") code = weightier(code, outcome.code);
  }
  return good ?? nothingKnown(code);
}

function consult(response: BasicOcspResponse, raw: Uint8Array, context: CheckContext): EvidenceOutcome {
  const singles = response.responses.filter((single) => speaksOf(single.certId, context));
  if (singles.length === 0) return nothingKnown("NO_EVIDENCE");
  const fault = judge(response, context);
  if (fault) return nothingKnown(fault);
  let code: RevocationCode = "NO_EVIDENCE";
  let good: EvidenceOutcome | null = null;
  // Several answers on one certificate: the newest counts, yet none may say revoked.
  for (const single of singles) {
    const stale = staleness(single, response.producedAt, context);
    if (stale) {
      code = weightier(code, stale);
      continue;
    }
    if (single.status === "unknown") return nothingKnown("RESPONDER_DOES_NOT_KNOW");
    const facts = {
      code: "KNOWN",
      thisUpdate: single.thisUpdate,
      nextUpdate: single.nextUpdate,
      evidence: raw,
    } as const;
    const { revocation } = single;
    if (revocation && bindsAt(revocation, context.time)) {
      return { status: "revoked", revocation, revokedLater: null, ...facts };
    }
    if (!good || single.thisUpdate > good.thisUpdate!) {
      good = { status: "good", revocation: null, revokedLater: revocation, ...facts };
    }
  }
  return good ?? nothingKnown(code);
}

/** RFC 6960 §4.1.1: hashes of the issuer's name and key, and the serial number. */
function speaksOf(id: OcspCertId, context: CheckContext): boolean {
  const { certificate, issuer, crypto } = context;
  if (!equalBytes(id.serialNumber, certificate.serialNumber)) return false;
  try {
    const algorithm = digestAlgorithmOf(id.hashAlgorithm.oid);
    return (
      equalBytes(id.issuerNameHash, crypto.digest(algorithm, certificate.issuer.raw)) &&
      equalBytes(id.issuerKeyHash, crypto.digest(algorithm, issuer.certificate.publicKeyBits))
    );
  } catch (error) {
    if (error instanceof CertsError) return false;
    throw error;
  }
}

/** Is the response signed by the issuer, or by somebody whom the issuer delegated (RFC 6960 §4.2.2.2)? */
function judge(response: BasicOcspResponse, context: CheckContext): RevocationCode | null {
  if (hasUnknownCriticalExtension(response)) return "EVIDENCE_UNKNOWN_CRITICAL_EXTENSION";
  if (response.producedAt > nowOf(context)) return "EVIDENCE_FROM_THE_FUTURE";
  const signers = [context.issuer.certificate, ...response.certificates].filter((c) =>
    isResponder(response, c, context),
  );
  if (signers.length === 0) return "EVIDENCE_SIGNATURE_INVALID";
  const signed = signers.filter((signer) => signatureHolds(response, spkiOf(signer, context), context));
  if (signed.length === 0) return "EVIDENCE_SIGNATURE_INVALID";
  return signed.some((signer) => mayAnswer(signer, response, context)) ? null : "EVIDENCE_SIGNER_NOT_TRUSTED";
}

const spkiOf = (signer: Certificate, context: CheckContext): Uint8Array =>
  signer === context.issuer.certificate ? context.issuer.spki : signer.spki;

function isResponder(response: BasicOcspResponse, certificate: Certificate, context: CheckContext): boolean {
  const { responder } = response;
  if (responder.type === "byName") return responder.name.equals(certificate.subject);
  return equalBytes(responder.keyHash, context.crypto.digest("sha1", certificate.publicKeyBits));
}

function signatureHolds(response: BasicOcspResponse, spki: Uint8Array, context: CheckContext): boolean {
  const known = response.checkedKeys.get(spki);
  if (known !== undefined) return known;
  let good = false;
  try {
    const { oid, parameters } = response.signatureAlgorithm;
    good = context.crypto.verify(spki, signatureAlgorithmOf(oid, parameters), [response.tbs], response.signature);
  } catch (error) {
    // An algorithm nobody here can judge proves nothing.
    if (!(error instanceof CertsError)) throw error;
  }
  response.checkedKeys.set(spki, good);
  return good;
}

function mayAnswer(signer: Certificate, response: BasicOcspResponse, context: CheckContext): boolean {
  const { issuer } = context;
  const issuerItself =
    equalBytes(signer.spki, issuer.certificate.spki) && signer.subject.equals(issuer.certificate.subject);
  if (issuerItself) return true;
  try {
    // §4.2.2.2: delegated explicitly, and by the very CA that issued the certificate asked about.
    if (!signer.extendedKeyUsage?.includes(KeyPurpose.OCSP_SIGNING)) return false;
    if (!signer.issuer.equals(context.certificate.issuer) || !issuedBy(signer, issuer.spki, context)) return false;
    return context.signerTrusted(signer, response.producedAt, ownStatus(signer));
  } catch (error) {
    if (error instanceof CertsError) return false;
    throw error;
  }
}

/**
 * §4.2.2.2.1: with nocheck the CA vouches for the responder's lifetime; with an address it wants its status checked; with
 * neither it is left to us, and a responder known to be revoked is refused.
 */
function ownStatus(signer: Certificate): OwnStatus {
  if (signer.ocspNoCheck) return "not-asked";
  const { crls, ocsp } = evidenceLocations(signer);
  return crls.length + ocsp.length > 0 ? "must-be-good" : "must-not-be-revoked";
}

function issuedBy(certificate: Certificate, spki: Uint8Array, context: CheckContext): boolean {
  const { oid, parameters } = certificate.signatureAlgorithm;
  return context.crypto.verify(spki, signatureAlgorithmOf(oid, parameters), [certificate.tbs], certificate.signature);
}

/** Nobody here processes an OCSP extension that could change the meaning of an answer. */
const hasUnknownCriticalExtension = (response: BasicOcspResponse): boolean =>
  [response.extensions, ...response.responses.map((r) => r.extensions)].some((extensions) =>
    [...extensions.values()].some((e) => e.critical && !KNOWN.has(e.oid)),
  );
/** Nonce, CRL references, archive cutoff, invalidity date, extended revoked definition. */
const KNOWN: ReadonlySet<string> = new Set([
  "1.3.6.1.5.5.7.48.1.2",
  "1.3.6.1.5.5.7.48.1.3",
  "1.3.6.1.5.5.7.48.1.6",
  "1.3.6.1.5.5.7.48.1.9",
  "2.5.29.24",
]);

/** RFC 6960 §4.2.2.1: can this answer still, or already, speak of the instant asked about? */
function staleness(single: OcspSingleResponse, producedAt: number, context: CheckContext): RevocationCode | null {
  const { certificate, time, options } = context;
  if (single.thisUpdate > nowOf(context)) return "EVIDENCE_FROM_THE_FUTURE";
  // §2.4: a state is known before it is told.
  if (single.thisUpdate > producedAt + (options.clockTolerance ?? 300_000)) return "EVIDENCE_MALFORMED";
  const believedUntil = single.nextUpdate ?? single.thisUpdate + (options.ocspMaxAge ?? DAY);
  if (believedUntil < single.thisUpdate) return "EVIDENCE_MALFORMED";
  if (single.thisUpdate <= time) return believedUntil < time ? "EVIDENCE_STALE" : null;
  if (single.thisUpdate <= certificate.notAfter || single.status === "revoked") return null;
  // §4.4.4: asked about an expired certificate, "good" means something only within the archive cutoff.
  return single.archiveCutoff !== null && single.archiveCutoff <= certificate.notAfter ? null : "EXPIRED_NOT_COVERED";
}
