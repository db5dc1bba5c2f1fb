import type { CryptoProvider } from "@hocba/certs/crypto";
import type { Certificate } from "@hocba/certs/x509";
import { type Conclusion, indeterminate, passed } from "./conclusion.ts";
import { finding } from "./findings.ts";
import type { Policy } from "./policy.ts";
import { type CertificateReference, issuerSerialAgrees, referenceMatches } from "./signing-certificate-reference.ts";

export interface SigningCertificateIdentification {
  readonly certificate: Certificate | null;
  readonly conclusion: Conclusion;
}

/** Two certificates with one issuer and serial number can exist only by fault or fraud; more is not worth trying. */
const MAX_CANDIDATES = 8;

/**
 * Identification of the signing certificate (EN 319 102-1 §5.2.3).
 * @param input.named the certificates that the signature names outside what it covers (sid, KeyInfo)
 * @param input.all every certificate at hand
 * @param input.references what the signature covers (ESS attribute, xades:SigningCertificate); null when absent
 * @param input.fits true when the signature verifies under the certificate's key: decides between several candidates
 */
export function identifySigningCertificate(
  input: {
    named: readonly Certificate[];
    all: readonly Certificate[];
    references: readonly CertificateReference[] | null;
    fits: (certificate: Certificate) => boolean;
  },
  policy: Policy,
  crypto: CryptoProvider,
): SigningCertificateIdentification {
  const { references } = input;
  const reference = references?.[0] ?? null;
  if (!reference) {
    const certificate = choose(input.named, input.fits);
    if (!certificate) return notFound();
    const rule = policy.rules["signing-certificate-attribute"];
    if (rule.effect === "fail") {
      return {
        certificate,
        conclusion: indeterminate(
          "SIG_CONSTRAINTS_FAILURE",
          finding("SIGNING_CERTIFICATE_ATTRIBUTE_MISSING", {}, "error"),
        ),
      };
    }
    const severity = rule.effect === "warn" ? "warning" : "info";
    return { certificate, conclusion: passed(finding("SIGNING_CERTIFICATE_ATTRIBUTE_MISSING", {}, severity)) };
  }

  const matching = (list: readonly Certificate[]) => list.filter((c) => referenceMatches(reference, c, crypto));
  const certificate = choose(matching(input.named), input.fits) ?? choose(matching(input.all), input.fits);
  const contradicted =
    certificate !== null && references!.some((r) => r.repeatsFirst && !referenceMatches(r, certificate, crypto));
  if (!certificate || contradicted) {
    // The named certificate is at hand but the signature is bound to another one: a substitution (§5.2.3.4).
    const named = certificate ?? choose(input.named, input.fits);
    if (!named) return notFound();
    return {
      certificate: named,
      conclusion: indeterminate("SIG_CONSTRAINTS_FAILURE", finding("SIGNING_CERTIFICATE_MISMATCH")),
    };
  }
  if (!issuerSerialAgrees(reference, certificate)) {
    return { certificate, conclusion: passed(finding("SIGNING_CERTIFICATE_ISSUER_SERIAL")) };
  }
  return { certificate, conclusion: passed() };
}

function choose(candidates: readonly Certificate[], fits: (c: Certificate) => boolean): Certificate | null {
  if (candidates.length <= 1) return candidates[0] ?? null;
  return candidates.slice(0, MAX_CANDIDATES).find(fits) ?? candidates[0]!;
}

function notFound(): SigningCertificateIdentification {
  return {
    certificate: null,
    conclusion: indeterminate("NO_SIGNING_CERTIFICATE_FOUND", finding("SIGNING_CERTIFICATE_NOT_FOUND")),
  };
}
