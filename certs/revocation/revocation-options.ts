import type { CertificateList } from "./crl.ts";
import type { OcspResponse } from "./ocsp-response.ts";

/** What revocation is checked with. Times are milliseconds since 1970. */
export interface RevocationOptions {
  /** Complete, delta and indirect CRLs in any order. */
  readonly crls: readonly CertificateList[];
  readonly ocspResponses: readonly OcspResponse[];
  /**
   * When the check is made; evidence from after it is from the future and not used. Default: the time asked about. Later than that, evidence issued
   * in between counts, and a revocation after the time asked about is reported in `revokedLater`.
   */
  readonly now?: number;
  /** False: an unknown status does not make a path invalid. Default true. */
  readonly required?: boolean;
  /** How long an OCSP response without nextUpdate is believed, in milliseconds. Default one day. */
  readonly ocspMaxAge?: number;
  /** How far ahead of `now` an issuer's clock may be, in milliseconds. Default five minutes. */
  readonly clockTolerance?: number;
  /** Refuse CRLs that break the profile of RFC 5280 §5 where §6.3 does not depend on it (no cRLNumber, say). Default false. */
  readonly strictProfile?: boolean;
}
