import { type Element, Tag } from "../der/element.ts";
import { readInteger, readOid } from "../der/values.ts";
import { CertsError } from "../errors.ts";
import { digestAlgorithmOf } from "./digest-algorithm.ts";
import type { DigestAlgorithm, SignatureAlgorithm } from "./provider.ts";

const pkcs1 = (digest: DigestAlgorithm): SignatureAlgorithm => ({ scheme: "rsa-pkcs1", digest });
const ecdsa = (digest: DigestAlgorithm): SignatureAlgorithm => ({ scheme: "ecdsa", digest, encoding: "der" });
const dsa = (digest: DigestAlgorithm): SignatureAlgorithm => ({ scheme: "dsa", digest, encoding: "der" });

/** RFC 3279, 4055, 5758, 8410, 8692; NIST CSOR for SHA-3; TeleTrusT for RIPEMD-160; BSI TR-03111 for plain ECDSA. */
const BY_OID: Readonly<Record<string, SignatureAlgorithm>> = {
  "1.2.840.113549.1.1.4": pkcs1("md5"),
  "1.2.840.113549.1.1.5": pkcs1("sha1"),
  "1.3.14.3.2.29": pkcs1("sha1"),
  "1.2.840.113549.1.1.14": pkcs1("sha224"),
  "1.2.840.113549.1.1.11": pkcs1("sha256"),
  "1.2.840.113549.1.1.12": pkcs1("sha384"),
  "1.2.840.113549.1.1.13": pkcs1("sha512"),
  "1.2.840.113549.1.1.15": pkcs1("sha512-224"),
  "1.2.840.113549.1.1.16": pkcs1("sha512-256"),
  "1.3.36.3.3.1.2": pkcs1("ripemd160"),
  "2.16.840.1.101.3.4.3.13": pkcs1("sha3-224"),
  "2.16.840.1.101.3.4.3.14": pkcs1("sha3-256"),
  "2.16.840.1.101.3.4.3.15": pkcs1("sha3-384"),
  "2.16.840.1.101.3.4.3.16": pkcs1("sha3-512"),
  "1.2.840.10045.4.1": ecdsa("sha1"),
  "1.2.840.10045.4.3.1": ecdsa("sha224"),
  "1.2.840.10045.4.3.2": ecdsa("sha256"),
  "1.2.840.10045.4.3.3": ecdsa("sha384"),
  "1.2.840.10045.4.3.4": ecdsa("sha512"),
  "2.16.840.1.101.3.4.3.9": ecdsa("sha3-224"),
  "2.16.840.1.101.3.4.3.10": ecdsa("sha3-256"),
  "2.16.840.1.101.3.4.3.11": ecdsa("sha3-384"),
  "2.16.840.1.101.3.4.3.12": ecdsa("sha3-512"),
  "0.4.0.127.0.7.1.1.4.1.1": { scheme: "ecdsa", digest: "sha1", encoding: "p1363" },
  "0.4.0.127.0.7.1.1.4.1.2": { scheme: "ecdsa", digest: "sha224", encoding: "p1363" },
  "0.4.0.127.0.7.1.1.4.1.3": { scheme: "ecdsa", digest: "sha256", encoding: "p1363" },
  "0.4.0.127.0.7.1.1.4.1.4": { scheme: "ecdsa", digest: "sha384", encoding: "p1363" },
  "0.4.0.127.0.7.1.1.4.1.5": { scheme: "ecdsa", digest: "sha512", encoding: "p1363" },
  "1.2.840.10040.4.3": dsa("sha1"),
  "1.3.14.3.2.27": dsa("sha1"),
  "2.16.840.1.101.3.4.3.1": dsa("sha224"),
  "2.16.840.1.101.3.4.3.2": dsa("sha256"),
  "2.16.840.1.101.3.4.3.3": dsa("sha384"),
  "2.16.840.1.101.3.4.3.4": dsa("sha512"),
  "2.16.840.1.101.3.4.3.5": dsa("sha3-224"),
  "2.16.840.1.101.3.4.3.6": dsa("sha3-256"),
  "2.16.840.1.101.3.4.3.7": dsa("sha3-384"),
  "2.16.840.1.101.3.4.3.8": dsa("sha3-512"),
  "1.3.101.112": { scheme: "eddsa", curve: "ed25519" },
  "1.3.101.113": { scheme: "eddsa", curve: "ed448" },
};

const RSASSA_PSS = "1.2.840.113549.1.1.10";
const MGF1 = "1.2.840.113549.1.1.8";
/** Identifiers that name a key, not a digest; CMS then names the digest beside them (RFC 5652 §5.3, RFC 3370 §3.2). */
const DIGEST_NAMED_BESIDE: Readonly<Record<string, (digest: DigestAlgorithm) => SignatureAlgorithm>> = {
  "1.2.840.113549.1.1.1": pkcs1,
  "1.2.840.10045.2.1": ecdsa,
  "1.2.840.10040.4.1": dsa,
};

/**
 * Resolves the AlgorithmIdentifier of a signature.
 * @param parameters the parameters element, null when absent; read for RSASSA-PSS only
 * @param digest the digest named beside it (CMS SignerInfo), for identifiers that name only a key
 * @throws CertsError ALGORITHM_UNSUPPORTED for what is not known, DER_MALFORMED for broken PSS parameters
 */
export function signatureAlgorithmOf(
  oid: string,
  parameters: Element | null,
  digest?: DigestAlgorithm,
): SignatureAlgorithm {
  if (oid === RSASSA_PSS) {
    if (!parameters) throw new CertsError("ALGORITHM_UNSUPPORTED", "RSASSA-PSS signature without parameters");
    return readPssParameters(parameters);
  }
  const known = Object.hasOwn(BY_OID, oid) ? BY_OID[oid] : undefined;
  if (known) return known;
  const build = Object.hasOwn(DIGEST_NAMED_BESIDE, oid) ? DIGEST_NAMED_BESIDE[oid] : undefined;
  if (build && digest) return build(digest);
  throw new CertsError("ALGORITHM_UNSUPPORTED", `signature algorithm ${oid}`, { details: { oid } });
}

export type RsaPssParameters = Extract<SignatureAlgorithm, { scheme: "rsa-pss" }>;

/**
 * RSASSA-PSS-params (RFC 4055 §3.1): every field has SHA-1's default, trailerField must be 1.
 * @throws CertsError ALGORITHM_UNSUPPORTED, DER_MALFORMED
 */
export function readPssParameters(parameters: Element): RsaPssParameters {
  let digest: DigestAlgorithm = "sha1";
  let mgfDigest: DigestAlgorithm = "sha1";
  let saltLength = 20;
  for (const field of parameters.expect(Tag.SEQUENCE, "RSASSA-PSS-params").children()) {
    const value = field.child();
    switch (field.tag) {
      case 0xa0:
        digest = digestOf(value);
        break;
      case 0xa1: {
        const [oid, inner] = value.expect(Tag.SEQUENCE, "MaskGenAlgorithm").children();
        if (!oid || readOid(oid) !== MGF1 || !inner) {
          throw new CertsError("ALGORITHM_UNSUPPORTED", "mask generation other than MGF1");
        }
        mgfDigest = digestOf(inner);
        break;
      }
      case 0xa2:
        saltLength = readInteger(value);
        if (saltLength < 0 || saltLength > 2048) throw new CertsError("DER_MALFORMED", "salt length out of range");
        break;
      case 0xa3:
        if (readInteger(value) !== 1) throw new CertsError("ALGORITHM_UNSUPPORTED", "trailerField other than 1");
        break;
      default:
        throw new CertsError("DER_MALFORMED", "unknown field in RSASSA-PSS-params");
    }
  }
  return { scheme: "rsa-pss", digest, mgfDigest, saltLength };
}

function digestOf(algorithm: Element): DigestAlgorithm {
  const oid = algorithm.expect(Tag.SEQUENCE, "AlgorithmIdentifier").children()[0];
  if (!oid) throw new CertsError("DER_MALFORMED", "AlgorithmIdentifier without algorithm");
  return digestAlgorithmOf(readOid(oid));
}
