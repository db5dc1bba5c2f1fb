import type { DigestAlgorithm, SignatureAlgorithm } from "@hocba/certs/crypto";
import { DS_NS, DSIG_MORE_NS } from "./namespaces.ts";
import type { XmlElement } from "./tree.ts";

const MORE = "http://www.w3.org/2001/04/xmldsig-more#";
const MORE_2007 = "http://www.w3.org/2007/05/xmldsig-more#";
const MORE_2021 = "http://www.w3.org/2021/04/xmldsig-more#";

export const RSA_SHA256 = `${MORE}rsa-sha256`;
export const ECDSA_SHA256 = `${MORE}ecdsa-sha256`;
export const RSA_PSS_SHA256 = `${MORE_2007}sha256-rsa-MGF1`;
export const SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256";

/** HMAC stands beside the public-key algorithms: it is recognised so that it can be named, never accepted as a signature. */
export type XmlSignatureAlgorithm =
  | SignatureAlgorithm
  | { scheme: "hmac"; digest: DigestAlgorithm; outputBits: number | null };

const DIGESTS: ReadonlyMap<string, DigestAlgorithm> = new Map<string, DigestAlgorithm>([
  [`${MORE}md5`, "md5"],
  [`${DS_NS}sha1`, "sha1"],
  [`${MORE}sha224`, "sha224"],
  [SHA256, "sha256"],
  [`${MORE}sha384`, "sha384"],
  ["http://www.w3.org/2001/04/xmlenc#sha512", "sha512"],
  ["http://www.w3.org/2001/04/xmlenc#ripemd160", "ripemd160"],
  [`${MORE_2007}sha3-224`, "sha3-224"],
  [`${MORE_2007}sha3-256`, "sha3-256"],
  [`${MORE_2007}sha3-384`, "sha3-384"],
  [`${MORE_2007}sha3-512`, "sha3-512"],
]);

/** Digest algorithm of a DigestMethod URI (XMLDSig §6.2, RFC 9231 §2.1), or null. */
export function digestAlgorithmOf(uri: string): DigestAlgorithm | null {
  return DIGESTS.get(uri) ?? null;
}

/** URI of a digest algorithm. */
export function digestUriOf(algorithm: DigestAlgorithm): string {
  for (const [uri, name] of DIGESTS) if (name === algorithm) return uri;
  throw new Error(`no URI for ${algorithm}`);
}

const LENGTHS: Readonly<Record<DigestAlgorithm, number>> = {
  md5: 16,
  sha1: 20,
  ripemd160: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
  "sha512-224": 28,
  "sha512-256": 32,
  "sha3-224": 28,
  "sha3-256": 32,
  "sha3-384": 48,
  "sha3-512": 64,
};

const SIGNATURES = new Map<string, XmlSignatureAlgorithm>([
  [`${DS_NS}rsa-sha1`, { scheme: "rsa-pkcs1", digest: "sha1" }],
  [`${DS_NS}dsa-sha1`, { scheme: "dsa", digest: "sha1", encoding: "p1363" }],
  ["http://www.w3.org/2009/xmldsig11#dsa-sha256", { scheme: "dsa", digest: "sha256", encoding: "p1363" }],
  [`${DS_NS}hmac-sha1`, { scheme: "hmac", digest: "sha1", outputBits: null }],
  [`${MORE_2007}ecdsa-ripemd160`, { scheme: "ecdsa", digest: "ripemd160", encoding: "p1363" }],
  [`${MORE_2021}eddsa-ed25519`, { scheme: "eddsa", curve: "ed25519" }],
  [`${MORE_2021}eddsa-ed448`, { scheme: "eddsa", curve: "ed448" }],
]);
for (const digest of ["md5", "ripemd160", "sha224", "sha256", "sha384", "sha512"] as const) {
  SIGNATURES.set(`${MORE}rsa-${digest}`, { scheme: "rsa-pkcs1", digest });
  SIGNATURES.set(`${MORE}hmac-${digest}`, { scheme: "hmac", digest, outputBits: null });
}
for (const digest of ["sha1", "sha224", "sha256", "sha384", "sha512"] as const) {
  SIGNATURES.set(`${MORE}ecdsa-${digest}`, { scheme: "ecdsa", digest, encoding: "p1363" });
}
for (const digest of ["sha3-224", "sha3-256", "sha3-384", "sha3-512"] as const) {
  SIGNATURES.set(`${MORE_2021}ecdsa-${digest}`, { scheme: "ecdsa", digest, encoding: "p1363" });
}
for (const digest of ["md5", "ripemd160", "sha1", "sha224", "sha256", "sha384", "sha512"] as const) pss(digest);
for (const digest of ["sha3-224", "sha3-256", "sha3-384", "sha3-512"] as const) pss(digest);

function pss(digest: DigestAlgorithm): void {
  SIGNATURES.set(`${MORE_2007}${digest}-rsa-MGF1`, {
    scheme: "rsa-pss",
    digest,
    mgfDigest: digest,
    saltLength: LENGTHS[digest],
  });
}

/** Algorithm of a ds:SignatureMethod with its parameters (XMLDSig §6.3–6.4, RFC 9231 §2.3), or null for one not known. */
export function signatureMethodOf(method: XmlElement): XmlSignatureAlgorithm | null {
  const uri = method.attribute("Algorithm") ?? "";
  if (uri === `${MORE_2007}rsa-pss`) return rsaPssParameters(method);
  const known = SIGNATURES.get(uri) ?? null;
  if (known?.scheme !== "hmac") return known;
  const length = method.first("HMACOutputLength", DS_NS)?.ownText.trim();
  if (length === undefined) return known;
  return /^\d{1,4}$/.test(length) ? { ...known, outputBits: Number(length) } : null;
}

function rsaPssParameters(method: XmlElement): XmlSignatureAlgorithm | null {
  const parameters = method.first("RSAPSSParams", DSIG_MORE_NS);
  const digestIn = (holder: XmlElement | null | undefined): DigestAlgorithm | null => {
    const named = holder?.first("DigestMethod", DS_NS);
    return named ? digestAlgorithmOf(named.attribute("Algorithm") ?? "") : "sha256";
  };
  const digest = digestIn(parameters);
  const mask = parameters?.first("MaskGenerationFunction", DSIG_MORE_NS);
  const maskUri = mask?.attribute("Algorithm");
  const mgfDigest = mask ? digestIn(mask) : digest;
  if (!digest || !mgfDigest || (maskUri && maskUri !== `${MORE_2007}MGF1`)) return null;
  const salt = parameters?.first("SaltLength", DSIG_MORE_NS)?.ownText.trim() ?? String(LENGTHS[digest]);
  const trailer = parameters?.first("TrailerField", DSIG_MORE_NS)?.ownText.trim() ?? "1";
  if (!/^\d{1,4}$/.test(salt) || trailer !== "1") return null;
  return { scheme: "rsa-pss", digest, mgfDigest, saltLength: Number(salt) };
}
