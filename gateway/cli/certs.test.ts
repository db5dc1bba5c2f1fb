import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { certificate, crl, testKey } from "../../test/pki-builder.ts";
import { certsCommand } from "./certs.ts";
import { storeCertificate } from "./trust-files.ts";

const root = certificate({ subject: "Root", key: testKey(), ca: true });
const ca = certificate({ subject: "CA", key: testKey(), ca: true, issuer: root, policies: ["1.2.3.4"] });
const leaf = certificate({ subject: "Trường THCS", key: testKey(), issuer: ca, policies: ["1.2.3.4"] });

describe("hocba certs", () => {
  let dir = "";
  const path = (name: string) => join(dir, name);
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "hocba-certs-"));
    for (const [name, one] of Object.entries({ root, ca, leaf }))
      writeFileSync(path(`${name}.crt`), one.certificate.raw);
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
    vi.restoreAllMocks();
    process.exitCode = 0;
  });

  async function run(...words: string[]): Promise<{ out: string; code: unknown }> {
    let out = "";
    vi.spyOn(process.stdout, "write").mockImplementation((text) => {
      out += text;
      return true;
    });
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    vi.spyOn(process, "exit").mockImplementation((code) => {
      throw new Error(`exit ${code}`);
    });
    await certsCommand().parseAsync(words, { from: "user" });
    return { out, code: process.exitCode };
  }
  const validate = (...more: string[]) =>
    run(
      "validate",
      "--json",
      "--trust",
      path("root.crt"),
      "--certs",
      path("ca.crt"),
      "--at",
      "2025-06-01T00:00:00Z",
      ...more,
      path("leaf.crt"),
    );

  it("tells a valid path from one that is not, by answer and exit code", async () => {
    const good = await validate();
    expect(good.code).toBe(0);
    const answer = JSON.parse(good.out);
    expect(answer).toMatchObject({ valid: true, code: "VALID", policies: ["1.2.3.4"], index: null });
    expect(answer.path.map((c: { subject: string }) => c.subject)).toEqual(["CN=Trường THCS", "CN=CA", "CN=Root"]);
    const bad = await validate("--explicit-policy", "--policy-oid", "1.2.3.5");
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.out)).toMatchObject({ valid: false, code: "POLICY_NOT_ACCEPTABLE" });
  });

  it("checks revocation once CRLs are given", async () => {
    writeFileSync(path("root.crl"), crl({ issuer: root, thisUpdate: "2025-05-01" }).raw);
    expect(JSON.parse((await validate("--crls", path("root.crl"))).out).code).toBe("REVOCATION_UNKNOWN");
    const list = crl({
      issuer: ca,
      thisUpdate: "2025-05-01",
      revoked: [{ certificate: leaf.certificate, at: "2025-04-01", reason: 1 }],
    });
    writeFileSync(path("ca.crl"), list.raw);
    const { out, code } = await validate("--crls", path("root.crl"), "--crls", path("ca.crl"));
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      code: "REVOKED",
      revocation: [{ status: "revoked", reason: "keyCompromise" }, { status: "good" }],
    });
  });

  it("exits 3 for bad use and files that are none, 1 for a certificate too broken to read", async () => {
    writeFileSync(path("text.crt"), "not a certificate");
    expect((await run("validate", path("text.crt"))).code).toBe(3);
    expect((await run("validate", path("absent.crt"))).code).toBe(3);
    await expect(run("validate", "--bogus", path("leaf.crt"))).rejects.toThrow("exit 3");
    await expect(run("validate", "--at", "yesterday", path("leaf.crt"))).rejects.toThrow("exit 3");
    const broken = leaf.certificate.raw.slice();
    broken[10]! ^= 0xff;
    writeFileSync(path("broken.crt"), broken);
    const { out, code } = await run("validate", "--json", path("broken.crt"));
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ valid: false, code: "CERTIFICATE_MALFORMED" });
  });

  it("stores no certificate whose fingerprint is not pinned", async () => {
    const { code } = await run("import", "--store", path("store"), path("root.crt"));
    expect(code).toBe(1);
    expect(readdirSync(dir)).not.toContain("store");
  });

  it("stores roots where --trust finds them and others where --certs does", () => {
    const pin = { id: "x", sha256: "", urls: [], crlUrls: [], hierarchy: "vgca-g2" } as const;
    const stored = storeCertificate(path("store"), { ...pin, kind: "root" }, root.certificate.raw);
    expect(stored).toBe(path("store/anchors/x.crt"));
    expect(new Uint8Array(readFileSync(stored))).toEqual(root.certificate.raw);
    expect(storeCertificate(path("store"), { ...pin, kind: "issuing" }, ca.certificate.raw)).toContain("intermediates");
    expect(readdirSync(path("store/anchors"))).toEqual(["x.crt"]);
  });
});
