import { CertsError } from "@hocba/certs";
import { equalBytes } from "@hocba/certs/der";
import type { PathCache } from "@hocba/certs/path";
import { type Certificate, parseName } from "@hocba/certs/x509";
import type { SignerIdentifier } from "../cms/signer-info.ts";

const MAX_CERTIFICATES = 2000;

/** All certificates at hand for one document: embedded in it and given with the call. */
export class CertificatePool {
  readonly list: Certificate[] = [];
  private readonly known = new Set<Certificate>();
  private readonly cache: PathCache;

  constructor(cache: PathCache) {
    this.cache = cache;
  }

  /** Adds certificates in DER; one that cannot be read is left out, since nothing can rest on it. */
  addDer(encodings: Iterable<Uint8Array>): void {
    for (const der of encodings) {
      try {
        this.add(this.cache.parse(der));
      } catch (error) {
        if (!(error instanceof CertsError)) throw error;
      }
    }
  }

  add(certificate: Certificate): void {
    if (this.known.has(certificate) || this.list.length >= MAX_CERTIFICATES) return;
    this.known.add(certificate);
    this.list.push(certificate);
  }

  /** Certificates that fit a SignerInfo's sid. */
  bySignerIdentifier(sid: SignerIdentifier): Certificate[] {
    if (sid.kind === "key-id") {
      return this.list.filter((c) => {
        const id = readable(() => c.subjectKeyId);
        return id ? equalBytes(id, sid.keyId) : false;
      });
    }
    const serial = this.list.filter((c) => c.serial === sid.serial);
    // The name is read once: a file may bring thousands of certificates of one serial number.
    const key = serial.length > 0 ? readable(() => parseName(sid.issuer).canonicalKey) : null;
    return serial.filter(
      (c) => equalBytes(c.issuer.raw, sid.issuer) || (key !== null && readable(() => c.issuer.canonicalKey) === key),
    );
  }
}

/** An extension that cannot be read counts as absent here; path validation judges it. */
export function readable<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof CertsError) return null;
    throw error;
  }
}
