import {
  bitString,
  contextConstructed,
  der,
  fromHex,
  generalizedTime,
  integer,
  sequence,
  Tag,
  time,
  unsignedInteger,
} from "../der/index.ts";
import type { Issuer } from "./certificate.ts";
import { authorityKeyIdentifier, encodeExtension } from "./extensions.ts";

/** CRLReason (RFC 5280 §5.3.1), by name. */
export const REASONS = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  privilegeWithdrawn: 9,
  aACompromise: 10,
} as const;
export type RevocationReason = keyof typeof REASONS;

export interface RevokedEntry {
  /** Upper-case hex. */
  serial: string;
  when: Date;
  reason: RevocationReason;
  /** When the key is thought to have been lost, where earlier than the revocation (RFC 5280 §5.3.2). */
  invalidityDate?: Date;
}

export interface CrlSpec {
  number: number;
  thisUpdate: Date;
  nextUpdate: Date;
  revoked: readonly RevokedEntry[];
}

const reasonExtension = (reason: RevocationReason): Uint8Array =>
  encodeExtension({ oid: "2.5.29.21", critical: false, value: der(Tag.ENUMERATED, Uint8Array.of(REASONS[reason])) });

/** CertificateList, DER (RFC 5280 §5.1), v2, complete, with CRL number and AKI. */
export async function buildCrl(spec: CrlSpec, issuer: Issuer): Promise<Uint8Array> {
  const entries = spec.revoked.map((r) => {
    // §5.3.1: the reason extension is left out rather than saying "unspecified".
    const extensions = r.reason === "unspecified" ? [] : [reasonExtension(r.reason)];
    if (r.invalidityDate)
      extensions.push(encodeExtension({ oid: "2.5.29.24", critical: false, value: generalizedTime(r.invalidityDate) }));
    return sequence(
      unsignedInteger(fromHex(r.serial)),
      time(r.when),
      ...(extensions.length > 0 ? [sequence(...extensions)] : []),
    );
  });
  const tbs = sequence(
    integer(1),
    issuer.key.algorithm,
    issuer.name,
    time(spec.thisUpdate),
    time(spec.nextUpdate),
    ...(entries.length > 0 ? [sequence(...entries)] : []),
    der(
      contextConstructed(0),
      sequence(
        encodeExtension(authorityKeyIdentifier(issuer.keyId)),
        encodeExtension({ oid: "2.5.29.20", critical: false, value: integer(spec.number) }),
      ),
    ),
  );
  return sequence(tbs, issuer.key.algorithm, bitString(await issuer.key.sign(tbs)));
}
