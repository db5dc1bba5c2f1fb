import { LruCache } from "../crypto/lru-cache.ts";
import { equalBytes } from "../der/values.ts";
import { type Certificate, parseCertificate } from "../x509/certificate.ts";

/**
 * What may be kept between verifications: parsed certificates and checked signatures, neither of which depends on time or
 * trust. Bounded; safe to share among all requests of a process.
 */
export class PathCache {
  private readonly certificates: LruCache<string, Certificate>;
  /** By certificate and by key object: certificates kept here share them, so no octets are compared. */
  private readonly signatures = new WeakMap<Certificate, WeakMap<Uint8Array, boolean>>();

  constructor(capacity = 5000) {
    this.certificates = new LruCache(capacity);
  }

  /** `parseCertificate`, giving the same object for the same octets. @throws CertsError CERTIFICATE_MALFORMED */
  parse(der: Uint8Array): Certificate {
    const key = tailKey(der);
    const known = this.certificates.get(key);
    if (known && equalBytes(known.raw, der)) return known;
    // A copy: what is kept must not hold a whole document in memory, nor change when the caller's buffer does.
    const certificate = parseCertificate(der.slice());
    if (der.length <= MAX_CACHED_SIZE) this.certificates.set(key, certificate);
    return certificate;
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

const MAX_CACHED_SIZE = 16_384;

/** The end of a certificate is its signature: enough to tell nearly all apart, and `parse` compares the rest. */
const tailKey = (der: Uint8Array): string => String.fromCharCode(der.length & 0xffff, ...der.subarray(-24));
