import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { readForm } from "./form-files.ts";

const TYPE = "multipart/form-data; boundary=b";
const form = (...lines: string[]) => Buffer.from(lines.join("\r\n"));
const part = (disposition: string, content = "x") => ["--b", `Content-Disposition: ${disposition}`, "", content];

describe("readForm", () => {
  it("reads what a browser sends as the platform itself does, octet for octet", async () => {
    const names = ["học bạ.pdf", 'a"b.xml', "với\r\ndòng.pdf", "C:\\temp\\x.pdf", "%41.pdf", ""];
    const sent = new FormData();
    for (const [i, name] of names.entries()) {
      // Content that looks like the begin of a delimiter, and content of line ends alone.
      const content = i === 0 ? Buffer.from("\r\n--\r\n\r\n") : randomBytes(i * 1000);
      sent.append("file", new File([content], name));
    }
    sent.append("profile", "hồ sơ\r\n");
    sent.append("empty", "");
    const request = new Request("http://x/", { method: "POST", body: sent });
    const type = request.headers.get("content-type")!;
    const bytes = new Uint8Array(await request.arrayBuffer());
    const expected = [...(await new Response(bytes, { headers: { "content-type": type } }).formData())];
    const { files, fields } = readForm(bytes, type);
    expect(files.map(({ field, name }) => [field, name])).toEqual(
      expected.flatMap(([field, value]) => (typeof value === "string" ? [] : [[field, value.name]])),
    );
    for (const [i, { bytes: content }] of files.entries()) {
      const own = new Uint8Array(await (expected[i]![1] as unknown as File).arrayBuffer());
      expect(Buffer.compare(content, own), names[i]!).toBe(0);
      expect(content.buffer).toBe(bytes.buffer);
    }
    expect(fields).toEqual(Object.fromEntries(expected.filter(([, value]) => typeof value === "string")));
  });

  it("reads what curl sends: a quoted boundary, a type, padding, text behind the end", () => {
    const body = form(
      "--a b  ",
      'content-disposition: FORM-DATA; filename=plain.pdf; name="file"',
      "Content-Type: application/pdf",
      "Content-Transfer-Encoding: binary",
      "",
      "%PDF-",
      "--a b",
      'Content-Disposition: form-data; name="say \\"hi\\""',
      "",
      "--a b--",
      "whatever",
    );
    const { files, fields } = readForm(body, 'multipart/form-data; charset=utf-8; boundary="a b"');
    expect(files.map(({ field, name, bytes }) => [field, name, Buffer.from(bytes).toString()])).toEqual([
      ["file", "plain.pdf", "%PDF-"],
    ]);
    expect(fields).toEqual({ 'say "hi"': "" });
  });

  it.each([
    ["without a boundary", form(...part('form-data; name="a"'), "--b--"), "multipart/form-data"],
    ["cut off in its content", form(...part('form-data; name="a"')), TYPE],
    ["cut off in its headers", form("--b", "Content-Disposition: form-data"), TYPE],
    ["that begins with another text", form("hello", ...part('form-data; name="a"'), "--b--"), TYPE],
    ["with a part without a name", form(...part("form-data"), "--b--"), TYPE],
    ["with a part that is an attachment", form(...part('attachment; name="a"'), "--b--"), TYPE],
    ["with a part without headers", form("--b", "", "x", "--b--"), TYPE],
    [
      "with a part in base64",
      form("--b", 'Content-Disposition: form-data; name="a"', "Content-Transfer-Encoding: base64", "", "eA==", "--b--"),
      TYPE,
    ],
    ["with a longer delimiter", form(...part('form-data; name="a"'), "--bc--"), TYPE],
    ["with headers without end", Buffer.concat([form("--b", "X: "), Buffer.alloc(100_000, "y")]), TYPE],
    ["of nothing", Buffer.alloc(0), TYPE],
  ])("refuses a form %s", (_, bytes, type) => {
    expect(() => readForm(bytes, type)).toThrowError(expect.objectContaining({ code: "REQUEST_INVALID" }));
  });

  it("refuses more parts than it was told, whatever they hold", () => {
    const many = form(...Array.from({ length: 5 }, () => part('form-data; name="a"')).flat(), "--b--");
    expect(readForm(many, TYPE, 5).fields).toEqual({ a: "x" });
    expect(() => readForm(many, TYPE, 4)).toThrowError(expect.objectContaining({ code: "REQUEST_INVALID" }));
  });
});
