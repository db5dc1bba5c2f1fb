import type { AlgorithmPolicy } from "./algorithm-policy.ts";

const MODERN_DIGESTS = {
  sha224: "always",
  sha256: "always",
  sha384: "always",
  sha512: "always",
  "sha512-224": "always",
  "sha512-256": "always",
  "sha3-224": "always",
  "sha3-256": "always",
  "sha3-384": "always",
  "sha3-512": "always",
} as const;
const ANY_SIZE = [{ minBits: 0, until: "always" }] as const;

/** The algorithm policies shipped, by name. */
export const algorithmPolicies = {
  /** For path validation by itself: only what is broken for certificates is refused. */
  "not-broken": {
    name: "not-broken",
    explanation:
      "Refuses what forgers have broken in practice (MD5; RSA and DSA below 1024 bits) and curves that name themselves. SHA-1 certificates, as the G1 hierarchy of VGCA issued them until 2017 and its CAs still are, are accepted; a second preimage for SHA-1 is not in sight.",
    digests: { ...MODERN_DIGESTS, sha1: "always", ripemd160: "always" },
    keys: {
      rsa: [{ minBits: 1024, until: "always" }],
      dsa: [{ minBits: 1024, until: "always" }],
      ec: [{ minBits: 160, until: "always" }],
      ed25519: ANY_SIZE,
      ed448: ANY_SIZE,
      // A key that cannot sign (X25519, say) may stand in a leaf; it verifies nothing.
      other: ANY_SIZE,
    },
  },
  /** ETSI TS 119 312 tables on recommended suites, dates as DSS applies them. */
  "etsi-ts-119-312": {
    name: "etsi-ts-119-312",
    explanation:
      "Dated by ETSI TS 119 312: SHA-1 ended with 2012 for new signatures, SHA-224 with 2028; RSA below 1900 bits with 2010, below 3000 bits with 2028; DSA with 2028; ECDSA from 256 bits stays.",
    digests: {
      md5: "2004-08-01",
      sha1: "2012-08-01",
      ripemd160: "2014-08-01",
      sha224: "2029-01-01",
      sha256: "always",
      sha384: "always",
      sha512: "always",
      "sha512-256": "always",
      "sha3-256": "always",
      "sha3-384": "always",
      "sha3-512": "always",
    },
    keys: {
      rsa: [
        { minBits: 786, until: "2010-08-01" },
        { minBits: 1024, until: "2011-01-01" },
        { minBits: 1900, until: "2029-01-01" },
        { minBits: 3000, until: "always" },
      ],
      dsa: [
        { minBits: 1024, until: "2011-01-01" },
        { minBits: 2048, until: "2029-01-01" },
      ],
      ec: [
        { minBits: 160, until: "2013-08-01" },
        { minBits: 224, until: "2021-01-01" },
        { minBits: 256, until: "always" },
      ],
      ed25519: ANY_SIZE,
      ed448: ANY_SIZE,
    },
  },
} as const satisfies Record<string, AlgorithmPolicy>;
