import type { Bilingual } from "../../bilingual.ts";
import type { PlannedSignature, Profile } from "../../profiles/profile.ts";
import type { SignatureCandidate } from "../candidate.ts";
import type { CertificateRegistry } from "../context.ts";
import { finding } from "../findings.ts";
import type { Finding, SignatureReport } from "../report.ts";

/** What a reference of a signature speaks for. */
export interface ReferencedPart {
  /** `#Id` of an element that is covered as a whole; null for anything else. */
  readonly whole: string | null;
  /** For people. */
  readonly told: Bilingual;
}

/** A signature of the document and where it stands in terms of the profile. */
export interface PlacedReport {
  readonly report: SignatureReport;
  /** The planned signatures whose place it takes; more than one is a fault of the document. */
  readonly takesPlaceOf: (planned: PlannedSignature) => boolean;
  /** XML: what it covers; PDF: null. */
  readonly references: readonly ReferencedPart[] | null;
  /** XML: it lies inside an element that it covers. */
  readonly insideItsReference: boolean;
  /** PDF: offset after the last signed octet; later signatures reach further. XML: null. */
  readonly signedEnd: number | null;
  /** PDF: the heaviest change that came after it. */
  readonly laterLevel: SignatureCandidate["laterLevel"];
  readonly place: string;
}

export interface RoleChainInput {
  readonly profile: Profile;
  readonly planned: readonly PlannedSignature[];
  readonly signatures: readonly PlacedReport[];
  readonly schoolCode: string | null;
  readonly registry: CertificateRegistry | null;
  /** The time of validation, ms since 1970. */
  readonly time: number;
}

/** Clocks of authorities have been off by hours: an order that only times contradict is told, never judged, beyond this. */
const ORDER_TOLERANCE = 60_000;
/** References named in one sentence. */
const MOST_REFERENCES = 5;

/**
 * Holds a transcript's signatures against its profile: every planned one is there, in its own place, over its own part, by
 * somebody who may, in order, and no other. Sets `role` in the reports. An error among the findings makes the document
 * not valid, whatever the cryptography says.
 */
export function judgeRoleChain(given: RoleChainInput): Finding[] {
  const silent = given.registry?.knows?.(given.schoolCode) === false;
  const input = silent ? { ...given, registry: null } : given;
  const findings: Finding[] = [];
  const taken = new Map<PlannedSignature, PlacedReport>();
  for (const planned of input.planned) {
    const here = input.signatures.filter((s) => s.takesPlaceOf(planned));
    const [first] = here;
    if (!first) {
      findings.push(finding("HOCBA_STEP_MISSING", { step: stepName(planned) }));
      continue;
    }
    if (here.length > 1) findings.push(finding("HOCBA_STEP_REPEATED", { step: stepName(planned), count: here.length }));
    for (const placed of here) placed.report.role = planned.step.role;
    taken.set(planned, first);
    findings.push(...judgeStep(planned, first, input));
  }
  const placed = new Set(input.planned.flatMap((p) => input.signatures.filter((s) => s.takesPlaceOf(p))));
  for (const stray of input.signatures) {
    if (placed.has(stray) || stray.report.format === "DocTimeStamp") continue;
    findings.push(finding("HOCBA_WRONG_PLACE", { place: stray.place }));
  }
  findings.push(...judgeOrder(taken), ...judgeLaterChanges(taken), ...judgeSeal(taken));
  if (!input.registry) findings.push(finding("HOCBA_NO_REGISTRY"));
  return findings;
}

function judgeStep(planned: PlannedSignature, placed: PlacedReport, input: RoleChainInput): Finding[] {
  const findings: Finding[] = [];
  const step = stepName(planned);
  const { report } = placed;
  if (planned.xml && placed.references) {
    const wanted = planned.xml.reference;
    if (placed.references.length !== 1 || placed.references[0]!.whole !== wanted) {
      findings.push(finding("HOCBA_WRONG_REFERENCE", { step, wanted, found: enumerated(placed.references) }));
    }
    if (placed.insideItsReference) findings.push(finding("HOCBA_SIGNATURE_INSIDE", { step }));
  }
  if (report.indication === "TOTAL-FAILED") findings.push(finding("HOCBA_STEP_NOT_PASSED", { step }));
  if (planned.step.level === "T" && isStampBroken(report)) findings.push(finding("HOCBA_STEP_STAMP_BROKEN", { step }));
  // The gateway hands out what waits for its stamp, and anybody can cut a stamp off: the signature stands, its time does not.
  if (planned.step.level === "T" && report.timestamps.length === 0) {
    findings.push(finding("HOCBA_TIMESTAMP_MISSING", { step }));
  }
  const organisation = isOrganisation(report);
  if (report.signer && planned.step.role === "seal" && !organisation) {
    findings.push(finding("HOCBA_SEAL_EXPECTED", { step }));
  }
  if (planned.step.role !== "seal" && organisation) findings.push(finding("HOCBA_SEAL_UNEXPECTED", { step }));
  if (input.registry && report.signer) findings.push(...judgeBinding(report, planned, input));
  return findings;
}

function enumerated(parts: readonly ReferencedPart[]): Bilingual {
  if (parts.length === 0) return { vi: "không gì trong tệp", en: "nothing in the file" };
  const shown = parts.slice(0, MOST_REFERENCES);
  const more = parts.length > shown.length ? ", …" : "";
  return {
    vi: shown.map((p) => p.told.vi).join(", ") + more,
    en: shown.map((p) => p.told.en).join(", ") + more,
  };
}

/**
 * A stamp stands there, is false, and no other proves the time. In general a useless stamp takes nothing from a signature
 * (EN 319 102-1 §5.5.4); where the profile demands the time, somebody has tampered with what was demanded.
 */
function isStampBroken({ timestamps, bestSignatureTime }: SignatureReport): boolean {
  return bestSignatureTime === null && timestamps.some((t) => t.integrity === "broken" || !t.imprintMatches);
}

function judgeBinding(report: SignatureReport, { step, key }: PlannedSignature, input: RoleChainInput): Finding[] {
  const { role } = step;
  const time = Date.parse(report.bestSignatureTime ?? "") || input.time;
  if (input.registry!.isBound(report.signer!, role, input.schoolCode, time, key)) return [];
  const values = {
    serial: report.signer!.serial,
    role: key === null ? role : `${role} (${key})`,
    school: input.schoolCode ?? "?",
  };
  return [finding("HOCBA_NOT_REGISTERED", values)];
}

/** Agencies' certificates of the G2 hierarchy carry UID=MST:… or UID=MNS:…; a hint, since older ones do not. */
function isOrganisation(report: SignatureReport): boolean {
  return /(?:^|[,+])(?:UID|0\.9\.2342\.19200300\.100\.1\.1)=(?:MST|MNS)\\?:/.test(report.signer?.subject ?? "");
}

function judgeOrder(taken: ReadonlyMap<PlannedSignature, PlacedReport>): Finding[] {
  const findings: Finding[] = [];
  const steps = [...taken].sort(([a], [b]) => a.step.order - b.step.order);
  let latest: { planned: PlannedSignature; time: number } | null = null;
  let earlierStep: [PlannedSignature, PlacedReport] | null = null;
  for (const [planned, placed] of steps) {
    if (earlierStep && earlierStep[0].step.order < planned.step.order && placed.signedEnd !== null) {
      if ((earlierStep[1].signedEnd ?? 0) >= placed.signedEnd) {
        const values = { later: stepName(planned), earlier: stepName(earlierStep[0]) };
        findings.push(finding("HOCBA_NOT_COVERED", values));
      }
    }
    earlierStep = [planned, placed];
    const time = Date.parse(placed.report.bestSignatureTime ?? placed.report.claimedSigningTime ?? "");
    if (Number.isNaN(time)) continue;
    if (latest && latest.planned.step.order < planned.step.order && latest.time - time > ORDER_TOLERANCE) {
      const seconds = Math.round((latest.time - time) / 1000);
      const values = { later: stepName(planned), earlier: stepName(latest.planned), seconds };
      findings.push(finding("HOCBA_ORDER", values, "warning"));
    }
    if (!latest || time > latest.time) latest = { planned, time };
  }
  return findings;
}

/**
 * ISO 32000 lets anybody comment on a signed PDF and fill its forms. A transcript takes nothing of the kind: between its
 * signatures only signatures, after the last one only validation data and time stamps.
 */
function judgeLaterChanges(taken: ReadonlyMap<PlannedSignature, PlacedReport>): Finding[] {
  const last = Math.max(...[...taken.values()].map((p) => p.signedEnd ?? 0));
  return [...taken].flatMap(([planned, { laterLevel, signedEnd }]) => {
    const admitted =
      laterLevel === "none" || laterLevel === "lta" || (laterLevel === "form-filling" && signedEnd !== last);
    // What is suspicious has failed its signature already.
    if (admitted || laterLevel === "suspicious") return [];
    return [finding("HOCBA_CHANGED_LATER", { step: stepName(planned) })];
  });
}

/** A seal whose certificate also signed for a person is a seal lent, or the wrong certificate picked. */
function judgeSeal(taken: ReadonlyMap<PlannedSignature, PlacedReport>): Finding[] {
  const findings: Finding[] = [];
  const entries = [...taken];
  for (const [seal, placed] of entries) {
    if (seal.step.role !== "seal" || !placed.report.signer) continue;
    const other = entries.find(
      ([p, s]) => p.step.role !== "seal" && s.report.signer?.fingerprint === placed.report.signer!.fingerprint,
    );
    if (other) findings.push(finding("HOCBA_SAME_CERTIFICATE", { first: stepName(other[0]), second: stepName(seal) }));
  }
  return findings;
}

function stepName(planned: PlannedSignature): Bilingual {
  const { vi, en } = planned.step.title;
  return planned.key === null ? { vi, en } : { vi: `${vi} (${planned.key})`, en: `${en} (${planned.key})` };
}
