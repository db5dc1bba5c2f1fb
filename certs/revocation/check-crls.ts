import { signatureAlgorithmOf } from "../crypto/signature-algorithm.ts";
import { CertsError } from "../errors.ts";
import type { Certificate } from "../x509/certificate.ts";
import type { DistributionPoint, RevocationReasonFlag } from "../x509/extensions.ts";
import { ExtensionOid } from "../x509/oids.ts";
import { bindsAt, type CheckContext, type EvidenceOutcome, nothingKnown, nowOf, weightier } from "./check-context.ts";
import type { CertificateList } from "./crl.ts";
import {
  ALL_REASONS,
  coveredReasons,
  crlIssuerFits,
  crlIssuersOf,
  distributionPointsOf,
  scopeFits,
  scopeKey,
} from "./crl-scope.ts";
import { crlSigners } from "./crl-signer.ts";
import type { Revocation, RevocationCode } from "./revocation-status.ts";

/** Most CRLs of the right issuers looked at for one certificate. */
const MAX_CRLS = 200;

/** Status of a certificate by CRLs (RFC 5280 §6.3.3). */
export function checkCrls(context: CheckContext): EvidenceOutcome {
  return new CrlCheck(context).run();
}

class CrlCheck {
  private readonly context: CheckContext;
  private readonly crls: readonly CertificateList[];
  private readonly reasons = new Set<RevocationReasonFlag>();
  private readonly usable = new Map<CertificateList, RevocationCode>();
  private code: RevocationCode = "NO_EVIDENCE";
  private good: EvidenceOutcome | null = null;

  constructor(context: CheckContext) {
    this.context = context;
    const issuers = this.read(
      () => crlIssuersOf(context.certificate),
      new Set([context.certificate.issuer.canonicalKey]),
    );
    // Newest first: what a later list of the same scope says replaces what an earlier one said.
    this.crls = context.options.crls
      .filter((crl) => issuers.has(crl.issuer.canonicalKey))
      .sort((a, b) => b.thisUpdate - a.thisUpdate)
      .slice(0, MAX_CRLS);
  }

  run(): EvidenceOutcome {
    const relevant = this.crls.filter((crl) => this.read(() => crl.baseCrlNumber === null, false));
    const points = this.read(() => distributionPointsOf(this.context.certificate), []);
    for (const point of points) {
      for (const crl of relevant) {
        const outcome = this.read(() => this.consult(crl, point), null);
        if (outcome?.status === "revoked") return outcome;
        if (outcome) this.good ??= outcome;
        if (ALL_REASONS.every((reason) => this.reasons.has(reason)))
          return this.contradiction(relevant, points) ?? this.good!;
      }
    }
    return nothingKnown(this.good ? "REASONS_NOT_COVERED" : this.code);
  }

  /**
   * Only a certificate on hold comes back (RFC 5280 §5.3.1). An authentic list, old or of the same time, that names another reason
   * contradicts a list that leaves the certificate out: then revoked counts.
   */
  private contradiction(
    relevant: readonly CertificateList[],
    points: readonly DistributionPoint[],
  ): EvidenceOutcome | null {
    const { certificate, time } = this.context;
    for (const crl of relevant) {
      const inScope = this.read(
        () =>
          points.some(
            (point) =>
              crlIssuerFits(crl, point, certificate) &&
              scopeFits(crl.issuingDistributionPoint, crl, point, certificate),
          ),
        false,
      );
      if (!inScope || this.judge(crl) !== "KNOWN") continue;
      const found = this.read(() => crl.find(certificate.serialNumber, certificate.issuer), null);
      if (!found || found.reason === "certificateHold" || found.reason === "removeFromCRL" || !bindsAt(found, time))
        continue;
      const { thisUpdate, nextUpdate, raw } = crl;
      return {
        status: "revoked",
        code: "KNOWN",
        revocation: found,
        revokedLater: null,
        thisUpdate,
        nextUpdate,
        evidence: raw,
      };
    }
    return null;
  }

  /** What one complete CRL says by way of one distribution point; null when it says nothing. */
  private consult(crl: CertificateList, point: DistributionPoint): EvidenceOutcome | null {
    const { certificate } = this.context;
    if (!crlIssuerFits(crl, point, certificate)) return null;
    const idp = crl.issuingDistributionPoint;
    if (!scopeFits(idp, crl, point, certificate)) return this.note("EVIDENCE_OUT_OF_SCOPE");
    const covered = coveredReasons(idp, point);
    if (!covered.some((reason) => !this.reasons.has(reason))) return null;
    const fault = this.judge(crl);
    if (fault !== "KNOWN") return this.note(fault);
    const delta = this.deltaFor(crl);
    const stale = this.staleness(delta ?? crl);
    if (stale) return this.note(stale);
    const found = this.statusIn(crl, delta);
    const newest = delta ?? crl;
    const facts = { thisUpdate: newest.thisUpdate, nextUpdate: newest.nextUpdate, evidence: newest.raw };
    if (found && bindsAt(found, this.context.time)) {
      return { status: "revoked", code: "KNOWN", revocation: found, revokedLater: null, ...facts };
    }
    for (const reason of covered) this.reasons.add(reason);
    return { status: "good", code: "KNOWN", revocation: null, revokedLater: found, ...facts };
  }

  /** §6.3.3 (i)–(k). */
  private statusIn(crl: CertificateList, delta: CertificateList | null): Revocation | null {
    const { serialNumber, issuer } = this.context.certificate;
    const changed = delta?.find(serialNumber, issuer) ?? null;
    if (changed) return changed.reason === "removeFromCRL" ? null : changed;
    const listed = crl.find(serialNumber, issuer);
    return listed?.reason === "removeFromCRL" ? null : listed;
  }

  /** §6.3.3 (c), §5.2.4: the newest delta that builds on this CRL. */
  private deltaFor(crl: CertificateList): CertificateList | null {
    const number = crl.crlNumber;
    if (number === null) return null;
    const scope = scopeKey(crl);
    for (const delta of this.crls) {
      const builds = this.read(() => {
        const base = delta.baseCrlNumber;
        const own = delta.crlNumber;
        return base !== null && own !== null && base <= number && own > number && scopeKey(delta) === scope;
      }, false);
      if (builds && this.judge(delta) === "KNOWN" && !this.staleness(delta)) return delta;
    }
    return null;
  }

  /** Is the CRL authentic and of a form that may be used? Independent of the certificate asked about. */
  private judge(crl: CertificateList): RevocationCode {
    const known = this.usable.get(crl);
    if (known) return known;
    const code = this.read(() => this.judgeAnew(crl), "EVIDENCE_MALFORMED");
    this.usable.set(crl, code);
    return code;
  }

  private judgeAnew(crl: CertificateList): RevocationCode {
    const { context } = this;
    if (crl.thisUpdate > nowOf(context)) return "EVIDENCE_FROM_THE_FUTURE";
    const signers = crlSigners(crl, context.candidates, context.crypto);
    if (signers.length === 0) return "EVIDENCE_SIGNATURE_INVALID";
    const trusted = signers.some(({ certificate, inPath }) => {
      // §6.3.3 (f): a key usage extension, where there is one, must allow signing CRLs.
      if (certificate.keyUsage?.has("cRLSign") === false) return false;
      if (inPath) return true;
      return (
        issuedInPath(certificate, context) &&
        context.signerTrusted(certificate, Math.max(crl.thisUpdate, context.time), "must-be-good")
      );
    });
    if (!trusted) return "EVIDENCE_SIGNER_NOT_TRUSTED";
    if (crl.hasUnknownCriticalExtension) return "EVIDENCE_UNKNOWN_CRITICAL_EXTENSION";
    if (context.options.strictProfile && !keepsProfile(crl)) return "EVIDENCE_PROFILE_VIOLATION";
    return "KNOWN";
  }

  /** Can this list still, or already, speak of the instant asked about? */
  private staleness(crl: CertificateList): RevocationCode | null {
    const { certificate, time } = this.context;
    if (crl.thisUpdate <= time) return (crl.nextUpdate ?? crl.thisUpdate) < time ? "EVIDENCE_STALE" : null;
    // Issued after the certificate expired, it may have dropped the entry (RFC 5280 §3.3; X.509 §9.5.2.8).
    if (crl.thisUpdate <= certificate.notAfter) return null;
    const kept = crl.expiredCertsOnCrl;
    return kept !== null && kept <= certificate.notAfter ? null : "EXPIRED_NOT_COVERED";
  }

  private note(code: RevocationCode): null {
    this.code = weightier(this.code, code);
    return null;
  }

  /** A CRL with an unreadable part is as good as none. */
  private read<T>(action: () => T, otherwise: T): T {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof CertsError)) throw error;
      this.note("EVIDENCE_MALFORMED");
      return otherwise;
    }
  }
}

/**
 * Did a CA of the path certify this signer? §6.3.3 (f) asks for the same anchor alone: then any CA of the hierarchy could make a
 * namesake of another and speak for it (§8, "non-unique names").
 */
function issuedInPath(signer: Certificate, { candidates, crypto }: CheckContext): boolean {
  const { oid, parameters } = signer.signatureAlgorithm;
  return candidates.some(
    ({ inPath, certificate, spki }) =>
      inPath &&
      signer.issuer.equals(certificate.subject) &&
      crypto.verify(spki, signatureAlgorithmOf(oid, parameters), [signer.tbs], signer.signature),
  );
}

/** RFC 5280 §5.1.2.5, §5.2.1, §5.2.3: what conforming issuers put into a CRL. */
function keepsProfile(crl: CertificateList): boolean {
  const number = crl.extensions.get(ExtensionOid.CRL_NUMBER);
  return (
    crl.version === 2 &&
    crl.nextUpdate !== null &&
    number !== undefined &&
    !number.critical &&
    crl.extensions.has(ExtensionOid.AUTHORITY_KEY_IDENTIFIER)
  );
}
