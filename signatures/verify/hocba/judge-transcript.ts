import { SignaturesError } from "../../errors.ts";
import { type PlannedSignature, type Profile, shippedProfiles } from "../../profiles/index.ts";
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
import { judgeRoleChain, type PlacedReport } from "./role-chain.ts";

const MAX_UNSIGNED_TOLD = 10;

/** The role chain of an XML transcript; nothing for another document. `reports` in the order of the reading. */
export function judgeXmlTranscript(
  reading: XmlReading,
  reports: readonly SignatureReport[],
  process: ValidationProcess,
): Finding[] {
  const { document } = reading;
  const profile = xmlProfile(document, process.context.profile);
  if (!profile) return [];
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
        references: data.map((r) => wholeElement(r, document, profile)),
        insideItsReference: data.some((r) => r.enclosesSignature),
        signedEnd: null,
        laterLevel: "none",
        place: holder ? elementPath(holder) : candidate.id,
      },
    ];
  });
  const facts = readFacts(profile, document);
  return [
    ...findings,
    ...judgeRoleChain({
      profile,
      planned,
      signatures,
      schoolCode: facts.schoolCode,
      registry: process.context.registry ?? null,
      time: process.time,
    }),
    ...unsignedContent(reading),
  ];
}

/** The role chain of a PDF rendering; nothing for another document. */
export function judgePdfTranscript(
  candidates: readonly SignatureCandidate[],
  reports: readonly SignatureReport[],
  process: ValidationProcess,
): Finding[] {
  const given = process.context.profile;
  if (given === null) return [];
  const profile = given ?? shippedProfiles.get("hocba-pdf");
  if (profile?.format !== "pdf") return [];
  const names = new Set(profile.steps.map((s) => s.pdf?.fieldName));
  // Without a profile given with the call, only a file with fields of the transcript is taken for one.
  if (!given && !reports.some((r) => names.has(r.id))) return [];
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
  return judgeRoleChain({
    profile,
    planned: planSignatures(profile, null),
    signatures,
    schoolCode: null,
    registry: process.context.registry ?? null,
    time: process.time,
  });
}

function xmlProfile(document: XmlDocument, given: Profile | null | undefined): Profile | null {
  if (given === null) return null;
  if (given) return given.format === "xml" ? given : null;
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

/** `#Id` of the element when the reference covers the whole of it; else something that matches no plan. */
function wholeElement(reference: XmlReference, document: XmlDocument, profile: Profile): string {
  const { apex } = reference.coverage;
  if (apex?.type !== "element" || !isCovered(reference, apex)) return `${reference.uri ?? "∅"} (≠)`;
  const id = apex.attribute(profile.xml?.idAttribute ?? "Id");
  return id !== null && document.ids.get(id)?.length === 1 ? `#${id}` : `${reference.uri ?? "∅"} (≠)`;
}

/** Namespaces of signatures, their properties and evidence: nobody takes these for the content of a transcript. */
const OF_SIGNATURES = /^(?:http:\/\/www\.w3\.org\/|http:\/\/uri\.etsi\.org\/|urn:ietf:params:xml:ns:ers)/;

/**
 * Content that no signature covers and that a reader might take for signed, wherever it stands: inside a signature too, whose
 * objects and unsigned properties anybody can add to. An application that shows the transcript shows only covered elements.
 */
function unsignedContent(reading: XmlReading): Finding[] {
  const covered = new Set<XmlElement>();
  const signatures = new Set<XmlElement>();
  for (const { signature, candidate } of reading.found) {
    if (!signature) continue;
    signatures.add(signature.element);
    // A counter-signature speaks for a signature, not for the transcript.
    if (candidate.counterSignature) continue;
    for (const r of signature.references) {
      const { apex } = r.coverage;
      if (apex?.type === "element" && isCovered(r, apex)) covered.add(apex);
    }
  }
  const frame = framing([...covered, ...signatures]);
  const out: Finding[] = [];
  let last = -1;
  let endOfSignature = -1;
  for (const element of descendants(reading.document.root)) {
    if (element.order <= last) continue;
    if (covered.has(element)) {
      last = element.lastOrder;
      continue;
    }
    if (signatures.has(element)) endOfSignature = Math.max(endOfSignature, element.lastOrder);
    if (element.order <= endOfSignature && (OF_SIGNATURES.test(element.uri) || element.local === "SigningTime"))
      continue;
    const tells = element.ownText.trim() !== "" || (!frame.has(element) && element.attributes.some(isTelling));
    if (!tells) continue;
    if (out.length >= MAX_UNSIGNED_TOLD) break;
    out.push(finding("HOCBA_UNSIGNED_CONTENT", { path: elementPath(element) }));
  }
  return out;
}

/** Names and Ids point; other attributes of an element that frames nothing signed say something. */
const isTelling = (attribute: { readonly local: string }): boolean => attribute.local.toLowerCase() !== "id";

/** The elements around those given. */
function framing(elements: readonly XmlElement[]): Set<XmlElement> {
  const out = new Set<XmlElement>();
  for (const element of elements) {
    for (let at = element.parent; at.type === "element" && !out.has(at); at = at.parent) out.add(at);
  }
  return out;
}
