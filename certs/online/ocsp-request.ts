import { createHash } from "node:crypto";
import {
  contextConstructed,
  der,
  nullValue,
  octetString,
  oid,
  readBitString,
  readWhole,
  sequence,
  Tag,
} from "../der/index.ts";
import { CertsError } from "../errors.ts";

export interface OcspRequestOptions {
  /** The certificate asked about, DER. */
  certificate: Uint8Array;
  /** The certificate of its issuer, DER. */
  issuer: Uint8Array;
  /** Digest in the CertID. Default SHA-1, the only one every responder must know (RFC 5019 §2.1.1); no security rests on it. */
  digest?: "sha1" | "sha256";
  /** 1 to 32 octets (RFC 8954). An answer to a request with a nonce cannot be shared. */
  nonce?: Uint8Array;
}

const DIGEST_OIDS = { sha1: "1.3.14.3.2.26", sha256: "2.16.840.1.101.3.4.2.1" };

/** OCSPRequest about one certificate, DER (RFC 6960 §4.1). @throws CertsError DER_MALFORMED, OCSP_MALFORMED */
export function buildOcspRequest(options: OcspRequestOptions): Uint8Array {
  const digest = options.digest ?? "sha1";
  const hash = (bytes: Uint8Array) => octetString(createHash(digest).update(bytes).digest());
  const { serial, issuer } = tbsFields(options.certificate);
  const { spki } = tbsFields(options.issuer);
  const keyBits = spki.children()[1];
  if (!keyBits) throw new CertsError("DER_MALFORMED", "public key cut short");
  const certId = sequence(
    sequence(oid(DIGEST_OIDS[digest]), nullValue()),
    hash(issuer.raw),
    hash(readBitString(keyBits).bytes),
    serial.raw,
  );
  const { nonce } = options;
  if (nonce && (nonce.length < 1 || nonce.length > 32)) throw new CertsError("OCSP_MALFORMED", "nonce of wrong length");
  const extensions = nonce
    ? [der(contextConstructed(2), sequence(sequence(oid("1.3.6.1.5.5.7.48.1.2"), octetString(octetString(nonce)))))]
    : [];
  return sequence(sequence(sequence(sequence(certId)), ...extensions));
}

/** Raw fields: a serial number of any sign goes into the request as it stands in the certificate. */
function tbsFields(certificate: Uint8Array) {
  const fields = readWhole(certificate, { ber: true }).children()[0]?.expect(Tag.SEQUENCE, "TBSCertificate").children();
  const [serial, , issuer, , , spki] = (fields ?? []).slice(fields?.[0]?.tag === contextConstructed(0) ? 1 : 0);
  if (!serial || !issuer || !spki) throw new CertsError("DER_MALFORMED", "certificate cut short");
  return { serial: serial.expect(Tag.INTEGER, "serialNumber"), issuer, spki: spki.expect(Tag.SEQUENCE, "publicKey") };
}
