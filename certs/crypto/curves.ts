import { type ECDSA, ecdsa, weierstrass } from "@noble/curves/abstract/weierstrass.js";
import { brainpoolP256r1, brainpoolP384r1, brainpoolP512r1 } from "@noble/curves/misc.js";
import { p256, p384, p521 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { sha224 } from "@noble/hashes/sha2.js";

/** secp224r1 (SEC 2 §2.2.2, NIST P-224). */
const p224 = (): ECDSA =>
  ecdsa(
    weierstrass({
      p: 0xffffffffffffffffffffffffffffffff000000000000000000000001n,
      a: 0xfffffffffffffffffffffffffffffffefffffffffffffffffffffffen,
      b: 0xb4050a850c04b3abf54132565044b0b7d7bfd8ba270b39432355ffb4n,
      n: 0xffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3dn,
      Gx: 0xb70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21n,
      Gy: 0xbd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34n,
      h: 1n,
    }),
    sha224,
  );

const CURVES: Readonly<Record<string, () => ECDSA>> = {
  "P-224": p224,
  "P-256": () => p256,
  "P-384": () => p384,
  "P-521": () => p521,
  secp256k1: () => secp256k1,
  brainpoolP256r1: () => brainpoolP256r1,
  brainpoolP384r1: () => brainpoolP384r1,
  brainpoolP512r1: () => brainpoolP512r1,
};
const built = new Map<string, ECDSA>();

/** The curve of that short name, or null when there is none here. */
export function curveOf(name: string): ECDSA | null {
  const known = built.get(name);
  if (known) return known;
  const make = Object.hasOwn(CURVES, name) ? CURVES[name] : undefined;
  if (!make) return null;
  const curve = make();
  built.set(name, curve);
  return curve;
}
