import { CertsError } from "@hocba/certs";
import {
  type CryptoProvider,
  type DigestAlgorithm,
  type SignatureAlgorithm,
  signatureAlgorithmOf,
} from "@hocba/certs/crypto";
import {
  concatBytes,
  contextConstructed,
  type Element,
  equalBytes,
  readOctetString,
  readOid,
  readWhole,
  Tag,
} from "@hocba/certs/der";
import { digestAlgorithmOf, readAlgorithmIdentifier } from "../../cms/algorithm-identifier.ts";
import { AttributeSet } from "../../cms/attributes.ts";
import { CmsOid } from "../../cms/oids.ts";
import { type SignerInfo, signedAttributesForms } from "../../cms/signer-info.ts";
import { SignaturesError } from "../../errors.ts";
import type { CryptographicVerification } from "../cryptographic-verification.ts";
import { finding } from "../findings.ts";
import type { Finding, SubIndication } from "../report.ts";

/** What the SignerInfo is held against. */
export interface SignerContent {
  /** The signed octets in pieces; null when they are not at hand. */
  readonly chunks: readonly Uint8Array[] | null;
  /** The content type that the content-type attribute must name (RFC 5652 §11.1); null where it must be absent (§11.4). */
  readonly contentType: string | null;
}

/**
 * The mathematics of one SignerInfo (RFC 5652 §5.4 and §5.6): digest of the content against message-digest, content-type, and
 * the signature value under `spki`. Without a key only the first can be judged.
 */
export function verifySignerInfo(
  signer: SignerInfo,
  content: SignerContent,
  spki: Uint8Array | null,
  crypto: CryptoProvider,
): CryptographicVerification {
  const digestAlgorithm = digestAlgorithmOf(signer.digestAlgorithm.oid);
  if (!digestAlgorithm) return unsupported(signer.digestAlgorithm.oid);
  let algorithms: SignatureAlgorithm[];
  try {
    algorithms = candidateAlgorithms(signer, digestAlgorithm);
  } catch (error) {
    if (error instanceof CertsError) return unsupported(signer.signatureAlgorithm.oid, digestAlgorithm);
    throw error;
  }
  try {
    return signer.signedAttributes
      ? verifyWithAttributes(signer, content, digestAlgorithm, algorithms, spki, crypto)
      : verifyContentDirectly(signer, content, digestAlgorithm, algorithms, spki, crypto);
  } catch (error) {
    if (error instanceof CertsError && error.code === "ALGORITHM_UNSUPPORTED") {
      return unsupported(error.message, digestAlgorithm);
    }
    if (error instanceof CertsError || error instanceof SignaturesError) {
      return {
        integrity: "broken",
        problem: "FORMAT_FAILURE",
        digestAlgorithm,
        findings: [finding("SIGNATURE_MALFORMED", { reason: error.message })],
      };
    }
    throw error;
  }
}

/**
 * Signers exist that name one digest beside the key and another in the signature algorithm; the value decides which they
 * used. Each must pass the algorithm policy on its own.
 */
function candidateAlgorithms(signer: SignerInfo, digest: DigestAlgorithm): SignatureAlgorithm[] {
  const { oid, parameters } = signer.signatureAlgorithm;
  const named = signatureAlgorithmOf(oid, parameters, digest);
  if ((named.scheme === "rsa-pkcs1" || named.scheme === "ecdsa") && named.digest !== digest) {
    return [named, { ...named, digest }];
  }
  return [named];
}

function verifyWithAttributes(
  signer: SignerInfo,
  content: SignerContent,
  digestAlgorithm: DigestAlgorithm,
  algorithms: readonly SignatureAlgorithm[],
  spki: Uint8Array | null,
  crypto: CryptoProvider,
): CryptographicVerification {
  const attributes = signer.signedAttributes!;
  const format: Finding[] = [];
  for (const [type, name] of ONCE) {
    if (attributes.values(type).length > 1 || attributes.all(type).length > 1) {
      format.push(finding("ATTRIBUTE_REPEATED", { attribute: name }));
    }
  }
  const types = attributes.values(CmsOid.contentType);
  if (content.contentType !== null && types.length === 0) format.push(finding("CONTENT_TYPE_MISSING"));
  if (content.contentType !== null && types.some((t) => readOid(t) !== content.contentType)) {
    format.push(finding("CONTENT_TYPE_MISMATCH"));
  }
  const stated = attributes.values(CmsOid.messageDigest)[0];
  if (!stated) format.push(finding("MESSAGE_DIGEST_MISSING"));
  if (!algorithmsProtected(signer)) format.push(malformedAs("algorithm protection names other algorithms"));
  if (format.length > 0) return { integrity: "broken", problem: "FORMAT_FAILURE", digestAlgorithm, findings: format };

  const findings: Finding[] = [];
  if (content.chunks) {
    const actual = crypto.digest(digestAlgorithm, ...content.chunks);
    if (!equalBytes(readMessageDigest(stated!), actual)) {
      return {
        integrity: "broken",
        problem: "HASH_FAILURE",
        digestAlgorithm,
        findings: [finding("HASH_MISMATCH", { what: "message-digest" })],
      };
    }
  }
  if (!spki) return withoutKey(content, digestAlgorithm);
  const forms = signedAttributesForms(signer);
  for (const [i, octets] of forms.entries()) {
    const algorithm = verifying(crypto, spki, algorithms, [octets], signer.signature);
    if (!algorithm) continue;
    if (forms.length > 1) findings.push(finding("NOT_DER", { form: i === 0 ? "BER" : "DER" }));
    return verified(content, digestAlgorithm, algorithm, findings);
  }
  return wrongValue(digestAlgorithm, algorithms, findings);
}

function verifyContentDirectly(
  signer: SignerInfo,
  content: SignerContent,
  digestAlgorithm: DigestAlgorithm,
  algorithms: readonly SignatureAlgorithm[],
  spki: Uint8Array | null,
  crypto: CryptoProvider,
): CryptographicVerification {
  const findings = [finding("SIGNED_ATTRIBUTES_ABSENT")];
  // Signed attributes are compulsory unless the content is id-data (RFC 5652 §5.3).
  if (content.contentType !== null && content.contentType !== CmsOid.data) {
    return {
      integrity: "broken",
      problem: "FORMAT_FAILURE",
      digestAlgorithm,
      findings: [finding("CONTENT_TYPE_MISSING")],
    };
  }
  if (content.chunks && isAttributeSet(content.chunks)) {
    const told = malformedAs("the content is itself a set of signed attributes");
    return { integrity: "broken", problem: "FORMAT_FAILURE", digestAlgorithm, findings: [told] };
  }
  if (!content.chunks || !spki) return { ...withoutKey(content, digestAlgorithm), findings };
  const algorithm = verifying(crypto, spki, algorithms, content.chunks, signer.signature);
  if (!algorithm) return wrongValue(digestAlgorithm, algorithms, findings);
  return verified(content, digestAlgorithm, algorithm, findings);
}

const ONCE = [
  [CmsOid.contentType, "content-type"],
  [CmsOid.messageDigest, "message-digest"],
  [CmsOid.signingTime, "signing-time"],
] as const;

const malformedAs = (reason: string): Finding => finding("SIGNATURE_MALFORMED", { reason }, "error");

/** CMSAlgorithmProtection, where it is there, names the algorithms of the signer info (RFC 6211 §3). */
function algorithmsProtected(signer: SignerInfo): boolean {
  const value = signer.signedAttributes!.single(CmsOid.algorithmProtection);
  if (!value) return true;
  const [digest, signature] = value.expect(Tag.SEQUENCE, "CMSAlgorithmProtection").children();
  if (!digest || !signature || signature.tag !== contextConstructed(1)) return false;
  return (
    readAlgorithmIdentifier(digest).oid === signer.digestAlgorithm.oid &&
    readOid(signature.children()[0] ?? signature) === signer.signatureAlgorithm.oid
  );
}

const MAX_ATTRIBUTE_SET = 1 << 20;

/**
 * True when what is signed directly reads as signed attributes: then the value may have been made over those, for another
 * document, and taken from there (RFC 5652 §5.4 gives both the same octets).
 */
function isAttributeSet(chunks: readonly Uint8Array[]): boolean {
  const filled = chunks.filter((c) => c.length > 0);
  const size = filled.reduce((sum, c) => sum + c.length, 0);
  if (filled[0]?.[0] !== Tag.SET || size > MAX_ATTRIBUTE_SET) return false;
  try {
    const attributes = new AttributeSet(readWhole(concatBytes(...filled), { ber: true }));
    return attributes.has(CmsOid.messageDigest);
  } catch (error) {
    // What does not read as attributes is a content like any other.
    if (error instanceof CertsError || error instanceof SignaturesError) return false;
    throw error;
  }
}

/** MessageDigest is an OCTET STRING; VGCA's older tool wraps it once more in a SET. */
function readMessageDigest(value: Element): Uint8Array {
  return readOctetString(value.tag === Tag.SET ? value.child() : value);
}

/** The algorithm under which the value verifies, or undefined. */
function verifying(
  crypto: CryptoProvider,
  spki: Uint8Array,
  algorithms: readonly SignatureAlgorithm[],
  chunks: readonly Uint8Array[],
  signature: Uint8Array,
): SignatureAlgorithm | undefined {
  return algorithms.find((algorithm) => crypto.verify(spki, algorithm, chunks, signature));
}

function verified(
  content: SignerContent,
  digestAlgorithm: DigestAlgorithm,
  algorithm: SignatureAlgorithm,
  findings: Finding[],
): CryptographicVerification {
  if (!content.chunks)
    return { ...withoutKey(content, digestAlgorithm), signatureAlgorithm: algorithm, valueVerified: true };
  return {
    integrity: "intact",
    problem: null,
    digestAlgorithm,
    signatureAlgorithm: algorithm,
    valueVerified: true,
    findings,
  };
}

function wrongValue(
  digestAlgorithm: DigestAlgorithm,
  algorithms: readonly SignatureAlgorithm[],
  findings: Finding[],
  problem: SubIndication = "SIG_CRYPTO_FAILURE",
): CryptographicVerification {
  return {
    integrity: "broken",
    problem,
    digestAlgorithm,
    signatureAlgorithm: algorithms[0]!,
    findings: [...findings, finding("SIGNATURE_VALUE_WRONG")],
  };
}

function withoutKey(content: SignerContent, digestAlgorithm: DigestAlgorithm): CryptographicVerification {
  return content.chunks
    ? { integrity: "unknown", problem: "NO_SIGNING_CERTIFICATE_FOUND", digestAlgorithm, findings: [] }
    : {
        integrity: "unknown",
        problem: "SIGNED_DATA_NOT_FOUND",
        digestAlgorithm,
        findings: [finding("CONTENT_MISSING")],
      };
}

function unsupported(algorithm: string, digestAlgorithm?: DigestAlgorithm): CryptographicVerification {
  return {
    integrity: "unknown",
    problem: "CRYPTO_CONSTRAINTS_FAILURE",
    ...(digestAlgorithm ? { digestAlgorithm } : {}),
    findings: [finding("ALGORITHM_UNSUPPORTED", { algorithm })],
  };
}
