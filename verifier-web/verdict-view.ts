import type { Bilingual } from "@hocba/signatures";
import type { SignatureReport } from "@hocba/signatures/verify";
import { element, icon } from "./element.ts";
import { say } from "./language.ts";
import { localTime } from "./names-and-times.ts";
import { findingsList, signatureView, tones } from "./signature-view.ts";
import { texts, verdictWords } from "./texts.ts";
import { isOpen, uncheckedPoints } from "./unchecked.ts";
import type { Verdict } from "./verification-client.ts";

/** From how many subject teachers on they are folded together, so that principal and seal are not far down the page. */
const foldFrom = 3;

/** The whole verdict on one file: the sentence, the signers, what could not be checked, the rest folded away. */
export function verdictView(verdict: Verdict): readonly Node[] {
  const tone = tones[verdict.indication];
  const { word, advice } = verdictWords[verdict.indication];
  const findings = verdict.findings.filter((found) => !isOpen(found));
  return [
    element(
      "div",
      { class: `verdict ${tone}` },
      element("span", { class: "verdict-icon" }, icon(tone)),
      element(
        "div",
        {},
        element("p", { class: "verdict-word" }, say(word)),
        element("p", { class: "sentence" }, say(verdict.sentence)),
        element("p", { class: "advice" }, say(advice)),
      ),
    ),
    ...section(texts.findings, findingsList(findings)),
    ...section(texts.signers, ...signers(verdict.signatures)),
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

function section(title: Bilingual, ...content: readonly (HTMLElement | null)[]): Node[] {
  const shown = content.filter((part) => part !== null);
  return shown.length === 0 ? [] : [element("section", {}, element("h3", {}, say(title)), ...shown)];
}

/** In the order of authority: seal, principal, homeroom teacher, others; subject teachers folded when they are many. */
function signers(signatures: readonly SignatureReport[]): HTMLElement[] {
  const people = signatures.filter((signature) => signature.format !== "DocTimeStamp");
  const teachers = people.filter((signature) => signature.role === "subject-teacher");
  const leading = people.filter((each) => each.role !== "subject-teacher").sort((a, b) => authority(a) - authority(b));
  const lists: HTMLElement[] = [];
  if (leading.length > 0) lists.push(element("ol", { class: "signatures" }, ...leading.map(signatureView)));
  if (teachers.length === 0) return lists;
  const list = element("ol", { class: "signatures" }, ...teachers.map(signatureView));
  if (teachers.length < foldFrom) return [...lists, list];
  const summary = say(texts.subjectTeachers).replace("{count}", String(teachers.length));
  const worst =
    teachers.find((t) => t.indication === "TOTAL-FAILED") ?? teachers.find((t) => t.indication !== "TOTAL-PASSED");
  const tone = tones[(worst ?? teachers[0]!).indication];
  const word = verdictWords[(worst ?? teachers[0]!).indication].word;
  lists.push(
    element(
      "details",
      { class: "teachers", open: worst !== undefined },
      element("summary", {}, summary, element("span", { class: `badge ${tone}` }, icon(tone), say(word))),
      list,
    ),
  );
  return lists;
}

const byAuthority = ["seal", "principal", "homeroom-teacher"];

/** Signatures without a role keep their order, after those that have one. */
function authority(signature: SignatureReport): number {
  const position = byAuthority.indexOf(signature.role ?? "");
  return position === -1 ? byAuthority.length : position;
}

function documentStamps(signatures: readonly SignatureReport[]): HTMLElement | null {
  const stamps = signatures.filter((signature) => signature.format === "DocTimeStamp");
  return stamps.length === 0 ? null : element("ol", { class: "signatures" }, ...stamps.map(signatureView));
}

function uncheckedList(verdict: Verdict): HTMLElement | null {
  const points = uncheckedPoints(verdict);
  if (points.length === 0) return null;
  return element("ul", { class: "unchecked" }, ...points.map((point) => element("li", {}, say(point))));
}

function fact(label: Bilingual, value: string): HTMLElement {
  return element("div", {}, element("dt", {}, say(label)), element("dd", {}, value));
}
