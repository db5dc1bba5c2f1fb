import { basename } from "node:path";
import { type Finding, type SignatureReport, sentence, type VerificationReport } from "@hocba/signatures/verify";
import { PDFDocument, rgb } from "pdf-lib";
import { embedRecordFonts, faint, type Sheet } from "../drawing/index.ts";
import { type Cell, Flow, ITEM_INDENT, MARGIN, printable, wrap } from "./flow.ts";
import {
  attribute,
  COVERAGE,
  commonName,
  INTEGRITY,
  LATER_CHANGES,
  REVOCATION,
  roleName,
  VERDICT,
  vietnamTime,
} from "./words.ts";

const COLORS = {
  "TOTAL-PASSED": { strong: rgb(0.06, 0.42, 0.24), wash: rgb(0.91, 0.965, 0.93) },
  "TOTAL-FAILED": { strong: rgb(0.7, 0.1, 0.1), wash: rgb(0.99, 0.92, 0.91) },
  INDETERMINATE: { strong: rgb(0.62, 0.38, 0.0), wash: rgb(1, 0.96, 0.87) },
  "NO-SIGNATURE": { strong: rgb(0.3, 0.32, 0.36), wash: rgb(0.94, 0.945, 0.955) },
} as const;

/** More signatures than these are counted, not described: the JSON report holds them all. */
const MAX_DESCRIBED = 100;
const MAX_FINDINGS = 60;

/**
 * The report for paper and file: A4, Vietnamese first, the sentence to act on at the top, then the document, its signers, what
 * speaks against it, what could not be checked, and the particulars of every signature. The time of validation is its date, so the
 * same report gives the same pages.
 * @throws DrawingError FONT_MISSING when no font that covers Vietnamese is installed
 */
export async function pdfReport(report: VerificationReport): Promise<Uint8Array> {
  const document = await PDFDocument.create();
  const at = new Date(report.validationTime);
  document.setTitle(`Kết quả kiểm tra chữ ký số – ${printable(basename(report.file))}`, { showInWindowTitleBar: true });
  document.setLanguage("vi");
  document.setProducer("hocba");
  document.setCreator("hocba");
  document.setCreationDate(at);
  document.setModificationDate(at);
  const flow = new Flow(document, await embedRecordFonts(document));

  title(flow);
  verdict(flow, report);
  aboutDocument(flow, report);
  faults(flow, report);
  signers(flow, report);
  unchecked(flow, report);
  for (const [i, s] of report.signatures.slice(0, MAX_DESCRIBED).entries()) particulars(flow, s, i);
  more(flow, report.signatures.length - MAX_DESCRIBED);
  flow.footers(
    "Bản in này chỉ thể hiện kết quả kiểm tra; giá trị pháp lý thuộc về tệp gốc có giá trị SHA-256 nêu trên. / This printout only shows the result; the original file with the SHA-256 above is what counts.",
  );
  return document.save();
}

function title(flow: Flow): void {
  const { bold, italic } = flow.fonts;
  const middle = flow.sheet.width / 2;
  flow.y = 74;
  flow.sheet.text("KẾT QUẢ KIỂM TRA CHỮ KÝ SỐ", middle, flow.y, { font: bold, size: 17, align: "center" });
  flow.sheet.text("Digital signature verification report", middle, flow.y + 17, {
    font: italic,
    size: 11,
    align: "center",
    color: faint,
  });
  flow.y += 34;
}

function verdict(flow: Flow, report: VerificationReport): void {
  const { bold, regular, italic } = flow.fonts;
  const { strong, wash } = COLORS[report.indication];
  const words = VERDICT[report.indication];
  const said = sentence(report);
  const indent = 62;
  const width = flow.sheet.width - 2 * MARGIN - indent - 14;
  const vi = wrap(said.vi, { font: regular, size: 11.5 }, width);
  const en = wrap(said.en, { font: italic, size: 9.5 }, width);
  const height = 44 + vi.length * 15.5 + en.length * 12.8;
  const { sheet } = flow;
  sheet.box(MARGIN, flow.y, sheet.width - 2 * MARGIN, height, { fill: wash, border: 1.1, color: strong });
  mark(sheet, report.indication, MARGIN + 32, flow.y + height / 2);
  const x = MARGIN + indent;
  let y = flow.y + 24;
  const wide = sheet.text(words.vi, x, y, { font: bold, size: 15, color: strong });
  sheet.text(words.en, x + wide + 8, y, { font: italic, size: 10.5, color: strong });
  y += 19;
  for (const line of vi) {
    sheet.text(line, x, y, { font: regular, size: 11.5 });
    y += 15.5;
  }
  for (const line of en) {
    sheet.text(line, x, y, { font: italic, size: 9.5, color: faint });
    y += 12.8;
  }
  flow.y += height + 8;
}

/** A tick, a cross, a question mark or a dash in a circle, drawn, so that no font must have it. */
function mark(sheet: Sheet, indication: VerificationReport["indication"], x: number, y: number): void {
  const { strong } = COLORS[indication];
  const { page, height } = sheet;
  page.drawCircle({ x, y: height - y, size: 17, color: strong });
  const stroke = (...points: [number, number][]) => {
    for (let i = 1; i < points.length; i++) {
      const [a, b] = [points[i - 1]!, points[i]!];
      page.drawLine({
        start: { x: x + a[0], y: height - y - a[1] },
        end: { x: x + b[0], y: height - y - b[1] },
        thickness: 3,
        color: rgb(1, 1, 1),
        lineCap: 1,
      });
    }
  };
  if (indication === "TOTAL-PASSED") stroke([-8, 0], [-2.5, 6.5], [8, -6]);
  else if (indication === "TOTAL-FAILED") {
    stroke([-6.5, -6.5], [6.5, 6.5]);
    stroke([-6.5, 6.5], [6.5, -6.5]);
  } else if (indication === "NO-SIGNATURE") stroke([-7.5, 0], [7.5, 0]);
  else {
    stroke([-5, -4.5], [-3, -8.5], [2, -9], [5, -5.5], [3.5, -1.5], [0, 1], [0, 3.5]);
    stroke([0, 8.6], [0, 8.7]);
  }
}

function aboutDocument(flow: Flow, report: VerificationReport): void {
  flow.heading("Tài liệu", "Document");
  flow.entry("Tên tệp / File", basename(report.file));
  flow.entry("Dạng / Format", report.format.toUpperCase());
  flow.entry("Giá trị băm / SHA-256", report.sha256.replaceAll(/(.{8})(?=.)/g, "$1 "));
  flow.entry("Kiểm tra lúc / Validated at", `${vietnamTime(report.validationTime)} (UTC+7)`);
  flow.entry("Quy tắc / Policy", report.policy);
  flow.entry("Số chữ ký / Signatures", String(report.signatures.length));
}

function signers(flow: Flow, report: VerificationReport): void {
  if (report.signatures.length === 0) return;
  const { regular, bold, italic } = flow.fonts;
  const small = { font: regular, size: 8.6 };
  const quiet = { font: italic, size: 8, color: faint };
  const cell = (...lines: (Cell["lines"][number] | null)[]): Cell => ({ lines: lines.filter((l) => l !== null) });
  const head = (vi: string, en: string) => cell({ font: bold, size: 8.8, text: vi }, { ...quiet, text: en });
  flow.heading("Người ký", "Signers");
  const rows = report.signatures.slice(0, MAX_DESCRIBED).map((s, i) => {
    const words = VERDICT[s.indication];
    const organization = s.signer && attribute(s.signer.subject, "O");
    const revocation = ownRevocation(s);
    return [
      cell({ ...small, text: String(i + 1) }),
      cell(
        { font: bold, size: 9.2, text: s.signer ? commonName(s.signer.subject) : "?" },
        s.role ? { ...small, text: `${roleName(s.role).vi} / ${roleName(s.role).en}` } : null,
        s.format === "DocTimeStamp" ? { ...small, text: "Dấu thời gian / Time stamp" } : null,
        organization ? { ...quiet, text: organization } : null,
      ),
      cell({ ...small, text: time(s) }, { ...quiet, text: provenance(s) }),
      cell({ ...small, text: revocation.vi }, { ...quiet, text: revocation.en }),
      cell(
        { font: bold, size: 8.8, color: COLORS[s.indication].strong, text: words.vi },
        { ...quiet, text: words.en },
        s.subIndication ? { ...quiet, size: 7, text: s.subIndication.replaceAll("_", " ") } : null,
      ),
    ];
  });
  flow.table(
    [
      head("№", ""),
      head("Người ký, vai trò", "Signer, role"),
      head("Thời điểm ký", "Time of signing"),
      head("Chứng thư", "Certificate"),
      head("Kết luận", "Verdict"),
    ],
    rows,
    [0.05, 0.36, 0.19, 0.18, 0.22],
  );
  more(flow, report.signatures.length - MAX_DESCRIBED);
}

function time(s: SignatureReport): string {
  const known = s.bestSignatureTime ?? s.claimedSigningTime;
  return known ? vietnamTime(known) : "Không rõ / Unknown";
}

function provenance(s: SignatureReport): string {
  if (s.bestSignatureTime) return "có dấu thời gian / time-stamped";
  return s.claimedSigningTime ? "tự khai, chưa chứng minh / claimed, not proven" : "";
}

/** What is known of the signer's own certificate; nothing counts as unknown. */
function ownRevocation(s: SignatureReport) {
  const own = s.revocation.filter((r) => r.subject === s.signer?.subject);
  const status = own.some((r) => r.status === "revoked")
    ? "revoked"
    : own.some((r) => r.status === "good")
      ? "good"
      : "unknown";
  return REVOCATION[status];
}

function faults(flow: Flow, report: VerificationReport): void {
  const list = told(report, "error");
  if (list.length === 0) return;
  flow.heading("Lý do không chấp nhận hoặc chưa kết luận", "What speaks against it");
  bullets(flow, list);
}

function unchecked(flow: Flow, report: VerificationReport): void {
  flow.heading("Điều chưa kiểm tra được và điều cần lưu ý", "What could not be checked, and remarks");
  const list = told(report, "warning");
  const unknown = report.signatures.filter(
    (s) => s.format !== "DocTimeStamp" && ownRevocation(s) === REVOCATION.unknown,
  );
  if (unknown.length > 0) {
    const who = [...new Set(unknown.map((s) => (s.signer ? commonName(s.signer.subject) : s.id)))];
    const names = `${who.slice(0, 5).join(", ")}${who.length > 5 ? ", …" : ""}`;
    list.push({
      vi: `Chưa biết chứng thư có bị thu hồi hay không: ${names}.`,
      en: `Not known whether the certificate was revoked: ${names}.`,
    });
  }
  const unproven = report.signatures.filter((s) => !s.bestSignatureTime && s.claimedSigningTime);
  if (unproven.length > 0) {
    list.push({
      vi: `${unproven.length} chữ ký không có dấu thời gian: thời điểm ký do người ký tự khai.`,
      en: `${unproven.length} signature(s) without a time stamp: the time of signing is the signer's own claim.`,
    });
  }
  if (list.length > 0) bullets(flow, list);
  else flow.paragraph("Không có. / Nothing.", { font: flow.fonts.regular, size: 9.5 });
}

/** Findings of one severity, each sentence once, with whom it concerns when not all. */
function told(report: VerificationReport, severity: Finding["severity"]): { vi: string; en: string }[] {
  const seen = new Map<string, { vi: string; en: string; of: string[] }>();
  const add = (f: Finding, of: string | null) => {
    if (f.severity !== severity) return;
    const known = seen.get(f.message.vi) ?? { ...f.message, of: [] };
    if (of !== null) known.of.push(of);
    seen.set(f.message.vi, known);
  };
  for (const f of report.findings) add(f, null);
  for (const [i, s] of report.signatures.entries()) for (const f of s.findings) add(f, String(i + 1));
  const all = report.signatures.length;
  return [...seen.values()].map(({ vi, en, of }) => {
    const which =
      of.length === 0 || of.length === all ? "" : ` (№ ${of.slice(0, 12).join(", ")}${of.length > 12 ? ", …" : ""})`;
    return { vi: `${vi}${which}`, en };
  });
}

function bullets(flow: Flow, list: readonly { vi: string; en: string }[]): void {
  const { regular, italic } = flow.fonts;
  for (const { vi, en } of list.slice(0, MAX_FINDINGS)) {
    flow.item(vi, { font: regular, size: 9.6 });
    flow.paragraph(en, { font: italic, size: 8.4, color: faint }, { indent: ITEM_INDENT, after: 3 });
  }
  more(flow, list.length - MAX_FINDINGS);
}

function particulars(flow: Flow, s: SignatureReport, index: number): void {
  const name = s.signer ? commonName(s.signer.subject) : "?";
  flow.heading(`Chữ ký ${index + 1}: ${clip(name, 48)}`, clip(s.id, 36));
  if (s.signer) {
    flow.entry("Chủ thể / Subject", s.signer.subject);
    flow.entry("Nơi cấp / Issuer", s.signer.issuer);
    flow.entry("Số hiệu / Serial", s.signer.serial);
    flow.entry("Hiệu lực / Valid (UTC+7)", `${vietnamTime(s.signer.notBefore)} – ${vietnamTime(s.signer.notAfter)}`);
  }
  flow.entry("Dạng, mức / Format, level", s.level === "none" ? s.format : `${s.format}, ${s.level}`);
  flow.entry(
    "Nội dung được ký / Signed content",
    `${INTEGRITY[s.integrity].vi}; ${COVERAGE[s.coverage].vi}; ${LATER_CHANGES[s.laterChanges].vi} / ${INTEGRITY[s.integrity].en}; ${COVERAGE[s.coverage].en}; ${LATER_CHANGES[s.laterChanges].en}`,
  );
  if (s.covers.length > 0) flow.entry("Phần được ký / Covers", s.covers.join(", "));
  for (const t of s.timestamps.slice(0, 10)) {
    const holds = t.indication === "TOTAL-PASSED" ? "được tin cậy / trusted" : "không được tin cậy / not trusted";
    flow.entry(
      "Dấu thời gian / Time stamp",
      `${t.time ? vietnamTime(t.time) : "?"} – ${t.tsa ? commonName(t.tsa) : "?"}: ${holds}`,
    );
  }
  for (const r of s.revocation.slice(0, 8)) {
    const when = r.revokedAt ? `, ${vietnamTime(r.revokedAt)}${r.reason ? ` (${r.reason})` : ""}` : "";
    flow.entry(
      "Thu hồi / Revocation",
      `${commonName(r.subject)}: ${REVOCATION[r.status].vi} / ${REVOCATION[r.status].en}${when} – ${r.source.toUpperCase()} ${vietnamTime(r.thisUpdate)}`,
    );
  }
}

function more(flow: Flow, count: number): void {
  if (count <= 0) return;
  flow.paragraph(`… và ${count} mục nữa, xem báo cáo JSON / and ${count} more, see the JSON report.`, {
    font: flow.fonts.italic,
    size: 8.6,
    color: faint,
  });
}

const clip = (text: string, length: number): string => {
  const clean = printable(text);
  return clean.length > length ? `${clean.slice(0, length - 1)}…` : clean;
};
