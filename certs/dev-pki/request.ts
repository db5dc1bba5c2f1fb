import { createPublicKey, verify } from "node:crypto";
import { readBitString, readOid, readWhole, Tag } from "../der/index.ts";
import { CertsError } from "../errors.ts";

const DIGESTS: Record<string, string | null> = {
  "1.2.840.113549.1.1.11": "sha256",
  "1.2.840.113549.1.1.12": "sha384",
  "1.2.840.113549.1.1.13": "sha512",
  "1.2.840.10045.4.3.2": "sha256",
  "1.2.840.10045.4.3.3": "sha384",
  "1.2.840.10045.4.3.4": "sha512",
  "1.3.101.112": null,
};

/**
 * SubjectPublicKeyInfo of a PKCS #10 request (RFC 2986), DER, after its signature proved possession of the key.
 * @throws CertsError DER_MALFORMED, ALGORITHM_UNSUPPORTED, CERTIFICATE_MALFORMED when the signature does not verify
 */
export function publicKeyOfRequest(csr: Uint8Array): Uint8Array {
  const [info, algorithm, signature] = readWhole(csr).expect(Tag.SEQUENCE, "CertificationRequest").children();
  const spki = info?.children()[2];
  const name = algorithm?.children()[0];
  if (!info || !spki || !name || !signature) throw new CertsError("DER_MALFORMED", "certification request cut short");
  const digest = DIGESTS[readOid(name)];
  if (digest === undefined) throw new CertsError("ALGORITHM_UNSUPPORTED", `request signed by ${readOid(name)}`);
  const key = createPublicKey({ key: Buffer.from(spki.raw), format: "der", type: "spki" });
  if (!verify(digest, info.raw, key, readBitString(signature).bytes)) {
    throw new CertsError("CERTIFICATE_MALFORMED", "the request is not signed by the key in it");
  }
  return spki.raw.slice();
}
