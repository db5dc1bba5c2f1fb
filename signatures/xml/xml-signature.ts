import { HocbaError } from "@hocba/certs";
import type { CryptoProvider, SignatureAlgorithm } from "@hocba/certs/crypto";
import { sequence, Tag, unsignedInteger } from "@hocba/certs/der";
import { SignaturesError } from "../errors.ts";
import { signatureMethodOf, type XmlSignatureAlgorithm } from "./algorithms.ts";
import { decodeBase64 } from "./base64.ts";
import { c14nMethodOf } from "./c14n-methods.ts";
import { canonicalize } from "./canonicalize.ts";
import { type KeyInfo, readKeyInfo } from "./key-info.ts";
import { DS_NS, EXC_C14N_NS } from "./namespaces.ts";
import { subtree } from "./node-set.ts";
import type { ParseXmlOptions } from "./parse-xml.ts";
import { type ContentResolver, MAX_REFERENCES, verifyReference, type XmlReference } from "./reference.ts";
import { spkiOfCertificate } from "./spki.ts";
import { type XmlBudget, xmlBudget } from "./transform-context.ts";
import { descendants, type XmlDocument, type XmlElement } from "./tree.ts";

export interface XmlSignatureOptions {
  crypto: CryptoProvider;
  /** Detached contents by URI; nothing is ever fetched. */
  resolve?: ContentResolver;
  /** Work allowed, shared over the signatures of a document; default `xmlBudget` of its size. */
  budget?: XmlBudget;
  /** How detached XML is parsed. */
  parse?: ParseXmlOptions;
}

/** Outcome of the public-key operation. `no-key`: no key was at hand; `unsupported`: nothing was proven. */
export type SignatureValueStatus = "valid" | "invalid" | "no-key" | "unsupported";

/** A ds:Signature, read and judged by mathematics alone: nothing here speaks of trust, time or policy. */
export interface XmlSignature {
  element: XmlElement;
  id: string | null;
  signedInfo: XmlElement;
  /** Canonical form of SignedInfo: what the key signed. */
  signedInfoOctets: Uint8Array;
  canonicalizationMethod: string;
  signatureMethod: string;
  /** Null for an algorithm that is not known. */
  algorithm: XmlSignatureAlgorithm | null;
  signatureValueElement: XmlElement;
  signatureValue: Uint8Array;
  references: XmlReference[];
  keyInfo: KeyInfo;
  objects: XmlElement[];
}

/** The first of the offered keys under which the value verifies. */
export interface SignatureValueResult {
  status: SignatureValueStatus;
  /** SubjectPublicKeyInfo. */
  key: Uint8Array | null;
  /** DER, when the key came in a certificate. */
  certificate: Uint8Array | null;
}

const MAX_SIGNATURES = 1000;
const MAX_KEYS = 64;

/** All ds:Signature elements in document order. @throws SignaturesError XML_LIMIT */
export function findXmlSignatures(document: XmlDocument): XmlElement[] {
  const out: XmlElement[] = [];
  for (const element of descendants(document)) {
    if (element.local !== "Signature" || element.uri !== DS_NS) continue;
    if (out.push(element) > MAX_SIGNATURES) throw new SignaturesError("XML_LIMIT", "too many signatures");
  }
  return out;
}

/**
 * Reads a ds:Signature by the schema of XMLDSig §4.1 and checks the digest of every reference.
 * @throws SignaturesError XML_SIGNATURE_MALFORMED (structure), XML_UNSUPPORTED (canonicalisation of SignedInfo)
 */
export function readXmlSignature(
  document: XmlDocument,
  element: XmlElement,
  options: XmlSignatureOptions,
): XmlSignature {
  const [signedInfo, valueElement, ...rest] = element.elements();
  if (signedInfo?.local !== "SignedInfo" || signedInfo.uri !== DS_NS) throw malformed("SignedInfo is not first");
  if (valueElement?.local !== "SignatureValue" || valueElement.uri !== DS_NS) {
    throw malformed("SignatureValue is not second");
  }
  const keyInfo = rest[0]?.local === "KeyInfo" && rest[0].uri === DS_NS ? rest.shift()! : null;
  if (rest.some((o) => o.local !== "Object" || o.uri !== DS_NS)) throw malformed("an element that is not ds:Object");
  if (valueElement.elements().length > 0) throw malformed("elements in SignatureValue");
  const signatureValue = decodeBase64(valueElement.ownText);
  if (!signatureValue) throw malformed("SignatureValue is not base64");
  const [c14n, method, ...references] = signedInfo.elements();
  if (c14n?.local !== "CanonicalizationMethod" || c14n.uri !== DS_NS) throw malformed("no CanonicalizationMethod");
  if (method?.local !== "SignatureMethod" || method.uri !== DS_NS) throw malformed("no SignatureMethod");
  if (references.length === 0 || references.length > MAX_REFERENCES) throw malformed("no references, or too many");
  if (references.some((r) => r.local !== "Reference" || r.uri !== DS_NS)) throw malformed("not a Reference");
  const budget = options.budget ?? xmlBudget(document.text.length);
  return {
    element,
    id: element.attribute("Id"),
    signedInfo,
    signedInfoOctets: canonicalSignedInfo(signedInfo, c14n),
    canonicalizationMethod: c14n.attribute("Algorithm") ?? "",
    signatureMethod: method.attribute("Algorithm") ?? "",
    algorithm: signatureMethodOf(method),
    signatureValueElement: valueElement,
    signatureValue,
    references: references.map((r) => verifyReference(r, element, document, { ...options, budget })),
    keyInfo: readKeyInfo(keyInfo, document, options.resolve),
    objects: rest,
  };
}

function canonicalSignedInfo(signedInfo: XmlElement, declared: XmlElement): Uint8Array {
  const uri = declared.attribute("Algorithm") ?? "";
  const method = c14nMethodOf(uri);
  if (!method) throw new SignaturesError("XML_UNSUPPORTED", `canonicalisation ${uri.slice(0, 100)}`);
  const list = declared.first("InclusiveNamespaces", EXC_C14N_NS)?.attribute("PrefixList") ?? "";
  const inclusivePrefixes = list.split(/\s+/).flatMap((p) => (p === "" ? [] : [p === "#default" ? "" : p]));
  return canonicalize(subtree(signedInfo, true), { ...method, inclusivePrefixes });
}

/**
 * Checks the signature value under one key (XMLDSig §3.2.2).
 * @param key SubjectPublicKeyInfo
 */
export function verifySignatureValue(
  signature: Pick<XmlSignature, "algorithm" | "signedInfoOctets" | "signatureValue">,
  key: Uint8Array,
  crypto: CryptoProvider,
): "valid" | "invalid" | "unsupported" {
  const { algorithm } = signature;
  // A shared secret proves nothing to a third party, whatever it computes.
  if (!algorithm || algorithm.scheme === "hmac") return "unsupported";
  try {
    const chunks = [signature.signedInfoOctets];
    if (algorithm.scheme !== "ecdsa") {
      return crypto.verify(key, algorithm, chunks, signature.signatureValue) ? "valid" : "invalid";
    }
    const inDer: SignatureAlgorithm = { ...algorithm, encoding: "der" };
    const plain = ecdsaSigValue(signature.signatureValue);
    if (plain && crypto.verify(key, inDer, chunks, plain)) return "valid";
    // Seen in the wild: ECDSA-Sig-Value in DER where r || s belongs. The integers are the same.
    const isDer = signature.signatureValue[0] === Tag.SEQUENCE;
    return isDer && crypto.verify(key, inDer, chunks, signature.signatureValue) ? "valid" : "invalid";
  } catch (error) {
    if (error instanceof HocbaError && error.code === "ALGORITHM_UNSUPPORTED") return "unsupported";
    throw error;
  }
}

/**
 * ECDSA-Sig-Value of r || s. By the halves and not by the size of the curve: some signers pad both, or drop a leading zero
 * of both, and the integers are what was signed.
 */
function ecdsaSigValue(value: Uint8Array): Uint8Array | null {
  const half = value.length / 2;
  if (half === 0 || half > 80 || !Number.isInteger(half)) return null;
  return sequence(unsignedInteger(value.subarray(0, half)), unsignedInteger(value.subarray(half)));
}

/**
 * Finds the key under which the value verifies among the certificates and keys of KeyInfo and those offered. Which of
 * them is the signer's is for the caller to judge (XAdES SigningCertificate, chain, policy).
 * @param offered DER certificates from elsewhere, for a KeyInfo that embeds none
 */
export function verifyWithKeyInfo(
  signature: XmlSignature,
  crypto: CryptoProvider,
  offered: readonly Uint8Array[] = [],
): SignatureValueResult {
  if (!signature.algorithm || signature.algorithm.scheme === "hmac") {
    return { status: "unsupported", key: null, certificate: null };
  }
  const candidates: { key: Uint8Array; certificate: Uint8Array | null }[] = [];
  for (const certificate of [...signature.keyInfo.certificates, ...offered].slice(0, MAX_KEYS)) {
    const key = spkiOfCertificate(certificate);
    if (key) candidates.push({ key, certificate });
  }
  for (const key of signature.keyInfo.keys.slice(0, MAX_KEYS)) candidates.push({ key, certificate: null });
  let status: SignatureValueStatus = "no-key";
  for (const candidate of candidates) {
    const answer = verifySignatureValue(signature, candidate.key, crypto);
    if (answer === "valid") return { status: "valid", ...candidate };
    if (answer === "invalid" || status === "no-key") status = answer;
  }
  return { status, key: null, certificate: null };
}

function malformed(what: string): SignaturesError {
  return new SignaturesError("XML_SIGNATURE_MALFORMED", `ds:Signature: ${what}`);
}
