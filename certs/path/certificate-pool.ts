import type { Certificate } from "../x509/certificate.ts";

/** Certificates found by subject. Immutable by use: build it once per set. */
export class CertificatePool {
  readonly certificates: readonly Certificate[];
  private readonly bySubject = new Map<string, Certificate[]>();

  constructor(certificates: Iterable<Certificate>) {
    const all = [...certificates];
    this.certificates = all;
    for (const certificate of all) {
      const key = certificate.subject.canonicalKey;
      const list = this.bySubject.get(key);
      if (!list) this.bySubject.set(key, [certificate]);
      else if (list.length < MAX_SAME_SUBJECT && !list.some((known) => known.equals(certificate)))
        list.push(certificate);
    }
  }

  /** Certificates whose subject matches (RFC 5280 §7.1). */
  withSubject(canonicalKey: string): readonly Certificate[] {
    return this.bySubject.get(canonicalKey) ?? [];
  }
}

/** More certificates of one subject than this are an attack on path building, not a CA's history. */
const MAX_SAME_SUBJECT = 256;

/** The pool itself, or one made of the list. */
export const poolOf = (source: readonly Certificate[] | CertificatePool): CertificatePool =>
  source instanceof CertificatePool ? source : new CertificatePool(source);
