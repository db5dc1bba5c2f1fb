import { SignaturesError } from "../../errors.ts";
import { type PlannedSignature, type Profile, shippedProfiles, unsignedParts } from "../../profiles/index.ts";
import { planSignatures, readFacts } from "../../profiles/plan.ts";
import {
  descendants,
  elementPath,
  elementsAtPath,
  isCovered,
  type XmlDocument,
  type XmlElement,
  type XmlReference,
} from "../../xml/index.ts";
import type { SignatureCandidate } from "../candidate.ts";
import { finding } from "../findings.ts";
import type { Finding, SignatureReport } from "../report.ts";
import type { ValidationProcess } from "../validation-process.ts";
import type { XmlReading } from "../xml/xml-document.ts";
import { judgeRoleChain, type PlacedReport, type ReferencedPart } from "./role-chain.ts";

/** What there is to say of a document as a whole. */
export interface Judgement {
  /** Name of the profile that it was held against; null for none. */
  readonly profile: string | null;
  readonly findings: readonly Finding[];
}

const NO_PROFILE: Judgement = { profile: null, findings: [] };

/** The role chain of an XML transcript; nothing for another document. `reports` in the order of the reading. */
export function judgeXmlTranscript(
  reading: XmlReading,
  reports: readonly SignatureReport[],
  process: ValidationProcess,
): Judgement {
  const { document } = reading;
  const profile = xmlProfile(document, process.context.profile);
  if (!profile) return { profile: null, findings: styleSheets(reading) };
  if (profile.format !== "xml") return wrongFormat(profile);
  const { planned, findings } = plan(profile, document);
  const holders = new Map(planned.map((p) => [p, p.xml ? elementsAtPath(document.root, p.xml.holder)[0] : undefined]));
  const signatures = reading.found.flatMap(({ candidate, signature, data }, i): PlacedReport[] => {
    if (candidate.counterSignature) return [];
    const parent = signature?.element.parent;
    const holder = parent?.type === "element" ? parent : null;
    return [
      {
        report: reports[i]!,
        takesPlaceOf: (p) => holder !== null && holders.get(p) === holder,
        references: data.map((r) => referencedPart(r, document, profile)),
        insideItsReference: data.some((r) => r.enclosesSignature),
        signedEnd: null,
        laterLevel: "none",
        place: holder ? elementPath(holder) : candidate.id,
      },
    ];
  });
  const facts = readFacts(profile, document);
  const chain = judgeRoleChain({
    profile,
    planned,
    signatures,
    schoolCode: facts.schoolCode,
    registry: process.context.registry ?? null,
    time: process.time,
  });
  return { profile: profile.name, findings: [...findings, ...chain, ...unsignedFindings(reading, profile, planned)] };
}

/** The role chain of a PDF rendering; nothing for another document. */
export function judgePdfTranscript(
  candidates: readonly SignatureCandidate[],
  reports: readonly SignatureReport[],
  process: ValidationProcess,
): Judgement {
  const given = process.context.profile;
  if (given === null) return NO_PROFILE;
  const profile = given ?? shippedProfiles.get("hocba-pdf")!;
  if (profile.format !== "pdf") return wrongFormat(profile);
  const names = new Set(profile.steps.map((s) => s.pdf?.fieldName));
  // Without a profile given with the call, only a file with fields of the transcript is taken for one.
  if (!given && !reports.some((r) => names.has(r.id))) return NO_PROFILE;
  const signatures = reports.flatMap((report, i): PlacedReport[] => {
    if (candidates[i]!.counterSignature) return [];
    return [
      {
        report,
        takesPlaceOf: (p) => p.step.pdf?.fieldName === report.id,
        references: null,
        insideItsReference: false,
        signedEnd: candidates[i]!.signedEnd,
        laterLevel: candidates[i]!.laterLevel,
        place: report.id,
      },
    ];
  });
  const findings = judgeRoleChain({
    profile,
    planned: planSignatures(profile, null),
    signatures,
    schoolCode: null,
    registry: process.context.registry ?? null,
    time: process.time,
  });
  return { profile: profile.name, findings };
}

/** A file that is neither XML nor PDF takes a profile of another format, when the caller names one, for what it is not. */
export function judgeOtherFormat(format: string, process: ValidationProcess): Judgement {
  const given = process.context.profile;
  if (!given) return NO_PROFILE;
  return given.format === format ? { profile: given.name, findings: [] } : wrongFormat(given);
}

const wrongFormat = (profile: Profile): Judgement => ({
  profile: profile.name,
  findings: [finding("PROFILE_FORMAT", { profile: profile.name, format: profile.format })],
});

function xmlProfile(document: XmlDocument, given: Profile | null | undefined): Profile | null {
  if (given === null) return null;
  if (given) return given;
  for (const profile of shippedProfiles.values()) {
    if (profile.xml && holdsTranscript(document, profile.xml)) return profile;
  }
  return null;
}

/**
 * A transcript under another document element, or in another namespace, is still read as one by people and programs: it is
 * held to the chain, which says that its structure is wrong.
 */
function holdsTranscript(document: XmlDocument, { root, facts }: NonNullable<Profile["xml"]>): boolean {
  if (document.root.local === root) return true;
  const names = new Set([root, ...(facts.documentId?.split("/").slice(0, 2) ?? [])]);
  return descendants(document.root).some((e) => names.has(e.local));
}

function plan(profile: Profile, document: XmlDocument): { planned: PlannedSignature[]; findings: Finding[] } {
  try {
    return { planned: planSignatures(profile, document), findings: [] };
  } catch (error) {
    if (!(error instanceof SignaturesError)) throw error;
    return { planned: [], findings: [finding("HOCBA_STRUCTURE", { reason: error.message })] };
  }
}

/** What a reference speaks for. Where the digest is wrong the signature has failed already: then what it names is told. */
function referencedPart(reference: XmlReference, document: XmlDocument, profile: Profile): ReferencedPart {
  const { apex } = reference.coverage;
  const uri = (reference.uri ?? "").slice(0, MAX_URI);
  if (apex === null) {
    if (reference.status === "ambiguous") {
      return partly(`phần tử có Id trùng (${uri})`, `an element whose Id occurs more than once (${uri})`);
    }
    const outside = !uri.startsWith("#");
    return outside
      ? partly(`nội dung ngoài tệp (${uri || "∅"})`, `content outside of the file (${uri || "∅"})`)
      : partly(`phần không có trong tệp (${uri})`, `a part that is not in the file (${uri})`);
  }
  if (apex.type === "document") return partly("cả tệp", "the whole file");
  const id = apex.attribute(profile.xml?.idAttribute ?? "Id");
  const name = id === null ? elementPath(apex) : `#${id}`;
  const whole = reference.status === "broken" || isCovered(reference, apex);
  if (!whole) return partly(`chỉ một phần của ${name}`, `only a part of ${name}`);
  const known = id !== null && document.ids.get(id)?.length === 1;
  return { whole: known ? `#${id}` : null, told: { vi: name, en: name } };
}

const partly = (vi: string, en: string): ReferencedPart => ({ whole: null, told: { vi, en } });

/** Octets of a URI worth showing. */
const MAX_URI = 100;

function unsignedFindings(reading: XmlReading, profile: Profile, planned: readonly PlannedSignature[]): Finding[] {
  const covered = new Set<XmlElement>();
  const own = new Set<XmlElement>();
  const signatures = new Set<XmlElement>();
  for (const { signature, candidate, element } of reading.found) {
    signatures.add(element);
    if (!signature) continue;
    for (const r of signature.references) {
      const { apex } = r.coverage;
      if (apex?.type !== "element" || !isCovered(r, apex)) continue;
      if (signature.element.contains(apex)) own.add(apex);
      // A counter-signature speaks for a signature, not for the transcript.
      else if (!candidate.counterSignature) covered.add(apex);
    }
  }
  return unsignedParts(profile, reading.document, planned, { covered, own, signatures }).map(({ kind, path }) =>
    finding(kind === "content" ? "HOCBA_UNSIGNED_CONTENT" : "XML_UNSIGNED_INSTRUCTION", { path }),
  );
}

/** In a file that is no transcript a style sheet is told; whether it matters the reader must know. */
function styleSheets({ document }: XmlReading): Finding[] {
  const pi = document.children.find((c) => c.type === "pi" && c.target === "xml-stylesheet");
  return pi ? [finding("XML_UNSIGNED_INSTRUCTION", { path: "<?xml-stylesheet?>" }, "warning")] : [];
}
