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
      if (this.list.length >= MAX_CERTIFICATES) return;
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
    const key = readable(() => parseName(sid.issuer).canonicalKey);
    return key === null ? [] : (this.ofSerial(sid.serial).get(key) ?? []);
  }

  private readonly bySerial = new Map<string, { upTo: number; byIssuer: Map<string, Certificate[]> }>();

  /**
   * Certificates of one serial number by their issuer's name, kept up as the pool grows: a file may bring thousands of them, and
   * hundreds of signers that name one.
   */
  private ofSerial(serial: string): Map<string, Certificate[]> {
    const index = this.bySerial.get(serial) ?? { upTo: 0, byIssuer: new Map<string, Certificate[]>() };
    this.bySerial.set(serial, index);
    for (; index.upTo < this.list.length; index.upTo++) {
      const certificate = this.list[index.upTo]!;
      if (certificate.serial !== serial) continue;
      const key = readable(() => certificate.issuer.canonicalKey);
      if (key === null) continue;
      const same = index.byIssuer.get(key);
      if (same) same.push(certificate);
      else index.byIssuer.set(key, [certificate]);
    }
    return index.byIssuer;
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
