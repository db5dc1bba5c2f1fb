import { readElement, Tag } from "../der/element.ts";
import { readOid } from "../der/values.ts";
import { CertsError } from "../errors.ts";

export interface PemBlock {
  /** Text between BEGIN and END, such as CERTIFICATE or X509 CRL. */
  readonly label: string;
  readonly der: Uint8Array;
}

const latin1 = new TextDecoder("latin1");
const BEGIN = "-----BEGIN ";
const DASHES = "-----";
const SIGNED_DATA = "1.2.840.113549.1.7.2";
const MAX_BLOCKS = 10_000;
/** 64 characters of Base64. */
const LINE_OCTETS = 48;

/** All PEM blocks in a text (RFC 7468, laxly: explanatory text and headers are passed over). @throws CertsError DER_MALFORMED */
export function pemBlocks(bytes: Uint8Array): PemBlock[] {
  const text = latin1.decode(bytes);
  const out: PemBlock[] = [];
  for (let at = text.indexOf(BEGIN); at >= 0; at = text.indexOf(BEGIN, at)) {
    const labelEnd = text.indexOf(DASHES, at + BEGIN.length);
    if (labelEnd < 0 || labelEnd - at > 100) throw new CertsError("DER_MALFORMED", "PEM header not closed");
    const label = text.slice(at + BEGIN.length, labelEnd);
    const endMark = `-----END ${label}-----`;
    const end = text.indexOf(endMark, labelEnd);
    if (end < 0) throw new CertsError("DER_MALFORMED", `PEM block ${label} not closed`);
    out.push({ label, der: fromBase64(text.slice(labelEnd + DASHES.length, end)) });
    if (out.length > MAX_BLOCKS) throw new CertsError("DER_MALFORMED", "too many PEM blocks");
    at = end + endMark.length;
  }
  return out;
}

/** A block as text in the strict form of RFC 7468 §3: lines of 64 characters, ended by LF. */
export function pemText({ label, der }: PemBlock): string {
  let body = "";
  for (let line = 0; line < der.length; line += LINE_OCTETS)
    body += `${toBase64(der.subarray(line, line + LINE_OCTETS))}\n`;
  return `${BEGIN}${label}${DASHES}\n${body}-----END ${label}${DASHES}\n`;
}

/** Certificates as the text that OpenSSL and its like read as a chain or a set of anchors. */
export function certificatePem(...certificates: readonly Uint8Array[]): string {
  return certificates.map((der) => pemText({ label: "CERTIFICATE", der })).join("");
}

/**
 * Every DER structure in a file: PEM (any number of blocks), DER (any number one after the other), and the certificates
 * and CRLs of a PKCS #7 / CMS SignedData ("certs-only", RFC 5652 §5.1), in either form.
 * @throws CertsError DER_MALFORMED
 */
export function pemOrDerBlocks(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length === 0) return [];
  if (bytes[0] === Tag.SEQUENCE && looksLikeDer(bytes)) return split(bytes).flatMap(unwrapSignedData);
  const blocks = pemBlocks(bytes);
  if (blocks.length === 0) throw new CertsError("DER_MALFORMED", "neither DER nor PEM");
  // OpenSSL's TRUSTED CERTIFICATE has its trust settings behind the certificate: see `parseTrustedCertificate` for them.
  return blocks.flatMap(({ label, der }) =>
    label === "TRUSTED CERTIFICATE" ? [readElement(der, 0, { ber: true }).raw] : unwrapSignedData(der),
  );
}

function looksLikeDer(bytes: Uint8Array): boolean {
  // A PEM text may begin with "0" too; DER has a length or a long form next, and a tag inside.
  return (
    bytes.length > 4 && ((bytes[1]! & 0x80) !== 0 || bytes[1]! + 2 <= bytes.length) && !isText(bytes.subarray(0, 8))
  );
}

const isText = (bytes: Uint8Array): boolean =>
  bytes.every((o) => o === 9 || o === 10 || o === 13 || (o >= 32 && o < 127));

function split(bytes: Uint8Array): Uint8Array[] {
  const out: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    // Editors leave a line end behind the last structure.
    if (out.length > 0 && (bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0)) {
      at++;
      continue;
    }
    const element = readElement(bytes, at, { ber: true });
    out.push(element.raw);
    if (out.length > MAX_BLOCKS) throw new CertsError("DER_MALFORMED", "too many structures");
    at = element.end;
  }
  return out;
}

function unwrapSignedData(der: Uint8Array): Uint8Array[] {
  const top = readElement(der, 0, { ber: true });
  if (top.tag !== Tag.SEQUENCE) return [der];
  const [type, content] = top.children();
  if (type?.tag !== Tag.OBJECT_IDENTIFIER || readOid(type) !== SIGNED_DATA || content?.tag !== 0xa0) return [der];
  return content
    .child()
    .expect(Tag.SEQUENCE, "SignedData")
    .children()
    .filter((e) => e.tag === 0xa0 || e.tag === 0xa1)
    .flatMap((set) =>
      set
        .children()
        .filter((e) => e.tag === Tag.SEQUENCE)
        .map((e) => e.raw),
    );
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUE = new Int8Array(256).fill(-1);
for (let i = 0; i < 64; i++) VALUE[BASE64.charCodeAt(i)] = i;

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const bits = (bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    for (const shift of [18, 12, 6, 0]) text += BASE64[(bits >> shift) & 63];
  }
  const padding = (3 - (bytes.length % 3)) % 3;
  return text.slice(0, text.length - padding) + "=".repeat(padding);
}

/** Octets of a PEM body; RFC 1421 headers and white space are passed over. */
function fromBase64(body: string): Uint8Array {
  const text = body.includes(":") ? body.replace(/^[\s\S]*?\r?\n\r?\n/, "") : body;
  const out = new Uint8Array(Math.floor((text.length * 3) / 4));
  let length = 0;
  let bits = 0;
  let held = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x3d || code === 0x20 || (code >= 9 && code <= 13)) continue;
    const value = code < 256 ? VALUE[code]! : -1;
    if (value < 0) throw new CertsError("DER_MALFORMED", "PEM body is not Base64");
    held = ((held << 6) | value) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[length++] = (held >> bits) & 0xff;
    }
  }
  return out.subarray(0, length);
}
