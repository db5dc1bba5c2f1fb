import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mintApiKey } from "@hocba/gateway/access";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type DemoSite, type Problem, type Submission, startDemoSite } from "../end-to-end/demo-site.ts";

vi.setConfig({ testTimeout: 60_000 });

const LIMIT = 2 * 1024 * 1024;
const utf8 = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytesOf = (text: string) => new TextEncoder().encode(text);

describe("what cannot be signed is refused in the answer, with a code that says why", () => {
  let site: DemoSite;
  let pdf: Uint8Array;
  let xml: string;
  let operatorKey: string;

  beforeAll(async () => {
    site = await startDemoSite({ pupils: 1, config: { limits: { documentBytes: LIMIT } } });
    pdf = await site.pdf();
    xml = utf8(site.xml());
    const key = { school: null, scopes: ["admin"] as const, label: "operator", actor: "test", now: Date.now() };
    operatorKey = (await mintApiKey(site.ledger, key)).secret;
  }, 120_000);
  afterAll(() => site?.close());

  async function refused(document: Submission, status: number, code: string): Promise<Problem> {
    const before = (await site.ledger.documents.list({ limit: 500 })).length;
    const answer = await site.submit(document);
    expect(`${answer.status} ${answer.body.code}`).toBe(`${status} ${code}`);
    expect(answer.body.title, "said in Vietnamese").toMatch(/[À-ỹ]/);
    expect((await site.ledger.documents.list({ limit: 500 })).length, "nothing was taken in").toBe(before);
    return answer.body;
  }
  const refusedPdf = (content: Uint8Array, status: number, code: string) =>
    refused({ content, profile: "hocba-pdf" }, status, code);
  const refusedXml = (text: string, status: number, code: string) =>
    refused({ content: bytesOf(text), profile: "hocba-xml" }, status, code);

  it("not a PDF", async () => {
    await refusedPdf(bytesOf("Học bạ của em, bản đánh máy.\n".repeat(40)), 422, "PDF_NOT_A_PDF");
    await refusedPdf(bytesOf(xml), 415, "FORMAT_MISMATCH");
  });

  it("nothing at all", () => refusedPdf(new Uint8Array(), 400, "BODY_EMPTY"));

  it("a PDF cut off anywhere", async () => {
    for (const part of [0.1, 0.5, 0.9, 0.999]) {
      await refusedPdf(pdf.subarray(0, Math.floor(pdf.length * part)), 422, "PDF_TRUNCATED");
    }
  });

  it("an encrypted PDF, whether or not it opens without a password", async () => {
    const [from, to] = [join(site.root, "plain.pdf"), join(site.root, "encrypted.pdf")];
    writeFileSync(from, pdf);
    for (const user of ["", "mật khẩu"]) {
      execFileSync("qpdf", ["--encrypt", user, "owner", "256", "--", from, to]);
      await refusedPdf(readFileSync(to), 422, "PDF_ENCRYPTED");
    }
  });

  it("over the limit, announced or not", async () => {
    const problem = await refusedPdf(new Uint8Array(LIMIT + 1), 413, "BODY_TOO_LARGE");
    expect(problem.details).toMatchObject({ limit: LIMIT });
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        sent += 65_536;
        controller.enqueue(new Uint8Array(65_536));
        if (sent > 8 * LIMIT) controller.close();
      },
    });
    const answer = await fetch(`${site.demo.baseUrl}/v1/documents?profile=hocba-pdf`, {
      method: "POST",
      headers: { authorization: `Bearer ${site.demo.apiKey}` },
      body,
      duplex: "half",
    } as RequestInit);
    expect(`${answer.status} ${((await answer.json()) as Problem).code}`).toBe("413 BODY_TOO_LARGE");
    expect(sent, "the rest was not read").toBeLessThan(8 * LIMIT);
  });

  it("XML with a DTD", async () => {
    const bomb = '<!DOCTYPE HOC_BA [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>';
    await refusedXml(xml.replace("<HOC_BA", "<!DOCTYPE HOC_BA><HOC_BA"), 422, "XML_DTD_FORBIDDEN");
    await refusedXml(xml.replace("<HOC_BA", `${bomb}<HOC_BA`), 422, "XML_DTD_FORBIDDEN");
  });

  it("XML that is not well-formed", async () => {
    await refusedXml(xml.replace("</HOC_BA>", ""), 422, "XML_NOT_WELL_FORMED");
    await refusedXml(xml.replace("<TEN_LOP>", "<TEN_LOP & >"), 422, "XML_NOT_WELL_FORMED");
    await refused({ content: Uint8Array.of(0xff, 0xfe, 0x3c), profile: "hocba-xml" }, 422, "XML_NOT_WELL_FORMED");
  });

  it("XML with an Id twice", async () => {
    const [first, second] = [...xml.matchAll(/Id="(mon-[^"]+)"/g)].map((match) => match[1]!);
    await refusedXml(xml.replace(`Id="${second}"`, `Id="${first}"`), 422, "XML_DUPLICATE_ID");
    await refusedXml(xml.replace('Id="thongtinhocba"', 'Id="data"'), 422, "XML_DUPLICATE_ID");
    // Not named by any signature, and still two readers may see two documents.
    await refusedXml(xml.replace('Id="gvbm-19"', 'Id="gvbm-15"'), 422, "XML_DUPLICATE_ID");
  });

  it("XML without a block that the profile needs, named in the answer", async () => {
    for (const [block, name] of [
      ["<CBQL/>", "CBQL"],
      ["<KY_PHAT_HANH/>", "KY_PHAT_HANH"],
      ["<GVCN/>", "GVCN"],
      [/<BANG_DIEM>.*<\/BANG_DIEM>/s, "DIEM_TONG_KET"],
      [/<MA_TRUONG>.*<\/MA_TRUONG>/s, "MA_TRUONG"],
    ] as const) {
      const without = xml.replace(block, "");
      expect(without, name).not.toBe(xml);
      const problem = await refusedXml(without, 422, "XML_MISSING_ELEMENT");
      expect(JSON.stringify(problem), name).toContain(name);
    }
  });

  it("an unknown profile; the known ones are named", async () => {
    const problem = await refused({ content: pdf, profile: "hocba-docx" }, 400, "PROFILE_UNKNOWN");
    expect(problem.details.profiles).toEqual(expect.arrayContaining(["hocba-pdf", "hocba-xml"]));
  });

  it("an unknown API key", async () => {
    const unknown = `hocba_${"A".repeat(43)}`;
    await refused({ content: pdf, profile: "hocba-pdf", apiKey: unknown }, 401, "UNAUTHENTICATED");
    await refused({ content: pdf, profile: "hocba-pdf", apiKey: "" }, 401, "UNAUTHENTICATED");
  });

  it("an unknown school, another school than the key's, another than the document's", async () => {
    await refused(
      { content: pdf, profile: "hocba-pdf", school: "00000000", apiKey: operatorKey },
      403,
      "SCHOOL_UNKNOWN",
    );
    await refused({ content: pdf, profile: "hocba-pdf", school: "00000000" }, 403, "FORBIDDEN_SCHOOL");
    await refusedXml(xml.replace(/(<MA_TRUONG>)[^<]+/, "$100000000"), 403, "SCHOOL_MISMATCH");
  });

  it("a document that is signed already", async () => {
    const id = await site.accept({ content: pdf, profile: "hocba-pdf" });
    await refusedPdf(await site.expectSignedOnce(id), 422, "ALREADY_SIGNED");
    const xmlId = await site.accept({ content: bytesOf(xml), profile: "hocba-xml" });
    await refused({ content: await site.expectSignedOnce(xmlId), profile: "hocba-xml" }, 422, "ALREADY_SIGNED");
  });

  it("the same idempotency key for another document", async () => {
    const idempotencyKey = "bad-input-1";
    const first = await site.submit({ content: pdf, profile: "hocba-pdf", idempotencyKey });
    const again = await site.submit({ content: pdf, profile: "hocba-pdf", idempotencyKey });
    expect([first.status, again.status, again.body.id]).toEqual([202, 200, first.body.id]);
    await refused({ content: bytesOf(xml), profile: "hocba-xml", idempotencyKey }, 409, "IDEMPOTENCY_CONFLICT");
    await site.expectSignedOnce(first.body.id);
  });

  it("and the audit log is whole after all of it", () => site.expectAuditIntact());
});
