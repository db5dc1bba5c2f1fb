import type { Bilingual } from "@hocba/signatures";
import type { SignatureReport } from "@hocba/signatures/verify";
import { element, icon } from "./element.ts";
import { say } from "./language.ts";
import { localTime } from "./names-and-times.ts";
import { findingsList, signatureView, tones } from "./signature-view.ts";
import { texts, verdictWords } from "./texts.ts";
import { isOpen, uncheckedPoints } from "./unchecked.ts";
import type { Verdict } from "./verification-client.ts";

/** From how many valid subject teachers on they are folded together, so that the rest is not far down the page. */
const foldFrom = 3;
/** Findings shown at once; a broken transcript can draw dozens that follow from the first. */
const firstFindings = 4;

/** The whole verdict on one file: the sentence, the signers, what could not be checked, the rest folded away. */
export function verdictView(verdict: Verdict, subjects: ReadonlyMap<string, string>): readonly Node[] {
  const tone = tones[verdict.indication];
  const { headline, rest } = verdictWording(verdict);
  return [
    element(
      "div",
      { class: `verdict ${tone}` },
      element("span", { class: "verdict-icon" }, icon(tone)),
      element("div", {}, element("p", { class: "verdict-word" }, headline), element("p", { class: "sentence" }, rest)),
    ),
    ...section(texts.findings, ...documentFindings(verdict)),
    ...section(texts.signers, ...signers(verdict.signatures, subjects)),
    ...section(texts.documentStamps, documentStamps(verdict.signatures)),
    ...section(texts.unchecked, uncheckedList(verdict)),
    element(
      "details",
      { class: "technical" },
      element("summary", {}, say(texts.details)),
      element(
        "dl",
        { class: "facts" },
        fact(texts.conclusion, [verdict.indication, verdict.subIndication].filter((part) => part !== null).join(" / ")),
        fact(texts.checkedAt, `${localTime(verdict.validationTime, true)} (${say(texts.zone)})`),
        fact(texts.policy, verdict.policy),
        fact(texts.hash, verdict.sha256),
      ),
    ),
  ];
}

/** The sentence, its head ("Hợp lệ:") set large; for what is no document at all, the reason instead. */
export function verdictWording(verdict: Verdict): { headline: string; rest: string } {
  const reason = verdict.findings.find((found) => found.severity === "error");
  if (verdict.format === "unknown" && reason !== undefined) {
    return { headline: say(texts.unreadable), rest: `${say(reason.message)} ${say(texts.askOriginal)}` };
  }
  const sentence = say(verdict.sentence);
  const colon = sentence.indexOf(": ");
  if (colon < 0 || colon > 40) return { headline: say(verdictWords[verdict.indication].word), rest: sentence };
  const rest = sentence.slice(colon + 2);
  return { headline: sentence.slice(0, colon), rest: rest.charAt(0).toLocaleUpperCase() + rest.slice(1) };
}

/** Findings that the sentence itself consists of. */
const saidAbove = new Set(["NO_SIGNATURE", "NOT_RECOGNISED", "EMPTY_FILE"]);

function documentFindings(verdict: Verdict): (HTMLElement | null)[] {
  const findings = verdict.findings.filter((found) => !isOpen(found) && !saidAbove.has(found.code));
  const more = findings.slice(firstFindings);
  if (more.length < 2) return [findingsList(findings)];
  return [
    findingsList(findings.slice(0, firstFindings)),
    element(
      "details",
      { class: "technical" },
      element("summary", {}, say(texts.moreFindings).replace("{count}", String(more.length))),
      findingsList(more),
    ),
  ];
}

function section(title: Bilingual, ...content: readonly (HTMLElement | null)[]): Node[] {
  const shown = content.filter((part) => part !== null);
  return shown.length === 0 ? [] : [element("section", {}, element("h3", {}, say(title)), ...shown)];
}

/** In the order of authority, the subject teachers last; those whose signatures are valid fold when they are many. */
function signers(signatures: readonly SignatureReport[], subjects: ReadonlyMap<string, string>): HTMLElement[] {
  const people = signatures.filter((signature) => signature.format !== "DocTimeStamp");
  const teachers = people.filter((signature) => signature.role === "subject-teacher");
  const valid = teachers.filter((signature) => signature.indication === "TOTAL-PASSED");
  const folded = valid.length >= foldFrom ? valid : [];
  const shown = people.filter((each) => !folded.includes(each)).sort((a, b) => authority(a) - authority(b));
  const view = (signature: SignatureReport): HTMLElement => signatureView(signature, subjects);
  const lists: HTMLElement[] = [];
  if (shown.length > 0) lists.push(element("ol", { class: "signatures" }, ...shown.map(view)));
  if (folded.length > 0) {
    const summary = say(folded.length === teachers.length ? texts.subjectTeachers : texts.otherSubjectTeachers);
    lists.push(
      element(
        "details",
        { class: "teachers" },
        element(
          "summary",
          {},
          summary.replace("{count}", String(folded.length)),
          element("span", { class: "badge passed" }, icon("passed"), say(verdictWords["TOTAL-PASSED"].word)),
        ),
        element("ol", { class: "signatures" }, ...folded.map(view)),
      ),
    );
  }
  return lists;
}

const byAuthority = ["seal", "principal", "homeroom-teacher", "subject-teacher"];

/** Signatures without a role keep their order, after those that have one. */
function authority(signature: SignatureReport): number {
  const position = byAuthority.indexOf(signature.role ?? "");
  return position === -1 ? byAuthority.length : position;
}

function documentStamps(signatures: readonly SignatureReport[]): HTMLElement | null {
  const stamps = signatures.filter((signature) => signature.format === "DocTimeStamp");
  return stamps.length === 0
    ? null
    : element("ol", { class: "signatures" }, ...stamps.map((stamp) => signatureView(stamp)));
}

function uncheckedList(verdict: Verdict): HTMLElement | null {
  const points = uncheckedPoints(verdict);
  if (points.length === 0) return null;
  return element("ul", { class: "unchecked" }, ...points.map((point) => element("li", {}, say(point))));
}

function fact(label: Bilingual, value: string): HTMLElement {
  return element("div", {}, element("dt", {}, say(label)), element("dd", {}, value));
}
