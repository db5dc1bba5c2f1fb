import { toHex } from "@hocba/certs/der";
import { SignaturesError } from "../errors.ts";
import type { SignatureCandidate } from "./candidate.ts";
import { readCmsDocument } from "./cms/cms-document.ts";
import type { EvidenceRequest, VerificationContext } from "./context.ts";
import { detectFormat } from "./detect-format.ts";
import { fileEvidenceRecords } from "./evidence-records/file-evidence-records.ts";
import { finding } from "./findings.ts";
import { type Judgement, judgeOtherFormat, judgePdfTranscript, judgeXmlTranscript } from "./hocba/judge-transcript.ts";
import { isoTime } from "./iso-time.ts";
import { readPdfDocument } from "./pdf/pdf-document.ts";
import type { Finding, Indication, SignatureReport, SubIndication, VerificationReport } from "./report.ts";
import { sharedPrefixCrypto } from "./shared-prefix-crypto.ts";
import { validateSignature } from "./validate-signature.ts";
import { ValidationProcess } from "./validation-process.ts";
import { readXmlDocument, type XmlReading } from "./xml/xml-document.ts";

const MAXIMUM_SIZE = 256 * 1024 * 1024;

/**
 * Verifies every signature of a PDF, XML or CMS document after ETSI EN 319 102-1 and says what it found. Pure: the verdict rests on
 * the octets and the context alone. Whatever is wrong with the document is in the report, never thrown.
 * `wanted` names evidence that was missing and where it may be fetched; add what was fetched to the context and call again.
 */
export function verifyDocument(
  bytes: Uint8Array,
  context: VerificationContext,
): { report: VerificationReport; wanted: EvidenceRequest[] } {
  const crypto = sharedPrefixCrypto(context.crypto, bytes);
  const process = new ValidationProcess(context, crypto);
  const format = detectFormat(bytes);
  // Asked for last: by then the signatures have hashed most of the file.
  const head = () => ({
    file: context.fileName,
    sha256: toHex(crypto.digest("sha256", bytes)).toLowerCase(),
    format,
    policy: process.policy.name,
    validationTime: isoTime(context.time.getTime()),
  });
  const nothing = (indication: Indication, subIndication: SubIndication | null, ...findings: Finding[]) => ({
    report: { ...head(), indication, subIndication, profile: null, signatures: [], findings },
    wanted: [],
  });
  const limit = context.maximumSize ?? MAXIMUM_SIZE;
  if (bytes.length === 0) return nothing("NO-SIGNATURE", null, finding("EMPTY_FILE"));
  if (bytes.length > limit) return nothing("INDETERMINATE", "POLICY_PROCESSING_ERROR", finding("TOO_LARGE", { limit }));

  let read: Reading;
  try {
    switch (format) {
      case "pdf":
        read = pdf(readPdfDocument(bytes, process), process);
        break;
      case "xml":
        read = xml(readXmlDocument(bytes, process), process);
        break;
      case "cms":
        read = { candidates: readCmsDocument(bytes, process), judge: () => judgeOtherFormat("cms", process) };
        break;
      default:
        return nothing("NO-SIGNATURE", null, finding("NOT_RECOGNISED"));
    }
  } catch (error) {
    if (!(error instanceof SignaturesError)) throw error;
    if (error.code === "PDF_ENCRYPTED") return nothing("INDETERMINATE", "SIGNED_DATA_NOT_FOUND", finding("ENCRYPTED"));
    return nothing("NO-SIGNATURE", "FORMAT_FAILURE", finding("FILE_MALFORMED", { reason: error.message }));
  }
  if (read.candidates.length === 0) return nothing("NO-SIGNATURE", null, finding("NO_SIGNATURE"));

  const records = fileEvidenceRecords(bytes, context.evidenceRecords ?? [], crypto);
  const signatures = read.candidates.map((candidate) =>
    validateSignature({ ...candidate, timestamps: [...candidate.timestamps, ...records] }, process),
  );
  const { profile, findings } = read.judge(signatures);
  const verdict = overall(signatures, findings);
  return { report: { ...head(), ...verdict, profile, signatures, findings: [...findings] }, wanted: process.wanted };
}

interface Reading {
  readonly candidates: SignatureCandidate[];
  /** What there is to say of the document as a whole, once its signatures have been judged. */
  readonly judge: (signatures: SignatureReport[]) => Judgement;
}

const pdf = (candidates: SignatureCandidate[], process: ValidationProcess): Reading => ({
  candidates,
  judge: (signatures) => judgePdfTranscript(candidates, signatures, process),
});

const xml = (reading: XmlReading, process: ValidationProcess): Reading => ({
  candidates: reading.found.map((f) => f.candidate),
  judge: (signatures) => judgeXmlTranscript(reading, signatures, process),
});

const RANK: Readonly<Record<Indication, number>> = {
  "TOTAL-PASSED": 0,
  "NO-SIGNATURE": 1,
  INDETERMINATE: 2,
  "TOTAL-FAILED": 3,
};

/**
 * The document is as good as its worst signature; an error about the document as a whole makes it fail. A document time
 * stamp that is not established proves no time, but takes nothing from the signatures beside it.
 */
function overall(signatures: readonly SignatureReport[], findings: readonly Finding[]) {
  const signers = signatures.filter((s) => s.format !== "DocTimeStamp");
  const counted =
    signers.length === 0
      ? signatures
      : signatures.filter((s) => s.format !== "DocTimeStamp" || s.indication === "TOTAL-FAILED");
  let worst = counted[0]!;
  for (const s of counted) if (RANK[s.indication] > RANK[worst.indication]) worst = s;
  if (worst.indication !== "TOTAL-FAILED" && findings.some((f) => f.severity === "error")) {
    return { indication: "TOTAL-FAILED", subIndication: "SIG_CONSTRAINTS_FAILURE" } as const;
  }
  return { indication: worst.indication, subIndication: worst.subIndication };
}
