import { Tag } from "../der/element.ts";
import { attributeOid } from "../x509/attribute-types.ts";
import type { Certificate } from "../x509/certificate.ts";
import type { GeneralSubtree, NameConstraints } from "../x509/extensions.ts";
import type { GeneralName } from "../x509/general-name.ts";
import { isDnsName, isSubtreeBase, matchSubtree } from "./name-forms.ts";

/** Comparisons of names with subtrees in one certificate: beyond this it is an attack on time (as OpenSSL bounds it). */
const MAX_COMPARISONS = 1 << 20;
const EMAIL_ADDRESS = attributeOid("emailAddress");
const COMMON_NAME = attributeOid("CN");
/** SmtpUTF8Mailbox (RFC 9598), which rfc822Name constraints govern. */
const SMTP_UTF8_MAILBOX = "1.3.6.1.5.5.7.8.9";

export type NameConstraintViolation =
  | { code: "NAME_NOT_PERMITTED" | "NAME_EXCLUDED" | "NAME_NOT_COMPARABLE"; form: GeneralName["type"] }
  | { code: "TOO_MANY_NAMES" };

/** permitted_subtrees and excluded_subtrees of RFC 5280 §6.1, gathered on the way down a path. */
export class NameConstraintState {
  /** One list per certificate that permits: a name must lie in each list that speaks of its form. */
  private readonly permitted: (readonly GeneralSubtree[])[] = [];
  private readonly excluded: GeneralSubtree[] = [];

  /** Adds the constraints of a CA (§6.1.4 (g)). False when they are of no lawful shape. */
  add(constraints: NameConstraints): boolean {
    const all = [...(constraints.permitted ?? []), ...(constraints.excluded ?? [])];
    if (!all.every((subtree) => isSubtreeBase(subtree.base))) return false;
    if (constraints.permitted) this.permitted.push(constraints.permitted);
    if (constraints.excluded) this.excluded.push(...constraints.excluded);
    return true;
  }

  /** Judges the names of a certificate (§6.1.3 (b), (c)); null when none of them breaks a constraint. */
  check(certificate: Certificate): NameConstraintViolation | null {
    if (this.permitted.length === 0 && this.excluded.length === 0) return null;
    const names = constrainedNames(certificate);
    const subtrees = this.permitted.reduce((n, list) => n + list.length, this.excluded.length);
    if (names.length * subtrees > MAX_COMPARISONS) return { code: "TOO_MANY_NAMES" };
    for (const name of names) {
      const violation = this.checkName(name);
      if (violation) return violation;
    }
    return null;
  }

  private checkName(name: GeneralName): NameConstraintViolation | null {
    for (const subtree of this.excluded) {
      if (subtree.base.type !== name.type) continue;
      const match = isPlain(subtree) ? matchSubtree(name, subtree.base, true) : "cannot-tell";
      if (match === "inside") return { code: "NAME_EXCLUDED", form: name.type };
      if (match === "cannot-tell") return { code: "NAME_NOT_COMPARABLE", form: name.type };
    }
    for (const list of this.permitted) {
      let constrained = false;
      let inside = false;
      for (const subtree of list) {
        if (subtree.base.type !== name.type) continue;
        constrained = true;
        const match = isPlain(subtree) ? matchSubtree(name, subtree.base, false) : "cannot-tell";
        if (match === "cannot-tell") return { code: "NAME_NOT_COMPARABLE", form: name.type };
        if (match === "inside") {
          inside = true;
          break;
        }
      }
      if (constrained && !inside) return { code: "NAME_NOT_PERMITTED", form: name.type };
    }
    return null;
  }
}

/** minimum and maximum are not used by RFC 5280: with other values than its own nobody can judge. */
const isPlain = (subtree: GeneralSubtree): boolean => subtree.minimum === 0 && subtree.maximum === null;

/** Every name in a certificate that constraints speak of. */
function constrainedNames(certificate: Certificate): GeneralName[] {
  const { subject } = certificate;
  const alternative = certificate.subjectAltNames ?? [];
  const names: GeneralName[] = [];
  if (!subject.isEmpty) names.push({ type: "directoryName", name: subject });
  for (const name of alternative) names.push(name.type === "otherName" ? smtpMailbox(name) : name);
  // §4.2.1.10 asks for it where there is no subjectAltName; a mailbox in the DN claims as much when there is one.
  for (const text of subject.getAll(EMAIL_ADDRESS)) names.push({ type: "rfc822Name", text });
  if (!alternative.some((name) => name.type === "dNSName")) {
    // Relying parties that still read host names from CN must not be led around a constraint.
    for (const text of subject.getAll(COMMON_NAME)) {
      if (text.includes(".") && isDnsName(text, true)) names.push({ type: "dNSName", text });
    }
  }
  return names;
}

function smtpMailbox(name: Extract<GeneralName, { type: "otherName" }>): GeneralName {
  // With a value of another type it names no mailbox, whatever it calls itself.
  if (name.oid !== SMTP_UTF8_MAILBOX || name.value.tag !== Tag.UTF8_STRING) return name;
  return { type: "rfc822Name", text: new TextDecoder().decode(name.value.content) };
}
