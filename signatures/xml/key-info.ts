import { decodeBase64 } from "./base64.ts";
import { DS_NS, DSIG11_NS } from "./namespaces.ts";
import { spkiOfKeyValue } from "./spki.ts";
import { descendants, type XmlDocument, type XmlElement } from "./tree.ts";

/** What a ds:KeyInfo offers (XMLDSig §4.5). Hints of an unsigned place: nothing here is trusted for being here. */
export interface KeyInfo {
  element: XmlElement | null;
  /** DER of the certificates, in document order. */
  certificates: Uint8Array[];
  /** DER of the certificate revocation lists. */
  crls: Uint8Array[];
  /** SubjectPublicKeyInfo of bare keys. Reported; a bare key names nobody. */
  keys: Uint8Array[];
  keyNames: string[];
  /** References to certificates that are not embedded. */
  hints: KeyHint[];
}

export type KeyHint =
  | { kind: "subject-name"; subject: string }
  | { kind: "issuer-serial"; issuer: string; serial: string }
  | { kind: "subject-key-identifier"; keyId: Uint8Array }
  | { kind: "digest"; algorithmUri: string; digest: Uint8Array };

const MAX_ITEMS = 256;

/** Reads KeyInfo; `resolve` supplies the octets of external RetrievalMethods, same-document ones are followed once. */
export function readKeyInfo(
  element: XmlElement | null,
  document: XmlDocument,
  resolve?: (uri: string) => Uint8Array | null,
): KeyInfo {
  const out: KeyInfo = { element, certificates: [], crls: [], keys: [], keyNames: [], hints: [] };
  if (element) readItems(element, document, out, resolve, 0);
  return out;
}

function readItems(
  parent: XmlElement,
  document: XmlDocument,
  out: KeyInfo,
  resolve: ((uri: string) => Uint8Array | null) | undefined,
  hops: number,
): void {
  for (const item of parent.elements().slice(0, MAX_ITEMS)) readItem(item, document, out, resolve, hops);
}

function readItem(
  item: XmlElement,
  document: XmlDocument,
  out: KeyInfo,
  resolve: ((uri: string) => Uint8Array | null) | undefined,
  hops: number,
): void {
  if (item.uri !== DS_NS && item.uri !== DSIG11_NS) return;
  switch (item.local) {
    case "X509Data":
      for (const part of item.elements().slice(0, MAX_ITEMS)) readX509(part, out);
      return;
    case "KeyName":
      out.keyNames.push(item.ownText);
      return;
    case "KeyValue":
    case "DEREncodedKeyValue": {
      const key = spkiOfKeyValue(item);
      if (key) out.keys.push(key);
      return;
    }
    case "RetrievalMethod":
    case "KeyInfoReference":
      follow(item, document, out, resolve, hops);
      return;
  }
}

function follow(
  item: XmlElement,
  document: XmlDocument,
  out: KeyInfo,
  resolve: ((uri: string) => Uint8Array | null) | undefined,
  hops: number,
): void {
  const uri = item.attribute("URI") ?? "";
  if (hops > 0) return;
  if (!uri.startsWith("#")) {
    const type = item.attribute("Type");
    const octets = type === `${DS_NS}rawX509Certificate` ? resolve?.(uri) : null;
    if (octets) out.certificates.push(octets);
    return;
  }
  const target = document.ids.get(uri.slice(1));
  if (target?.length !== 1) return;
  if (target[0]!.local === "KeyInfo") {
    readItems(target[0]!, document, out, resolve, hops + 1);
    return;
  }
  // Transforms are not applied: whatever key material lies below the target is a hint as good as any.
  let items = 0;
  for (const found of descendants(target[0]!)) {
    if (found.uri !== DS_NS || ++items > MAX_ITEMS) continue;
    if (found.local === "X509Data" || found.local === "KeyValue") readItem(found, document, out, resolve, hops + 1);
    else if (found.local === "RSAKeyValue" || found.local === "DSAKeyValue") {
      const key = spkiOfKeyValue(found.parent.type === "element" ? found.parent : found);
      if (key) out.keys.push(key);
    }
  }
}

function readX509(part: XmlElement, out: KeyInfo): void {
  const bytes = () => {
    const decoded = decodeBase64(part.ownText);
    return decoded && decoded.length > 0 ? decoded : null;
  };
  switch (part.local) {
    case "X509Certificate": {
      const certificate = bytes();
      if (certificate) out.certificates.push(certificate);
      return;
    }
    case "X509CRL": {
      const crl = bytes();
      if (crl) out.crls.push(crl);
      return;
    }
    case "X509SubjectName":
      out.hints.push({ kind: "subject-name", subject: part.ownText });
      return;
    case "X509IssuerSerial": {
      const issuer = part.first("X509IssuerName", DS_NS)?.ownText;
      const serial = part.first("X509SerialNumber", DS_NS)?.ownText.trim();
      if (issuer && serial) out.hints.push({ kind: "issuer-serial", issuer, serial });
      return;
    }
    case "X509SKI": {
      const keyId = bytes();
      if (keyId) out.hints.push({ kind: "subject-key-identifier", keyId });
      return;
    }
    case "X509Digest": {
      const digest = bytes();
      if (digest) out.hints.push({ kind: "digest", algorithmUri: part.attribute("Algorithm") ?? "", digest });
      return;
    }
  }
}
