import { type Profile, shippedProfiles } from "@hocba/signatures/profiles";
import { PDFDocument } from "pdf-lib";
import { makeClass, transcriptPdf, transcriptXml } from "../demo/sample-class/index.ts";
import { samplePdf } from "./signed-samples.ts";

/** Documents of one kind, as many as are wanted and each another one. */
export interface Workload {
  readonly name: string;
  readonly format: "pdf" | "xml";
  readonly profile: Profile;
  /** Signatures a document gets, and how many of them are stamped. */
  readonly signatures: number;
  readonly stamps: number;
  readonly goal?: string;
  readonly content: (index: number) => Uint8Array;
}

const KIB = 1024;
const NUMBER_DIGITS = 8;

/** One invisible seal with a time stamp on a PDF of 100 KB: what the goal for throughput is stated for. */
export async function sealedPdfs(size = 100 * KIB): Promise<Workload> {
  const hocba = shippedProfiles.get("hocba-pdf")!;
  const { pdf, ...seal } = hocba.steps.at(-1)!;
  const { appearance: _, ...invisible } = pdf!;
  return {
    name: `PAdES-B-T, seal alone, ${Math.round(size / KIB)} KB`,
    format: "pdf",
    profile: {
      ...hocba,
      name: "bench-seal",
      pdf: {},
      steps: [{ ...seal, order: 1, pdf: { ...invisible, fieldName: "Seal" } }],
    },
    signatures: 1,
    stamps: 1,
    goal: "≥ 300/s",
    content: numbered(await samplePdf(size)),
  };
}

/** The class's renderings with three visible signatures and the lookup mark, as `hocba-pdf` has them. */
export async function visiblePdfs(): Promise<Workload> {
  const rendered = await transcriptPdf(makeClass({ pupils: 1 }).pupils[0]!);
  const plain = await PDFDocument.load(rendered, { updateMetadata: false });
  return {
    name: "PAdES-B-T, 3 visible signatures",
    format: "pdf",
    profile: shippedProfiles.get("hocba-pdf")!,
    signatures: 3,
    stamps: 3,
    content: numbered(await withNumber(plain)),
  };
}

/** Whole transcripts with their 15 signatures; `stamps`: each signature as `hocba-xml` has it, or the last alone. */
export function transcripts(stamps: "each" | "last"): Workload {
  const hocba = shippedProfiles.get("hocba-xml")!;
  const last = Math.max(...hocba.steps.map((step) => step.order));
  const profile: Profile = {
    ...hocba,
    name: "bench-transcript",
    steps: hocba.steps.map((step) => ({ ...step, level: step.order === last ? ("T" as const) : ("B" as const) })),
  };
  const sample = makeClass({ pupils: 1 });
  const text = Buffer.from(transcriptXml(sample.pupils[0]!)).toString();
  const signatures = sample.staff.teachers.size + 3;
  return {
    name: `XAdES, ${signatures} signatures, ${stamps === "each" ? "each stamped" : "the last stamped"}`,
    format: "xml",
    profile: stamps === "each" ? hocba : profile,
    signatures,
    stamps: stamps === "each" ? signatures : 1,
    ...(stamps === "each" ? {} : { goal: "≥ 40/s" }),
    content: (index) => Buffer.from(text.replace(/<MA_HOC_BA>[^<]*/, (found) => `${found}-${index}`)),
  };
}

async function withNumber(document: PDFDocument): Promise<Uint8Array> {
  document.setSubject("0".repeat(NUMBER_DIGITS));
  return document.save({ useObjectStreams: false });
}

/** Copies with another number in /Subject: rendering each anew would be the bench's work, not the gateway's. */
function numbered(pdf: Uint8Array): (index: number) => Uint8Array {
  const digit = "0030";
  const place = Buffer.from(pdf).indexOf(digit.repeat(NUMBER_DIGITS));
  if (place < 0) throw new Error("the sample has no place for a number");
  return (index) => {
    const copy = Buffer.from(pdf);
    const digits = String(index).padStart(NUMBER_DIGITS, "0");
    for (let i = 0; i < NUMBER_DIGITS; i++) copy[place + i * 4 + 3] = digits.charCodeAt(i);
    return copy;
  };
}
