import { sign as nodeSign, randomBytes } from "node:crypto";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { type DevPki, type IssuedLeaf, startDevPki } from "@hocba/certs/dev-pki";
import { trustAnchor } from "@hocba/certs/trust";
import { parseCertificate } from "@hocba/certs/x509";
import { PDFDocument } from "pdf-lib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  appendRevision,
  openPdf,
  PdfDict,
  PdfRef,
  type PdfValue,
  type PdfView,
  pdfName,
  textString,
} from "../pdf/index.ts";
import { planSignatures, shippedProfiles } from "../profiles/index.ts";
import {
  appendValidationData,
  completeDocumentTimestamp,
  padesFormat,
  prepareDocumentTimestamp,
} from "../sign/index.ts";
import { buildTimestampRequest, readTimestampResponse } from "../timestamps/index.ts";
import { type VerificationContext, type VerificationReport, verifyDocument } from "./index.ts";

const profile = shippedProfiles.get("hocba-pdf")!;
const pades = padesFormat(nodeCrypto);
const DAY = 86_400_000;

let pki: DevPki;
const leaves = new Map<string, IssuedLeaf>();
let context: Omit<VerificationContext, "fileName">;
let unsigned: Uint8Array;
let signed: Uint8Array;
let clock = Date.now();

beforeAll(async () => {
  pki = await startDevPki({ keyBits: 2048, clock: () => new Date(clock) });
  for (const step of ["homeroom-teacher", "principal"]) {
    leaves.set(
      step,
      await pki.issueLeaf({ subject: { commonName: step }, keyType: "ec-p256", notAfter: new Date(clock + 30 * DAY) }),
    );
  }
  const uid = ["MNS:K1", "MST:1"];
  leaves.set(
    "seal",
    await pki.issueLeaf({
      kind: "seal",
      subject: { commonName: "TRƯỜNG THCS", uid },
      notAfter: new Date(clock + 30 * DAY),
    }),
  );
  const pdf = await PDFDocument.create();
  pdf.addPage().drawText("Hoc ba");
  unsigned = await pdf.save();
  signed = await signAll(["homeroom-teacher", "principal", "seal"]);
  context = {
    crypto: nodeCrypto,
    policy: "etsi-baseline",
    time: new Date(clock + 1000),
    anchors: [trustAnchor(parseCertificate(pki.root.certificate))],
    certificates: [pki.issuing.certificate],
    crls: [await pki.crl("root"), await pki.crl("issuing")],
    ocspResponses: [],
  };
}, 60_000);
afterAll(() => pki.close());

async function token(digest: Uint8Array): Promise<Uint8Array> {
  const request = { digestAlgorithm: "sha256", digest, nonce: randomBytes(8) } as const;
  const body = buildTimestampRequest({ ...request, certReq: true }) as BodyInit;
  const response = await fetch(pki.tsa.url, {
    method: "POST",
    headers: { "content-type": "application/timestamp-query" },
    body,
  });
  return readTimestampResponse(new Uint8Array(await response.arrayBuffer()), request).raw;
}

async function signAll(steps: readonly string[]): Promise<Uint8Array> {
  let document = unsigned;
  for (const id of steps) {
    const { step } = planSignatures(profile, null).find((p) => p.id === id)!;
    const leaf = leaves.get(id)!;
    const algorithm = id === "seal" ? "rsa-pkcs1-sha256" : "ecdsa-p256-sha256";
    const signer = { certificate: leaf.certificate, chain: [pki.issuing.certificate], algorithm } as const;
    const prepared = pades.prepare(document, signer, { fieldName: step.pdf!.fieldName, signingTime: new Date(clock) });
    const value = nodeSign("sha256", prepared.toBeSigned, leaf.privateKey);
    document = pades.complete(prepared, value, await token(nodeCrypto.digest("sha256", value)));
  }
  return document;
}

const verify = (bytes: Uint8Array, more: Partial<VerificationContext> = {}): VerificationReport =>
  verifyDocument(bytes, { ...context, fileName: "hb.pdf", ...more }).report;
const errors = (report: VerificationReport) => report.findings.filter((f) => f.severity === "error").map((f) => f.code);

/** A text note on the first page, as any reader can add it. */
function appendComment(bytes: Uint8Array): Uint8Array {
  const document = openPdf(bytes);
  const view = document.latest;
  const pages = view.dict(view.catalog.get("Pages"))!;
  const page = view.array(pages.get("Kids"))![0] as PdfRef;
  const note = new PdfRef(1_000, 0);
  const dict = view.dict(page)!;
  const annots = [...(view.array(dict.get("Annots")) ?? []), note];
  const rect = [10, 10, 20, 20];
  const annotation = PdfDict.of({
    Type: pdfName("Annot"),
    Subtype: pdfName("Text"),
    Rect: rect,
    Contents: textString("9.0"),
  });
  return appendRevision(
    document,
    new Map([
      [page.num, dict.with({ Annots: annots })],
      [note.num, annotation],
    ]),
  );
}

/** A signature widget that covers the first page, put into its /Annots after the last signature. */
function appendPicture(bytes: Uint8Array, entries: (view: PdfView, signedField: PdfRef) => Record<string, PdfValue>) {
  const document = openPdf(bytes);
  const view = document.latest;
  const page = view.array(view.dict(view.catalog.get("Pages"))!.get("Kids"))![0] as PdfRef;
  const field = view.array(view.dict(view.catalog.get("AcroForm"))!.get("Fields"))![0] as PdfRef;
  const dict = view.dict(page)!;
  const [widget, look] = [new PdfRef(1_000, 0), new PdfRef(1_001, 0)];
  const picture = PdfDict.of({
    Type: pdfName("Annot"),
    Subtype: pdfName("Widget"),
    F: 4,
    Rect: [0, 0, 600, 800],
    AP: PdfDict.of({ N: look }),
    ...entries(view, field),
  });
  return appendRevision(
    document,
    new Map([
      [page.num, dict.with({ Annots: [...(view.array(dict.get("Annots")) ?? []), widget] })],
      [widget.num, picture],
      [look.num, PdfDict.of({ Type: pdfName("XObject"), Subtype: pdfName("Form"), BBox: [0, 0, 600, 800] })],
    ]),
  );
}

describe("a transcript's PDF rendering", () => {
  it("passes with all three signatures, each covering those before it", () => {
    const report = verify(signed);
    expect(report.signatures.flatMap((s) => s.findings.filter((f) => f.severity === "error"))).toEqual([]);
    expect(report).toMatchObject({ indication: "TOTAL-PASSED", format: "pdf" });
    expect(report.signatures.map((s) => [s.role, s.level, s.coverage, s.laterChanges])).toEqual([
      ["homeroom-teacher", "T", "earlier-revision", "permitted"],
      ["principal", "T", "earlier-revision", "permitted"],
      ["seal", "T", "whole-file", "none"],
    ]);
  });

  it("fails without the seal, and when the seal came before the principal", async () => {
    const unsealed = verify(await signAll(["homeroom-teacher", "principal"]));
    expect([unsealed.indication, errors(unsealed)]).toEqual(["TOTAL-FAILED", ["HOCBA_STEP_MISSING"]]);
    const hasty = verify(await signAll(["homeroom-teacher", "seal", "principal"]));
    expect([hasty.indication, errors(hasty)]).toEqual(["TOTAL-FAILED", ["HOCBA_NOT_COVERED"]]);
  });

  it("is no transcript, and held to no chain, when its fields are others", async () => {
    expect(verify(await signAll(["homeroom-teacher"]), { profile: null }).indication).toBe("TOTAL-PASSED");
  });

  it("fails when octets are added behind the last signature", () => {
    const report = verify(new Uint8Array([...signed, ...new TextEncoder().encode("\n1 0 obj\n<<>>\nendobj\n")]));
    expect(report.indication).toBe("TOTAL-FAILED");
  });

  // ISO 32000 lets anybody comment on a signed file; a note beside a mark would look like part of the record.

  // The pupil has no key at all. He lays a picture with better marks over the whole page and calls it one more widget of the
  // homeroom teacher's signature, or of a field that only claims a signature: nobody signs anew, so no rule for signing looks.
  it("fails when a picture over the page borrows the name of a signature", () => {
    const type = { FT: pdfName("Sig"), T: textString("x") };
    const pictures = [
      appendPicture(signed, (_, field) => ({ Parent: field })),
      appendPicture(signed, () => ({ ...type, V: PdfDict.of({ Type: pdfName("Sig") }) })),
      appendPicture(signed, (view, field) => ({ ...type, V: view.dict(field)!.get("V") })),
      // A rectangle of five numbers: some viewers take the first four, so it is not one of no area.
      appendPicture(signed, (_, field) => ({ Parent: field, Rect: [0, 0, 600, 800, 0] })),
    ];
    for (const forged of pictures) {
      const report = verify(forged);
      expect(report.indication).toBe("TOTAL-FAILED");
      expect(report.signatures.map((s) => s.laterChanges)).toEqual(["suspicious", "suspicious", "suspicious"]);
    }
  });

  it("fails when a comment is added after the release, which a plain PDF may take", () => {
    const commented = appendComment(signed);
    const plain = verify(commented, { profile: null });
    expect(plain.signatures.at(-1)).toMatchObject({ laterChanges: "permitted", integrity: "intact" });
    const report = verify(commented);
    expect(report.indication).toBe("TOTAL-FAILED");
    expect(errors(report)).toContain("HOCBA_CHANGED_LATER");
  });

  it("raised to LTA outlives certificates and revocation lists of its time", async () => {
    const data = {
      certificates: [pki.issuing.certificate],
      crls: [await pki.crl("root"), await pki.crl("issuing")],
      ocspResponses: [],
    };
    const lt = appendValidationData(signed, data, nodeCrypto);
    const noProof = { time: new Date(clock + 60 * DAY), crls: [] as Uint8Array[] };
    expect(verify(lt, noProof).indication).toBe("INDETERMINATE");
    const prepared = prepareDocumentTimestamp(lt, { fieldName: "DTS" }, nodeCrypto);
    const lta = completeDocumentTimestamp(prepared, await token(prepared.messageImprint));
    const start = clock;
    clock += 60 * DAY;
    // Two months later: the leaves have ended, the embedded lists too; only the root still says that its authority stands.
    const later = { time: new Date(clock), crls: [await pki.crl("root")] };
    clock = start;
    const report = verify(lta, later);
    expect(report.signatures.flatMap((s) => s.findings.filter((f) => f.severity === "error"))).toEqual([]);
    expect(report.indication).toBe("TOTAL-PASSED");
    expect(report.signatures.map((s) => s.level)).toEqual(["LTA", "LTA", "LTA", "none"]);
    expect(verify(signed, later)).toMatchObject({ indication: "INDETERMINATE" });
  });
});
