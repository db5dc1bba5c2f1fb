import { LruCache } from "../crypto/lru-cache.ts";
import type { CryptoProvider } from "../crypto/provider.ts";
import { type Certificate, parseCertificate } from "../x509/certificate.ts";

/**
 * What may be kept between verifications: parsed certificates and checked signatures, neither of which depends on time or
 * trust. Bounded; safe to share among all requests of a process.
 */
export class PathCache {
  private readonly certificates: LruCache<string, Certificate>;
  private readonly signatures: LruCache<string, boolean>;

  constructor(capacity = 5000) {
    this.certificates = new LruCache(capacity);
    this.signatures = new LruCache(4 * capacity);
  }

  /** `parseCertificate`, giving the same object for the same octets. @throws CertsError CERTIFICATE_MALFORMED */
  parse(der: Uint8Array): Certificate {
    const key = keyOf(der);
    const known = this.certificates.get(key);
    if (known) return known;
    // A copy: what is kept must not hold a whole document in memory.
    const certificate = parseCertificate(der.slice());
    if (der.length <= MAX_CACHED_SIZE) this.certificates.set(key, certificate);
    return certificate;
  }

  /** The outcome of `check` for this octets-and-key pair, computed once. Exceptions are not kept. */
  signature(crypto: CryptoProvider, subject: Certificate, spki: Uint8Array, check: () => boolean): boolean {
    const key = `${subject.fingerprint(crypto)}${keyOf(spki)}`;
    const known = this.signatures.get(key);
    if (known !== undefined) return known;
    const outcome = check();
    this.signatures.set(key, outcome);
    return outcome;
  }
}

const MAX_CACHED_SIZE = 16_384;
const latin1 = new TextDecoder("latin1");
/** windows-1252 in truth, yet one character per octet and different for different octets: good as a key. */
const keyOf = (bytes: Uint8Array): string => latin1.decode(bytes);
