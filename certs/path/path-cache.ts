import { LruCache } from "../crypto/lru-cache.ts";
import { equalBytes } from "../der/values.ts";
import { type CertificateList, parseCrl } from "../revocation/crl.ts";
import { type OcspResponse, parseOcspResponse } from "../revocation/ocsp-response.ts";
import { type Certificate, parseCertificate } from "../x509/certificate.ts";

/**
 * What may be kept between verifications: parsed certificates and checked signatures, neither of which depends on time or
 * trust. Bounded; safe to share among all requests of a process.
 */
export class PathCache {
  private readonly certificates: LruCache<number, Certificate>;
  private readonly crls = new LruCache<number, CertificateList>(64);
  private readonly ocspResponses: LruCache<number, OcspResponse>;
  /** By certificate and by key object: certificates kept here share them, so no octets are compared. */
  private readonly signatures = new WeakMap<Certificate, WeakMap<Uint8Array, boolean>>();

  constructor(capacity = 5000) {
    this.certificates = new LruCache(capacity);
    this.ocspResponses = new LruCache(Math.ceil(capacity / 4));
  }

  /** `parseCertificate`, giving the same object for the same octets. @throws CertsError CERTIFICATE_MALFORMED */
  parse(der: Uint8Array): Certificate {
    return kept(this.certificates, der, parseCertificate, 16_384);
  }

  /** `parseCrl`, likewise: with the list its index and its checked signatures are kept. @throws CertsError CRL_MALFORMED */
  parseCrl(der: Uint8Array): CertificateList {
    return kept(this.crls, der, parseCrl, 262_144);
  }

  /** `parseOcspResponse`, likewise. @throws CertsError OCSP_MALFORMED */
  parseOcspResponse(der: Uint8Array): OcspResponse {
    return kept(this.ocspResponses, der, parseOcspResponse, 16_384);
  }

  /** The outcome of `check` for this certificate under this key, computed once. Exceptions are not kept. */
  signature(certificate: Certificate, spki: Uint8Array, check: () => boolean): boolean {
    let keys = this.signatures.get(certificate);
    if (!keys) {
      keys = new WeakMap();
      this.signatures.set(certificate, keys);
    }
    const known = keys.get(spki);
    if (known !== undefined) return known;
    const outcome = check();
    keys.set(spki, outcome);
    return outcome;
  }
}

function kept<T extends { readonly raw: Uint8Array }>(
  cache: LruCache<number, T>,
  der: Uint8Array,
  parse: (der: Uint8Array) => T,
  maxSize: number,
): T {
  if (der.length > maxSize) return parse(der);
  const key = tailKey(der);
  const known = cache.get(key);
  if (known && equalBytes(known.raw, der)) return known;
  // A copy: what is kept must not hold a whole document in memory, nor change when the caller's buffer does.
  const parsed = parse(der.slice());
  cache.set(key, parsed);
  return parsed;
}

/** FNV-1a over the last octets, which mostly are a signature: enough to tell nearly all apart; `kept` compares the rest. */
function tailKey(der: Uint8Array): number {
  let hash = 0x811c9dc5 ^ der.length;
  for (let i = Math.max(0, der.length - 24); i < der.length; i++) hash = Math.imul(hash ^ der[i]!, 0x01000193);
  return hash;
}
