import type { SignatureAlgorithm } from "../crypto/provider.ts";
import type { PublicKey } from "../crypto/public-key.ts";

/** One use of an algorithm that a policy is asked about. */
export type AlgorithmUse =
  | { use: "signature"; algorithm: SignatureAlgorithm }
  | { use: "key"; key: Pick<PublicKey, "kind" | "bits"> };

/** Short name of what is used, as policies list it: a digest (`sha1`), or a key with its size (`rsa-1024`, `ec-256`). */
export function algorithmName(use: AlgorithmUse): string {
  if (use.use === "key") return use.key.bits > 0 ? `${use.key.kind}-${use.key.bits}` : use.key.kind;
  return use.algorithm.scheme === "eddsa" ? use.algorithm.curve : use.algorithm.digest;
}
