import type { Certificate } from "../x509/certificate.ts";

/**
 * Whom a verifier trusts without proof (RFC 5280 §6.1.1 (d)). Its certificate gives name and key, and, beyond RFC 5280 and as
 * RFC 5937 has it, its own validity, path length and name constraints bind too.
 */
export interface TrustAnchor {
  readonly certificate: Certificate;
  /** Window in which this anchor counts, milliseconds since 1970, both inclusive; null leaves that side to the certificate. */
  readonly validFrom: number | null;
  readonly validUntil: number | null;
  /** Key purposes it is trusted for, dotted; null for all. `2.5.29.37.0` stands for all too. */
  readonly purposes: readonly string[] | null;
  /** Key purposes it is distrusted for. */
  readonly rejectedPurposes: readonly string[];
  /** What trust it belongs to, for reports: `vgca-g2`, a file name. */
  readonly label: string;
}

/** An anchor from a certificate, without limits unless given. */
export function trustAnchor(
  certificate: Certificate,
  limits: Partial<Omit<TrustAnchor, "certificate">> = {},
): TrustAnchor {
  return {
    certificate,
    validFrom: null,
    validUntil: null,
    purposes: null,
    rejectedPurposes: [],
    label: certificate.subject.toString(),
    ...limits,
  };
}
