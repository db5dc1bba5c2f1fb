import type { Bilingual } from "@hocba/signatures";
import type { Finding, SignatureReport } from "@hocba/signatures/verify";
import { element, type IconName, icon } from "./element.ts";
import { say } from "./language.ts";
import { commonName, localDate, localTime, organisation } from "./names-and-times.ts";
import {
  integrityWords,
  laterChangesWords,
  levelWords,
  revocationWords,
  roleNames,
  severityWords,
  texts,
  verdictWords,
} from "./texts.ts";

export type Tone = "passed" | "failed" | "undecided" | "unsigned";

export const tones = {
  "TOTAL-PASSED": "passed",
  "TOTAL-FAILED": "failed",
  INDETERMINATE: "undecided",
  "NO-SIGNATURE": "unsigned",
} as const satisfies Record<string, Tone>;

/** One signer: who, in what role, when, by which certificate, revoked or not, and what the verifier remarked. */
export function signatureView(
  signature: SignatureReport,
  subjects: ReadonlyMap<string, string> = new Map(),
): HTMLElement {
  const { signer } = signature;
  const tone = tones[signature.indication];
  const role = roleOf(signature, subjects);
  const belongsTo = signer === null ? "" : organisation(signer.subject);
  const heading = signer === null ? say(texts.noSigner) : commonName(signer.subject);
  return element(
    "li",
    { class: `signature ${tone}` },
    element(
      "div",
      { class: "signature-head" },
      icon(signature.role === "seal" ? "seal" : signature.format === "DocTimeStamp" ? "clock" : "person"),
      element(
        "div",
        {},
        role === null ? null : element("p", { class: "role" }, role),
        element("h4", {}, heading),
        belongsTo === "" ? null : element("p", { class: "organisation" }, belongsTo),
      ),
      element("p", { class: `badge ${tone}` }, icon(tone), say(verdictWords[signature.indication].word)),
    ),
    element("dl", { class: "facts" }, ...facts(signature)),
    findingsList(signature.findings.filter((found) => found.severity !== "info")),
    technical(signature),
  );
}

/** The role in words, a teacher's with the subject; a signature outside any profile has none. */
function roleOf(signature: SignatureReport, subjects: ReadonlyMap<string, string>): string | null {
  if (signature.role === null) return null;
  const name = roleNames[signature.role];
  const role = name === undefined ? signature.role : say(name);
  if (signature.role !== "subject-teacher" || signature.integrity !== "intact") return role;
  const subject = signature.covers
    .map((covered) => subjects.get(/^#(\S+)/.exec(covered)?.[1] ?? ""))
    .find((found) => found !== undefined);
  return subject === undefined ? role : `${role}: ${subject}`;
}

function facts(signature: SignatureReport): HTMLElement[] {
  const rows = [
    fact(texts.signedAt, timeOf(signature)),
    fact(
      texts.integrity,
      contentOf(signature),
      signature.integrity === "broken" || signature.laterChanges === "suspicious",
    ),
  ];
  const { signer } = signature;
  if (signer !== null) {
    const words = say(texts.issuedBy)
      .replace("{issuer}", () => commonName(signer.issuer))
      .replace("{from}", localDate(signer.notBefore))
      .replace("{to}", localDate(signer.notAfter));
    rows.push(fact(texts.certificate, words));
  }
  const revoked = signature.revocation.some((answer) => answer.status === "revoked");
  rows.push(fact(texts.revocation, revocationOf(signature), revoked));
  if (signature.format !== "DocTimeStamp") rows.push(fact(texts.level, say(levelWords[signature.level])));
  return rows;
}

function fact(label: Bilingual, value: string, alarming = false): HTMLElement {
  return element(
    "div",
    {},
    element("dt", {}, say(label)),
    element("dd", { class: alarming ? "alarming" : null }, value),
  );
}

function timeOf(signature: SignatureReport): string {
  const proof = signature.timestamps.find((stamp) => stamp.time === signature.bestSignatureTime);
  if (signature.bestSignatureTime !== null) {
    const time = `${localTime(signature.bestSignatureTime)} (${say(texts.zone)})`;
    return proof?.tsa ? `${time}, ${say(texts.provenBy)} ${commonName(proof.tsa)}` : time;
  }
  if (signature.claimedSigningTime === null) return say(texts.noTime);
  return `${localTime(signature.claimedSigningTime)} (${say(texts.claimed)})`;
}

function contentOf(signature: SignatureReport): string {
  const later = laterChangesWords[signature.laterChanges];
  return [say(integrityWords[signature.integrity]), ...(later === null ? [] : [say(later)])].join("; ");
}

/** The signer's own certificate; a revoked one above it is told as well. */
function revocationOf(signature: SignatureReport): string {
  const own = signature.revocation.filter((answer) => answer.subject === signature.signer?.subject);
  const shown = [
    ...own.slice(0, 1),
    ...signature.revocation.filter((answer) => answer.status === "revoked" && answer !== own[0]),
  ];
  if (shown.length === 0) return say(texts.revocationNone);
  return shown
    .map((answer) => {
      const of = answer.subject === signature.signer?.subject ? "" : `${commonName(answer.subject)}: `;
      const since = answer.revokedAt
        ? ` ${say(revocationWords.revokedAt).replace("{time}", localTime(answer.revokedAt))}`
        : "";
      const source = say(revocationWords.asOf)
        .replace("{source}", answer.source.toUpperCase())
        .replace("{time}", localTime(answer.thisUpdate));
      return `${of}${say(revocationWords[answer.status])}${since} (${source})`;
    })
    .join("; ");
}

/** Findings in plain words, each with its weight as icon and as word. */
export function findingsList(findings: readonly Finding[]): HTMLElement | null {
  if (findings.length === 0) return null;
  const icons: Record<Finding["severity"], IconName> = { error: "failed", warning: "warning", info: "info" };
  return element(
    "ul",
    { class: "findings" },
    ...findings.map((found) =>
      element(
        "li",
        { class: found.severity },
        icon(icons[found.severity]),
        element("span", {}, element("strong", {}, `${say(severityWords[found.severity])}: `), say(found.message)),
      ),
    ),
  );
}

function technical(signature: SignatureReport): HTMLElement {
  const { signer } = signature;
  const conclusion = [signature.indication, signature.subIndication].filter((part) => part !== null).join(" / ");
  const rows = [fact(texts.conclusion, conclusion), fact(texts.format, `${signature.format}, ${signature.id}`)];
  if (signature.covers.length > 0) rows.push(fact(texts.covers, signature.covers.join(", ")));
  if (signer !== null) {
    rows.push(fact(texts.certificate, signer.subject), fact(texts.serial, signer.serial));
    rows.push(fact(texts.fingerprint, signer.fingerprint));
  }
  return element(
    "details",
    { class: "technical" },
    element("summary", {}, say(texts.details)),
    element("dl", { class: "facts" }, ...rows),
    findingsList(signature.findings.filter((found) => found.severity === "info")),
  );
}
