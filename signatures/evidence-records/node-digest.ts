import type { CryptoProvider, DigestAlgorithm } from "@hocba/certs/crypto";
import { sortDer } from "@hocba/certs/der";

/**
 * The hash value above a list: of the values in binary ascending order, joined (RFC 4998 §4.2, RFC 6283 §3.2.2). A list of one value
 * stands for that value: RFC 6283 §3.2.2 says so, and RFC 4998 is implemented so.
 */
export function nodeDigest(
  crypto: CryptoProvider,
  algorithm: DigestAlgorithm,
  values: readonly Uint8Array[],
): Uint8Array {
  return values.length === 1 ? values[0]! : crypto.digest(algorithm, ...sortDer(values));
}
