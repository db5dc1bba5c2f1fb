import { type Element, readElement, readWhole, Tag } from "../der/element.ts";
import { readInteger, readTime } from "../der/values.ts";
import { CertsError } from "../errors.ts";
import { readExtension } from "../x509/extensions.ts";
import { readGeneralNames } from "../x509/general-name.ts";
import type { Name } from "../x509/name.ts";
import { ExtensionOid } from "../x509/oids.ts";
import { type Revocation, revocationReason } from "./revocation-status.ts";

/** Extensions of an entry that are processed here (RFC 5280 §5.3). */
const PROCESSED: ReadonlySet<string> = new Set([
  ExtensionOid.REASON_CODE,
  ExtensionOid.INVALIDITY_DATE,
  ExtensionOid.CERTIFICATE_ISSUER,
]);

/**
 * The revokedCertificates of a CRL, found by serial number. The index is a hash table in typed arrays, some ten octets an
 * entry: lists of a million entries exist, and whoever makes one larger should not get more memory for it.
 */
export class CrlEntries {
  /** Number of entries. */
  readonly size: number;
  /** True when an entry has a critical extension that nobody here processes. */
  readonly hasUnknownCriticalExtension: boolean;
  private readonly buffer: Uint8Array;
  /** Offsets of entries, plus one; 0 for a free slot. */
  private readonly table: Uint32Array;
  /** In an indirect CRL: from which offset on whose certificates are listed, ascending. */
  private readonly issuers: readonly { readonly from: number; readonly name: Name }[];

  /** @throws CertsError DER_MALFORMED */
  constructor(list: Element | null) {
    this.buffer = list ? list.buffer.subarray(0, list.contentEnd) : new Uint8Array();
    const issuers: { from: number; name: Name }[] = [];
    let offsets = new Uint32Array(64);
    let size = 0;
    let unknown = false;
    for (let at = list?.contentStart ?? 0; at < this.buffer.length; ) {
      const entry = readElement(this.buffer, at, { ber: true }).expect(Tag.SEQUENCE, "revoked certificate");
      const scanned = scanExtensions(entry, serialEnd(entry));
      unknown ||= scanned.unknownCritical;
      if (scanned.certificateIssuer) issuers.push({ from: at, name: scanned.certificateIssuer });
      if (size === offsets.length) {
        const larger = new Uint32Array(2 * size);
        larger.set(offsets);
        offsets = larger;
      }
      offsets[size++] = at;
      at = entry.end;
    }
    this.size = size;
    this.hasUnknownCriticalExtension = unknown;
    this.issuers = issuers;
    this.table = this.fill(offsets.subarray(0, size));
  }

  /**
   * The entry of a certificate, or null.
   * @param listIssuer issuer of the CRL: whose certificates entries speak of until one names another (§5.3.3)
   * @throws CertsError DER_MALFORMED
   */
  find(serialNumber: Uint8Array, issuer: Name, listIssuer: Name): Revocation | null {
    const { table } = this;
    for (
      let slot = hash(serialNumber, 0, serialNumber.length) % table.length, probes = 0;
      probes < MAX_PROBES;
      probes++
    ) {
      const mark = table[slot]!;
      if (mark === 0) return null;
      const offset = mark - 1;
      if (this.serialIs(offset, serialNumber) && this.issuerAt(offset, listIssuer).equals(issuer)) {
        return readEntry(readElement(this.buffer, offset, { ber: true }));
      }
      slot = slot + 1 === table.length ? 0 : slot + 1;
    }
    throw new CertsError("DER_MALFORMED", "serial numbers built to collide");
  }

  private fill(offsets: Uint32Array): Uint32Array {
    const table = new Uint32Array(2 * offsets.length + 1);
    for (const offset of offsets) {
      const serial = readElement(this.buffer, readElement(this.buffer, offset, { ber: true }).contentStart, {
        ber: true,
      });
      let slot = hash(this.buffer, serial.contentStart, serial.contentEnd) % table.length;
      for (let probes = 0; table[slot] !== 0; probes++) {
        if (probes >= MAX_PROBES) throw new CertsError("DER_MALFORMED", "serial numbers built to collide");
        slot = slot + 1 === table.length ? 0 : slot + 1;
      }
      table[slot] = offset + 1;
    }
    return table;
  }

  private serialIs(offset: number, serialNumber: Uint8Array): boolean {
    const entry = readElement(this.buffer, offset, { ber: true });
    const { contentStart, contentEnd } = readElement(this.buffer, entry.contentStart, { ber: true });
    if (contentEnd - contentStart !== serialNumber.length) return false;
    for (let i = 0; i < serialNumber.length; i++) if (this.buffer[contentStart + i] !== serialNumber[i]) return false;
    return true;
  }

  private issuerAt(offset: number, listIssuer: Name): Name {
    let low = 0;
    let high = this.issuers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.issuers[middle]!.from <= offset) low = middle + 1;
      else high = middle;
    }
    return this.issuers[low - 1]?.name ?? listIssuer;
  }
}

/** Longest run of occupied slots that is followed: far beyond what chance makes of a half-empty table. */
const MAX_PROBES = 4096;

/** Serial numbers could be chosen to collide; only a CA could, since lists are indexed once their signature has held. */
function hash(bytes: Uint8Array, from: number, to: number): number {
  let h = 0x811c9dc5;
  for (let i = from; i < to; i++) {
    h = Math.imul(h ^ bytes[i]!, 0x01000193);
    h ^= h >>> 15;
  }
  return h >>> 0;
}

function serialEnd(entry: Element): number {
  const serial = readElement(entry.buffer, entry.contentStart, { ber: true }).expect(Tag.INTEGER, "userCertificate");
  if (serial.end >= entry.contentEnd) throw malformed("an entry without date");
  return serial.end;
}

function scanExtensions(entry: Element, from: number): { unknownCritical: boolean; certificateIssuer: Name | null } {
  const date = readElement(entry.buffer, from, { ber: true });
  if (date.end >= entry.contentEnd) return NOTHING_SPECIAL;
  let unknownCritical = false;
  let certificateIssuer: Name | null = null;
  const seen = new Set<string>();
  const list = readElement(entry.buffer, date.end, { ber: true }).expect(Tag.SEQUENCE, "crlEntryExtensions");
  if (list.end > entry.contentEnd) throw malformed("an entry's extensions reach beyond it");
  for (const e of list.children()) {
    const extension = readExtension(e);
    if (seen.has(extension.oid)) throw malformed("an entry extension occurs twice");
    seen.add(extension.oid);
    if (extension.critical && !PROCESSED.has(extension.oid)) unknownCritical = true;
    if (extension.oid !== ExtensionOid.CERTIFICATE_ISSUER) continue;
    const names = readGeneralNames(readWhole(extension.value, { ber: true }));
    for (const name of names) if (name.type === "directoryName") certificateIssuer ??= name.name;
    if (!certificateIssuer) throw malformed("certificateIssuer without a directory name");
  }
  return { unknownCritical, certificateIssuer };
}
const NOTHING_SPECIAL = { unknownCritical: false, certificateIssuer: null } as const;

function readEntry(entry: Element): Revocation {
  const [, date, extensions] = entry.children();
  if (!date) throw malformed("an entry without date");
  let reason: Revocation["reason"] = null;
  let invalidityDate: number | null = null;
  for (const e of extensions?.children() ?? []) {
    const extension = readExtension(e);
    const value = (): Element => readWhole(extension.value, { ber: true });
    if (extension.oid === ExtensionOid.REASON_CODE) {
      reason = revocationReason(readInteger(value().expect(Tag.ENUMERATED, "reasonCode")));
    } else if (extension.oid === ExtensionOid.INVALIDITY_DATE) invalidityDate = readTime(value());
  }
  return { revokedAt: readTime(date), reason, invalidityDate };
}

const malformed = (what: string): CertsError => new CertsError("DER_MALFORMED", what);
