import { judgeAlgorithm } from "../algorithms/algorithm-policy.ts";
import { algorithmPolicies } from "../algorithms/policies.ts";
import { readPublicKey } from "../crypto/public-key.ts";
import { signatureAlgorithmOf } from "../crypto/signature-algorithm.ts";
import { equalBytes } from "../der/values.ts";
import { unknownStatus } from "../revocation/check-revocation.ts";
import type { RevocationStatus } from "../revocation/revocation-status.ts";
import type { TrustAnchor } from "../trust/trust-anchor.ts";
import type { Certificate } from "../x509/certificate.ts";
import { ANY_POLICY, KeyPurpose } from "../x509/oids.ts";
import { checkSignature } from "./check-signature.ts";
import { workingPublicKey } from "./dsa-parameters.ts";
import { NameConstraintState } from "./name-constraints.ts";
import type { AlgorithmFinding, PathCode, PathRequest, PathResult, ProfileFinding } from "./path-request.ts";
import { PolicyGraph } from "./policy-graph.ts";
import { profileFindings } from "./profile-rules.ts";
import { reasonText } from "./reason-text.ts";
import { malformedExtension, unknownCriticalExtension } from "./recognized-extensions.ts";

/** Asks for the status of the certificate at `index`, all those above it being validated already. */
export type RevocationCheck = (path: readonly Certificate[], index: number, issuerSpki: Uint8Array) => RevocationStatus;

type Verdict = Omit<PathResult, "pathsTried">;
const UNLIMITED = Number.POSITIVE_INFINITY;

/**
 * Basic path validation (RFC 5280 §6.1, with the policy graph of RFC 9618).
 * @param path leaf first, the anchor's certificate last; the leaf alone when it is itself the anchor
 */
export function checkPath(
  request: PathRequest,
  path: readonly Certificate[],
  anchor: TrustAnchor,
  revocation: RevocationCheck | null,
): Verdict {
  return new PathCheck(request, path, anchor, revocation).run();
}

class Fault {
  readonly code: PathCode;
  readonly index: number;
  readonly detail: string;
  constructor(code: PathCode, index: number, detail = "") {
    this.code = code;
    this.index = index;
    this.detail = detail;
  }
}

class PathCheck {
  private readonly request: PathRequest;
  private readonly path: readonly Certificate[];
  private readonly anchor: TrustAnchor;
  private readonly revocation: RevocationCheck | null;
  private readonly names = new NameConstraintState();
  private readonly graph = new PolicyGraph();
  /** By position in the path. */
  private readonly statuses = new Map<number, RevocationStatus>();
  private readonly algorithms: AlgorithmFinding[] = [];
  private readonly profile: ProfileFinding[] = [];
  private policies: readonly string[] = [];
  private explicitPolicy: number;
  private policyMapping: number;
  private inhibitAny: number;
  private maxPathLength = UNLIMITED;
  private workingKey: Uint8Array;

  constructor(
    request: PathRequest,
    path: readonly Certificate[],
    anchor: TrustAnchor,
    revocation: RevocationCheck | null,
  ) {
    this.request = request;
    this.path = path;
    this.anchor = anchor;
    this.revocation = revocation;
    // RFC 5280 §6.1.2 (d)–(f): n + 1 stands for "no certificate of this path brings it to zero by counting".
    const never = path.length;
    this.explicitPolicy = request.explicitPolicy ? 0 : never;
    this.policyMapping = request.inhibitPolicyMapping ? 0 : never;
    this.inhibitAny = request.inhibitAnyPolicy ? 0 : never;
    this.workingKey = anchor.certificate.spki;
  }

  run(): Verdict {
    const fault = this.walk();
    return {
      valid: fault === null,
      code: fault?.code ?? "VALID",
      reason: fault
        ? reasonText(fault.code, this.path[fault.index]!, fault.detail)
        : reasonText("VALID", this.path[0]!, ""),
      index: fault?.index ?? null,
      path: this.path,
      anchor: this.anchor,
      policies: fault ? [] : this.policies,
      algorithmFindings: this.algorithms,
      profileFindings: this.profile,
      revocation: this.revocation ? this.statusesInOrder() : [],
    };
  }

  private statusesInOrder(): RevocationStatus[] {
    return this.path
      .slice(0, -1)
      .map((certificate, i) => this.statuses.get(i) ?? { ...unknownStatus(certificate), code: "NOT_REACHED" });
  }

  private walk(): Fault | null {
    const top = this.path.length - 1;
    let fault = this.checkAnchor(top);
    if (fault) return fault;
    for (let index = top - 1; index >= 0; index--) {
      fault = this.checkCertificate(index) ?? (index > 0 ? this.prepareNext(index) : this.wrapUp());
      if (fault) return fault;
    }
    if (top === 0) this.policies = [...(this.request.policies ?? [ANY_POLICY])];
    return this.checkTarget() ?? this.checkStrictness();
  }

  /** What binds from the anchor: RFC 5937 §3 beside RFC 5280 §6.1.2. */
  private checkAnchor(index: number): Fault | null {
    const { certificate } = this.anchor;
    const { time } = this.request;
    if ((this.anchor.validFrom ?? time) > time || wholeSeconds(time) > (this.anchor.validUntil ?? UNLIMITED)) {
      return new Fault("ANCHOR_NOT_IN_FORCE", index);
    }
    const purposes = this.request.purposes ?? [];
    if (purposes.length > 0) {
      if (!anchorTrustedFor(this.anchor, purposes)) {
        return new Fault("ANCHOR_NOT_TRUSTED_FOR_PURPOSE", index, purposes.join(", "));
      }
      const barred = this.path.findIndex((certificate) => this.isBarred(certificate, purposes));
      if (barred >= 0) return new Fault("ANCHOR_NOT_TRUSTED_FOR_PURPOSE", barred, purposes.join(", "));
    }
    const fault = this.checkForm(index) ?? this.checkValidity(index);
    if (fault) return fault;
    const isTarget = index === 0;
    if (!isTarget) {
      const authority = this.checkAuthority(index, certificate.version === 3);
      if (authority) return authority;
      const constraint = certificate.basicConstraints?.pathLenConstraint ?? null;
      if (constraint !== null) this.maxPathLength = constraint;
      const constraints = certificate.nameConstraints;
      if (constraints && !this.names.add(constraints)) return new Fault("NAME_CONSTRAINTS_MALFORMED", index);
      this.judgeKey(index);
    }
    // What the anchor is explicitly trusted for outweighs the purposes its certificate lists.
    return this.anchor.purposes === null && !isTarget ? this.checkPurposes(index) : null;
  }

  /** What the operator said of a name and key holds wherever in a path they stand. */
  private isBarred(certificate: Certificate, purposes: readonly string[]): boolean {
    return this.request.anchors.some(
      (other) =>
        (other.purposes !== null || other.rejectedPurposes.length > 0) &&
        equalBytes(other.certificate.spki, certificate.spki) &&
        other.certificate.subject.equals(certificate.subject) &&
        !anchorTrustedFor(other, purposes),
    );
  }

  /** RFC 5280 §6.1.3. */
  private checkCertificate(index: number): Fault | null {
    const certificate = this.path[index]!;
    const fault = this.checkForm(index);
    if (fault) return fault;
    const signature = checkSignature(certificate, this.workingKey, this.request.crypto, this.request.cache);
    if (signature) return new Fault(signature, index);
    this.judgeSignature(index);
    const validity = this.checkValidity(index);
    if (validity) return validity;
    if (!certificate.issuer.equals(this.path[index + 1]!.subject)) return new Fault("NO_PATH", index);
    if (this.revocation) {
      const status = this.revocation(this.path, index, this.workingKey);
      this.statuses.set(index, status);
      if (status.status === "revoked") return new Fault("REVOKED", index, status.reason ?? "");
      if (status.status === "unknown" && this.request.revocation?.required !== false) {
        return new Fault("REVOCATION_UNKNOWN", index, status.code);
      }
    }
    if (index === 0 || !certificate.selfIssued) {
      const violation = this.names.check(certificate);
      if (violation) return new Fault(violation.code, index, "form" in violation ? violation.form : "");
    }
    return this.checkPolicies(index);
  }

  /** §6.1.3 (d)–(f). */
  private checkPolicies(index: number): Fault | null {
    const certificate = this.path[index]!;
    const policies = certificate.certificatePolicies;
    if (!policies) this.graph.clear();
    else this.graph.addDepth(policies, this.inhibitAny > 0 || (index > 0 && certificate.selfIssued));
    return this.explicitPolicy > 0 || !this.graph.isNull ? null : new Fault("POLICY_NOT_ACCEPTABLE", index);
  }

  /** §6.1.4. */
  private prepareNext(index: number): Fault | null {
    const certificate = this.path[index]!;
    const mappings = certificate.policyMappings;
    if (mappings) {
      if (mappings.some((m) => m.issuerDomainPolicy === ANY_POLICY || m.subjectDomainPolicy === ANY_POLICY)) {
        return new Fault("POLICY_MAPPING_INVALID", index);
      }
      this.graph.map(mappings, this.policyMapping > 0);
    }
    this.workingKey = workingPublicKey(certificate, this.workingKey);
    const constraints = certificate.nameConstraints;
    if (constraints && !this.names.add(constraints)) return new Fault("NAME_CONSTRAINTS_MALFORMED", index);
    if (!certificate.selfIssued) {
      if (this.explicitPolicy > 0) this.explicitPolicy--;
      if (this.policyMapping > 0) this.policyMapping--;
      if (this.inhibitAny > 0) this.inhibitAny--;
    }
    const policy = certificate.policyConstraints;
    this.explicitPolicy = Math.min(this.explicitPolicy, policy?.requireExplicitPolicy ?? UNLIMITED);
    this.policyMapping = Math.min(this.policyMapping, policy?.inhibitPolicyMapping ?? UNLIMITED);
    this.inhibitAny = Math.min(this.inhibitAny, certificate.inhibitAnyPolicy ?? UNLIMITED);
    const authority = this.checkAuthority(index, true);
    if (authority) return authority;
    if (!certificate.selfIssued) {
      if (this.maxPathLength <= 0) return new Fault("PATH_TOO_LONG", index);
      this.maxPathLength--;
    }
    this.maxPathLength = Math.min(this.maxPathLength, certificate.basicConstraints?.pathLenConstraint ?? UNLIMITED);
    this.judgeKey(index);
    return this.checkPurposes(index);
  }

  /** §6.1.5. */
  private wrapUp(): Fault | null {
    if (this.explicitPolicy > 0) this.explicitPolicy--;
    if (this.path[0]!.policyConstraints?.requireExplicitPolicy === 0) this.explicitPolicy = 0;
    const wanted = new Set(this.request.policies?.length ? this.request.policies : [ANY_POLICY]);
    const policies = this.graph.constrainedTo(wanted);
    if (this.explicitPolicy === 0 && policies.size === 0) return new Fault("POLICY_NOT_ACCEPTABLE", 0);
    this.policies = [...policies];
    return null;
  }

  private checkTarget(): Fault | null {
    const wanted = this.request.keyUsage;
    const usage = this.path[0]!.keyUsage;
    if (wanted && usage && !wanted.some((bit) => usage.has(bit))) return new Fault("KEY_USAGE_NOT_ALLOWED", 0);
    this.judgeKey(0);
    return this.checkPurposes(0) ?? this.checkAlgorithms();
  }

  private checkAlgorithms(): Fault | null {
    const [finding] = this.algorithms;
    if (!finding || this.request.algorithmsAdvisory) return null;
    return new Fault("ALGORITHM_NOT_ACCEPTABLE", finding.index, finding.algorithm);
  }

  private checkStrictness(): Fault | null {
    this.path.forEach((certificate, index) => {
      const position = index === 0 ? "target" : index === this.path.length - 1 ? "anchor" : "intermediate";
      const selfSigned = () =>
        checkSignature(certificate, certificate.spki, this.request.crypto, this.request.cache) === null;
      for (const finding of profileFindings(certificate, position, selfSigned))
        this.profile.push({ index, ...finding });
    });
    const { strictness = "validation" } = this.request;
    // A certificate trusted by itself was judged by whoever trusts it.
    const trustedItself = this.path.length === 1;
    if (strictness === "validation") return null;
    const finding = this.profile.find((f) => strictness === "strict-profile" || !(f.tolerated || trustedItself));
    if (!finding) return null;
    return new Fault("PROFILE_VIOLATION", finding.index, `${finding.rule} (${finding.clause})`);
  }

  private checkForm(index: number): Fault | null {
    const certificate = this.path[index]!;
    const [duplicate] = certificate.duplicateExtensions;
    if (duplicate) return new Fault("DUPLICATE_EXTENSION", index, duplicate);
    const unknown = unknownCriticalExtension(certificate, this.request.recognizedExtensions ?? []);
    if (unknown) return new Fault("UNKNOWN_CRITICAL_EXTENSION", index, unknown);
    const malformed = malformedExtension(certificate);
    return malformed ? new Fault("EXTENSION_MALFORMED", index, malformed) : null;
  }

  private checkValidity(index: number): Fault | null {
    const { notBefore, notAfter } = this.path[index]!;
    if (this.request.time < notBefore) return new Fault("NOT_YET_VALID", index);
    return wholeSeconds(this.request.time) > notAfter ? new Fault("EXPIRED", index) : null;
  }

  /** §6.1.4 (k), (n). */
  private checkAuthority(index: number, constraintsNeeded: boolean): Fault | null {
    const certificate = this.path[index]!;
    const constraints = certificate.basicConstraints;
    if (constraints ? !constraints.cA : constraintsNeeded) return new Fault("NOT_A_CA", index);
    const usage = certificate.keyUsage;
    return usage && !usage.has("keyCertSign") ? new Fault("KEY_USAGE_NOT_ALLOWED", index, "keyCertSign") : null;
  }

  private checkPurposes(index: number): Fault | null {
    const wanted = this.request.purposes ?? [];
    const allowed = this.path[index]!.extendedKeyUsage;
    if (wanted.length === 0 || !allowed || allowed.includes(KeyPurpose.ANY)) return null;
    return wanted.some((purpose) => allowed.includes(purpose)) ? null : new Fault("PURPOSE_NOT_ALLOWED", index);
  }

  private judgeSignature(index: number): void {
    const { oid, parameters } = this.path[index]!.signatureAlgorithm;
    const algorithm = signatureAlgorithmOf(oid, parameters);
    this.note(index, judgeAlgorithm(this.policy, { use: "signature", algorithm }, this.algorithmTime), "signature");
  }

  private judgeKey(index: number): void {
    const certificate = this.path[index]!;
    const own = certificate.publicKey;
    // Inherited DSA parameters decide the size.
    const inherits = own.kind === "dsa" && own.parameters === null;
    const key = inherits ? readPublicKey(workingPublicKey(certificate, this.workingKey)) : own;
    this.note(index, judgeAlgorithm(this.policy, { use: "key", key }, this.algorithmTime), "key");
  }

  private note(index: number, verdict: ReturnType<typeof judgeAlgorithm>, use: "signature" | "key"): void {
    if (!verdict.acceptable) this.algorithms.push({ index, use, algorithm: verdict.algorithm, until: verdict.until });
  }

  private get policy() {
    return this.request.algorithms ?? algorithmPolicies["not-broken"];
  }

  private get algorithmTime(): number {
    return this.request.algorithmTime ?? this.request.time;
  }
}

/** notAfter names a second, which is valid to its end (RFC 5280 §4.1.2.5: "inclusive"). */
const wholeSeconds = (ms: number): number => Math.floor(ms / 1000) * 1000;

/** True when the anchor is trusted, and not distrusted, for one of the purposes. */
export function anchorTrustedFor(anchor: TrustAnchor, purposes: readonly string[]): boolean {
  const rejected = anchor.rejectedPurposes;
  if (rejected.includes(KeyPurpose.ANY)) return false;
  return purposes.some(
    (purpose) =>
      !rejected.includes(purpose) &&
      (anchor.purposes === null || anchor.purposes.includes(purpose) || anchor.purposes.includes(KeyPurpose.ANY)),
  );
}
