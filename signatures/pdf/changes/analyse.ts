import { coverage } from "../coverage.ts";
import type { PdfDocument } from "../document.ts";
import { PdfRef, sameValue } from "../objects.ts";
import { onlyWhiteSpace } from "../revisions.ts";
import { isLocked, type PdfSignature, signatureFields } from "../signature-fields.ts";
import {
  catalogRule,
  compareTrailers,
  extensionsRule,
  infoRule,
  metadataRule,
  pagesRule,
  refuse,
  securityStoreRule,
} from "./document-rules.ts";
import { appearanceRule, fieldRule, fieldsRule, fieldValueRule, formResourcesRule, formRule } from "./form-rules.ts";
import { annotationRule, annotationsRule, pageRule } from "./page-rules.ts";
import { assignRoles, type RoleKind } from "./roles.ts";
import { type ChangeFinding, type ChangeLevel, type Comparison, type Rule, worse } from "./rule.ts";
import { structureRule } from "./structure-rules.ts";
import { judgeUpdateOctets } from "./update-octets.ts";

/** The judgement on everything that came after a signature. */
export interface ChangeAnalysis {
  /** The heaviest change found. */
  readonly level: ChangeLevel;
  /** Held against the permissions: nothing came, all is permitted, or something no rule or permission admits. */
  readonly verdict: "none" | "permitted" | "suspicious";
  /** The permission that applied: P of DocMDP or of the field lock; null when the signature grants by default. */
  readonly permission: 1 | 2 | 3 | null;
  readonly findings: readonly ChangeFinding[];
}

/** The rule for each role: a whitelist. What stands under `refuse` may not change at all. */
const RULES: Record<RoleKind, Rule> = {
  catalog: catalogRule,
  pages: pagesRule,
  page: pageRule,
  annotations: annotationsRule,
  annotation: annotationRule,
  form: formRule,
  fields: fieldsRule,
  field: fieldRule,
  "field-value": fieldValueRule,
  "signature-value": refuse,
  appearance: appearanceRule,
  "form-resources": formResourcesRule,
  "security-store": securityStoreRule,
  metadata: metadataRule,
  info: infoRule,
  extensions: extensionsRule,
  permissions: refuse,
  structure: structureRule,
  content: refuse,
};

/** More updates after a signature than this are not judged one by one. */
const MAX_UPDATES = 256;
const MAX_FINDINGS = 200;

/** Judgements of single updates, kept with the document: several signatures ask for the same ones. */
const judged = new WeakMap<PdfDocument, Map<number, readonly ChangeFinding[]>>();

/**
 * Judges all updates after the revision a signature covers by a whitelist (ISO 32000-2 §12.8.2.2, §12.8.2.4): long-term
 * validation data, time stamps, signing, form filling, comments. Each update is compared with the revision before it, so that
 * a change that is later taken back is seen too. The result is held against DocMDP, FieldMDP and the field lock; without any of
 * them all the named changes are permitted.
 * @throws SignaturesError PDF_LIMIT
 */
export function analyseChanges(document: PdfDocument, signature: PdfSignature): ChangeAnalysis {
  const covered = coverage(document, signature);
  const file = (code: string): ChangeFinding => ({
    code,
    level: "suspicious",
    revision: -1,
    object: null,
    field: null,
  });
  const permission = permissionOf(document, signature);
  const suspicious = (findings: ChangeFinding[]): ChangeAnalysis => ({
    level: "suspicious",
    verdict: "suspicious",
    permission,
    findings,
  });
  if (covered.revision === null) return suspicious([file("coverage-unclear")]);
  if (covered.level === "whole-file") return { level: "none", verdict: "none", permission, findings: [] };
  const last = document.revisions.length - 1;
  const end = document.revisions[last]!.end;
  const onlyEndOfLine = onlyWhiteSpace(document.bytes, end, document.bytes.length);
  if (covered.revision === last && onlyEndOfLine && signature.removedIn === null) {
    return { level: "none", verdict: "none", permission, findings: [] };
  }
  if (last - covered.revision > MAX_UPDATES) return suspicious([file("too-many-updates")]);

  const findings: ChangeFinding[] = [];
  if (signature.removedIn !== null) findings.push(file("signature-removed"));
  if (!onlyEndOfLine) findings.push(file("octets-after-last-revision"));
  for (let i = covered.revision + 1; i <= last; i++) {
    for (const finding of judgeUpdate(document, i)) findings.push(hold(finding, signature));
  }
  const level = findings.reduce<ChangeLevel>((a, f) => worse(a, f.level), "none");
  const limit: ChangeLevel = permission === 1 ? "lta" : permission === 2 ? "form-filling" : "annotations";
  const verdict = worse(level, limit) === limit ? "permitted" : "suspicious";
  return { level, verdict, permission, findings: findings.slice(0, MAX_FINDINGS) };
}

/** A change of a field that the signature locks is not admitted, whatever the level. */
function hold(finding: ChangeFinding, signature: PdfSignature): ChangeFinding {
  const filled = finding.field !== null && finding.level === "form-filling" && finding.code.startsWith("form-field");
  if (!filled) return finding;
  const locks = [signature.fieldMdp, signature.lock].filter((l) => l !== null);
  return locks.some((lock) => isLocked(lock, finding.field!))
    ? { ...finding, code: "locked-field-changed", level: "suspicious" }
    : finding;
}

/** The strictest permission in force since the signature: its own, its field lock's, and a certification's before it. */
function permissionOf(document: PdfDocument, signature: PdfSignature): 1 | 2 | 3 | null {
  const given = [signature.docMdp, signature.lock?.p ?? null];
  if (document.revisions.length > 1) {
    for (const other of signaturesOf(document)) if (other.revision < signature.revision) given.push(other.docMdp);
  }
  const set = given.filter((p) => p !== null);
  return set.length ? (Math.min(...set) as 1 | 2 | 3) : null;
}

const fields = new WeakMap<PdfDocument, PdfSignature[]>();

function signaturesOf(document: PdfDocument): PdfSignature[] {
  const known = fields.get(document) ?? signatureFields(document);
  fields.set(document, known);
  return known;
}

/** The findings on one update, against the revision before it. */
function judgeUpdate(document: PdfDocument, index: number): readonly ChangeFinding[] {
  const kept = judged.get(document) ?? new Map<number, readonly ChangeFinding[]>();
  judged.set(document, kept);
  const known = kept.get(index);
  if (known) return known;
  const findings = compareRevisions(document, index);
  kept.set(index, findings);
  return findings;
}

function compareRevisions(document: PdfDocument, index: number): ChangeFinding[] {
  const before = document.atRevision(index - 1);
  const after = document.atRevision(index);
  const findings = new Map<string, ChangeFinding>();
  let suspicious = 0;
  const report: Comparison["report"] = (code, level, object, field = null) => {
    const key = `${code} ${object} ${field}`;
    if (findings.size < MAX_FINDINGS || level === "suspicious") {
      findings.set(key, { code, level, revision: index, object, field });
      if (level === "suspicious") suspicious++;
    }
  };
  if (document.encrypted && !document.decrypted) {
    report("encrypted-not-comparable", "suspicious", null);
    return [...findings.values()];
  }
  const roles = assignRoles(before);
  if (!roles) {
    report("too-large-to-compare", "suspicious", null);
    return [...findings.values()];
  }
  // All that can be reached has been read now.
  if (document.anomalies.has("object-crosses-revision")) report("object-crosses-revision", "suspicious", null);
  const comparison: Comparison = { before, after, roles, report };
  compareTrailers(comparison);
  judgeUpdateOctets(comparison, index);
  const containers = objectStreams(document, index - 1);
  for (const [num, entry] of document.revisions[index]!.objects) {
    const uses = roles.get(num);
    if (containers.has(num) && !sameValue(before.load(num), after.load(num))) {
      // Objects of older revisions would be read out of another stream than the one they were signed in.
      report("object-stream-replaced", "suspicious", num);
    }
    // What nothing referred to cannot have been seen; what refers to it now is judged where it does.
    if (!uses) continue;
    const old = before.entry(num);
    if (old && sameEntry(old, entry)) continue;
    // References keep their generation: a new one makes them lead nowhere.
    const reference = new PdfRef(num, old?.kind === "offset" ? old.gen : 0);
    const from = old ? before.resolve(reference) : null;
    const to = old ? after.resolve(reference) : after.load(num);
    if (sameValue(from, to)) continue;
    for (const role of uses) RULES[role.kind](comparison, { object: num, from, to, role });
    // Only what already fails the update may end the search: harmless changes would hide the one behind them.
    if (suspicious >= MAX_FINDINGS) break;
  }
  return [...findings.values()];
}

/** Numbers of the object streams that hold objects as of revision `index`. */
function objectStreams(document: PdfDocument, index: number): Set<number> {
  const out = new Set<number>();
  for (let i = 0; i <= index; i++) {
    for (const entry of document.revisions[i]!.objects.values()) if (entry.kind === "compressed") out.add(entry.stream);
  }
  return out;
}

type Entry = NonNullable<ReturnType<PdfDocument["entryAt"]>>;

function sameEntry(a: Entry, b: Entry): boolean {
  if (a.kind === "offset") return b.kind === "offset" && a.offset === b.offset && a.gen === b.gen;
  // A compressed object moves with its stream, so it is compared by value.
  return false;
}
