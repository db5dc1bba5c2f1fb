import { HocbaError } from "@hocba/certs";
import type { Profile } from "@hocba/signatures/profiles";
import type { DocumentFormat, Dossier, Ledger, SignatureRecord } from "../ledger/index.ts";
import { fileNameOf } from "../media.ts";
import { toP1363 } from "../pipeline/xml-format.ts";
import type { ReceiptKey } from "../receipts/index.ts";
import type { BlobStore } from "../store/index.ts";
import type { Verifier } from "../verification/index.ts";
import { type Complaint, complain } from "./complaint.ts";
import { type EvidenceOf, examineEvidence } from "./examine-evidence.ts";
import { examineHistory } from "./examine-history.ts";
import { examineReceipt } from "./examine-receipt.ts";
import { signaturesIn } from "./signatures-in.ts";

export interface DoctorParts {
  ledger: Ledger;
  store: BlobStore;
  /** null: receipts are not checked. */
  receiptKey: ReceiptKey | null;
  profiles: ReadonlyMap<string, Profile>;
  /** SHA-256 of the newest revision that is kept valid over the years, where a document has one. */
  preservedOf?: (documentId: string) => string | null;
  /** Evidence records; absent: they are not looked at. */
  evidence?: EvidenceOf;
  /** Judges issued documents as a stranger would; null: they are only compared. */
  verify: Verifier["verify"] | null;
}

/** Holds one document against its content, its audit entries and its receipt. */
export async function* examineDocument(dossier: Dossier, parts: DoctorParts): AsyncGenerator<Complaint> {
  const { document, steps, signatures } = dossier;
  yield* examineHistory(dossier, parts.ledger);
  const content = yield* read(document.id, document.currentSha256, parts);
  const received =
    document.sha256 === document.currentSha256 ? content : yield* read(document.id, document.sha256, parts);
  const complete = signatures.filter((signature) => signature.state === "complete");
  // What is to be signed from outside is nothing to look for signatures in.
  const bare = document.format === "cms" && document.sha256 === document.currentSha256;
  if (content !== undefined && !bare) yield* compareSignatures(document.id, document.format, content, complete);
  const preserved = parts.preservedOf?.(document.id) ?? null;
  if (preserved !== null && preserved !== document.currentSha256) {
    const renewed = yield* read(document.id, preserved, parts);
    if (renewed !== undefined) yield* compareSignatures(document.id, document.format, renewed, complete);
  }
  // What was handed out before a late time stamp came is still asked about.
  for (const sha256 of await parts.ledger.documents.earlierIssues(document.id)) {
    const earlier = yield* read(document.id, sha256, parts);
    if (earlier !== undefined) yield* compareSignatures(document.id, document.format, earlier, complete);
  }

  if (!["signed", "withdrawn", "superseded"].includes(document.state)) return;
  const issued = (await parts.ledger.documents.statusChanges(document.id)).some(
    (change) => change.kind === "issued" || change.kind === "corrected",
  );
  // One that was withdrawn before it was ever issued need not be finished.
  if (!issued && document.state === "withdrawn") return;
  if (!issued) yield complain(document.id, "issue-not-recorded");
  const done = new Set(complete.map((signature) => signature.stepId));
  const open = steps.filter((step) => !done.has(step.id)).map((step) => step.id);
  const orphans = signatures.filter((each) => each.state !== "complete").map((each) => each.stepId);
  if (steps.length === 0 || open.length > 0 || orphans.length > 0) {
    yield complain(document.id, "signature-unfinished", { planned: steps.length, open, orphans });
  }
  if (parts.receiptKey !== null) yield* examineReceipt(dossier, parts.receiptKey);
  if (parts.evidence !== undefined) yield* examineEvidence(document, parts.evidence, parts.store);
  if (content === undefined || parts.verify === null) return;
  const profile = parts.profiles.get(document.profile);
  const detached = document.format === "cms" ? received : undefined;
  const report = await parts.verify(content, fileNameOf(document), profile, { detached });
  const { indication, subIndication } = report;
  const intact = report.signatures.filter(
    ({ format, integrity }) => format !== "DocTimeStamp" && integrity === "intact",
  );
  if (intact.length !== steps.length) {
    yield complain(document.id, "signature-broken", { planned: steps.length, intact: intact.length });
  }
  const proven = report.signatures.filter((each) => each.bestSignatureTime !== null && each.format !== "DocTimeStamp");
  const stamped = complete.filter((signature) => signature.level === "T");
  if (intact.length === steps.length && proven.length < stamped.length) {
    const details = { level: document.level, stamped: stamped.length, proven: proven.length };
    yield complain(document.id, "level-not-proven", details, indication === "TOTAL-PASSED" ? "error" : "warning");
  }
  if (indication === "TOTAL-FAILED") yield complain(document.id, "verification-failed", { indication, subIndication });
  else if (indication !== "TOTAL-PASSED") {
    yield complain(document.id, "verification-undecided", { indication, subIndication }, "warning");
  }
}

async function* read(
  id: string,
  sha256: string,
  parts: DoctorParts,
): AsyncGenerator<Complaint, Uint8Array | undefined> {
  try {
    return await parts.store.get(sha256);
  } catch (error) {
    if (!(error instanceof HocbaError)) throw error;
    const problem = error.code === "STORE_DAMAGED" ? "content-damaged" : "content-missing";
    yield complain(id, problem, { sha256, code: error.code });
    return undefined;
  }
}

/** Each value in the ledger stands in the document once, and nothing else does. */
function* compareSignatures(
  id: string,
  format: DocumentFormat,
  content: Uint8Array,
  complete: readonly SignatureRecord[],
): Generator<Complaint> {
  const standing = new Map<string, string[]>();
  try {
    for (const { name, value } of signaturesIn(content, format)) {
      standing.set(value, [...(standing.get(value) ?? []), name]);
    }
  } catch (error) {
    if (!(error instanceof HocbaError)) throw error;
    yield complain(id, "content-unreadable", { code: error.code });
    return;
  }
  for (const signature of complete) {
    const value = valueIn(format, signature);
    const names = standing.get(value);
    standing.delete(value);
    if (names === undefined) yield complain(id, "signature-missing", { step: signature.stepId });
    else if (names.length > 1) yield complain(id, "signature-twice", { step: signature.stepId, names });
  }
  for (const names of standing.values()) yield complain(id, "signature-unknown", { names });
}

function valueIn(format: DocumentFormat, { algorithm, value }: SignatureRecord): string {
  const octets = value ?? new Uint8Array();
  const standing = format === "xml" && algorithm === "ecdsa-p256-sha256" ? toP1363(octets, 32) : octets;
  return Buffer.from(standing).toString("base64");
}
