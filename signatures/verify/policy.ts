import type { DigestAlgorithm } from "@hocba/certs/crypto";
import type { Bilingual } from "../bilingual.ts";
import etsiBaseline from "./policies/etsi-baseline.json" with { type: "json" };
import vnOfficial from "./policies/vn-official.json" with { type: "json" };

/** What happens when a rule is not met: the verdict of its clause, a warning, or a remark. */
export type Effect = "fail" | "warn" | "inform";

export interface Rule {
  readonly effect: Effect;
  readonly explanation: Bilingual;
}

/** What a digest algorithm is used for. `certificate`: in the signature of a certificate, CRL or OCSP response. */
export type DigestUse = "signature" | "timestamp-imprint" | "certificate";

export interface AlgorithmRule extends Rule {
  /** Day (UTC, ISO 8601) from which a use is no longer accepted. Algorithms not named are accepted. */
  readonly acceptableUntil: Readonly<Partial<Record<DigestAlgorithm, Readonly<Record<DigestUse, string>>>>>;
  readonly minimumKeyBits: Readonly<Partial<Record<"rsa" | "dsa" | "ec", number>>>;
}

/** The constraints of EN 319 102-1 §5.1.4 as data: see `policies/*.json`, which explain each rule. */
export interface Policy {
  readonly name: string;
  readonly title: Bilingual;
  readonly rules: {
    readonly "signing-certificate-attribute": Rule;
    readonly "signing-time": Rule;
    readonly "revocation-information": Rule;
    readonly "later-changes": Rule;
    /** `limit` in seconds. */
    readonly "timestamp-skew": Rule & { readonly limit: number };
    readonly algorithms: AlgorithmRule;
  };
}

export type PolicyName = "vn-official" | "etsi-baseline";

/** The policies shipped with the product, by name. */
export const shippedPolicies: ReadonlyMap<string, Policy> = new Map(
  [vnOfficial as Policy, etsiBaseline as Policy].map((policy) => [policy.name, policy]),
);

/** The policy meant by a name, or the policy itself. @throws RangeError for an unknown name */
export function resolvePolicy(policy: PolicyName | Policy): Policy {
  if (typeof policy !== "string") return policy;
  const known = shippedPolicies.get(policy);
  if (!known) throw new RangeError(`unknown policy: ${policy}`);
  return known;
}

/** Instant until which a use of a digest algorithm is accepted, in ms since 1970; Infinity without a limit. */
export function acceptableUntil(policy: Policy, algorithm: DigestAlgorithm, use: DigestUse): number {
  const day = policy.rules.algorithms.acceptableUntil[algorithm]?.[use];
  return day === undefined ? Number.POSITIVE_INFINITY : Date.parse(`${day}T00:00:00Z`);
}
