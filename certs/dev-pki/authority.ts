import { randomBytes } from "node:crypto";
import { fromHex } from "../der/index.ts";
import { buildCertificate, certificateFields, type Issuer, keyIdentifier } from "./certificate.ts";
import { buildCrl } from "./crl.ts";
import type { ExtensionSpec } from "./extensions.ts";
import type { CrlFaults } from "./faults.ts";
import type { SigningKey } from "./keys.ts";
import type { PublishedAt } from "./profile.ts";
import type { AuthorityName, PkiStore } from "./store.ts";

/** A complete CRL is signed anew when something was revoked, or when the last one is this old. */
const CRL_AGE_MS = 10 * 60_000;

/** A random serial number of 64 bits, positive, as the official authorities use (RFC 5280 §4.1.2.2). */
export function randomSerial(): Uint8Array {
  const serial = new Uint8Array(randomBytes(8));
  serial[0] = (serial[0]! & 0x3f) | 0x40;
  return serial;
}

export interface LeafSpec {
  /** Hex; random when absent. */
  serial?: string;
  /** Name, DER. */
  subject: Uint8Array;
  spki: Uint8Array;
  notBefore: Date;
  notAfter: Date;
  extensions: readonly ExtensionSpec[];
}

/** One certification authority of the dev PKI: issues, keeps its list of revoked certificates. */
export class Authority {
  readonly id: AuthorityName;
  /** Its certificate, DER. */
  readonly certificate: Uint8Array;
  readonly issuer: Issuer;
  /** Where its CRL, certificate and OCSP responder are; written into what it issues. */
  readonly publishedAt: PublishedAt;
  private readonly store: PkiStore;
  private readonly clock: () => Date;
  private readonly crlValidityMs: number;
  private latest: { der: Uint8Array; at: number; revoked: number; number: number } | null = null;

  constructor(options: {
    id: AuthorityName;
    certificate: Uint8Array;
    key: SigningKey;
    publishedAt: PublishedAt;
    store: PkiStore;
    clock: () => Date;
    crlValidityMs: number;
  }) {
    this.id = options.id;
    this.certificate = options.certificate;
    const { subject, spki } = certificateFields(options.certificate);
    this.issuer = { name: subject, keyId: keyIdentifier(spki), key: options.key };
    this.publishedAt = options.publishedAt;
    this.store = options.store;
    this.clock = options.clock;
    this.crlValidityMs = options.crlValidityMs;
  }

  /** Issues a certificate, DER. Its serial is on record before the signature exists. */
  async issue(spec: LeafSpec, issuer: Issuer = this.issuer): Promise<Uint8Array> {
    const serial = spec.serial === undefined ? randomSerial() : fromHex(spec.serial);
    const certificate = { ...spec, serial };
    // Only what this authority itself signs is its own to answer for.
    if (issuer === this.issuer) this.store.recordIssued(this.id, hexSerial(serial));
    return buildCertificate(certificate, issuer);
  }

  /** The current complete CRL, DER. */
  async crl(faults: CrlFaults = {}): Promise<Uint8Array> {
    const now = this.clock().getTime();
    if (faults.expired) return this.signCrl(now - 2 * this.crlValidityMs, 1);
    const revoked = this.store.revokedBy(this.id).length;
    const stale = !this.latest || this.latest.revoked !== revoked || Math.abs(now - this.latest.at) > CRL_AGE_MS;
    if (stale) {
      // RFC 5280 §5.2.3: the number grows, over restarts too, so it follows the clock.
      const number = Math.max((this.latest?.number ?? 0) + 1, Math.floor(now / 1000));
      this.latest = { der: await this.signCrl(now, number), at: now, revoked, number };
    }
    const der = this.latest!.der;
    if (!faults.badSignature) return der;
    const broken = der.slice();
    broken[broken.length - 8]! ^= 1;
    return broken;
  }

  private signCrl(at: number, number: number): Promise<Uint8Array> {
    return buildCrl(
      {
        number,
        thisUpdate: new Date(at),
        nextUpdate: new Date(at + this.crlValidityMs),
        revoked: this.store.revokedBy(this.id),
      },
      this.issuer,
    );
  }
}

/** Serial as certificates show it: upper-case hex without leading zero octets. */
export function hexSerial(serial: Uint8Array): string {
  let skip = 0;
  while (skip < serial.length - 1 && serial[skip] === 0) skip++;
  return Buffer.from(serial.subarray(skip)).toString("hex").toUpperCase();
}
