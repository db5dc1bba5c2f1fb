import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseCertificate } from "@hocba/certs/x509";
import { DEMO_TOKEN } from "@hocba/gateway/demo";
import type { CertificateBinding } from "@hocba/gateway/ledger";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type DemoSite, MAIN, startDemoSite } from "../end-to-end/demo-site.ts";
import { run } from "../end-to-end/referees.ts";

vi.setConfig({ testTimeout: 60_000 });

const DAY = 86_400_000;

interface HostEvent {
  event: string;
  rv?: string;
  tried?: boolean;
  code?: string;
}

describe("a token host with a wrong PIN", () => {
  let site: DemoSite;
  beforeAll(async () => {
    site = await startDemoSite();
  }, 120_000);
  afterAll(() => site?.close());

  const events = () =>
    site
      .log("token-host")
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as HostEvent);
  const refusals = () => events().filter((event) => event.event === "token-refused");

  it("tries it once, across restarts; documents wait and are signed when the PIN is right", async () => {
    const pinFile = join(site.root, "token.pin");
    const rightPin = readFileSync(pinFile, "utf8");
    await site.demo.parts.get("token-host")!.stop();
    writeFileSync(pinFile, "000000-wrong");
    await site.demo.restart("token-host");

    const ids = await site.acceptClass("wrong-pin");
    for (const id of ids) {
      await site.until(id, (document) => document.error?.code === "PIN_INCORRECT" && document.attempts >= 2);
    }
    // What the gateway found when it was last asked is answered again for a moment.
    const readyz = async () => (await fetch(`${site.demo.baseUrl}/readyz`)).status;
    await vi.waitFor(async () => expect(await readyz(), "not ready").toBe(503), { timeout: 10_000, interval: 100 });
    await site.demo.parts.get("token-host")!.stop();
    await site.demo.restart("token-host");
    const seen = (await site.ledger.documents.get(ids[0]!))!.attempts;
    for (const id of ids) await site.until(id, (document) => document.attempts >= seen + 2);

    const tried = refusals().filter((refusal) => refusal.rv !== undefined);
    expect(tried.length, `C_Login was called once with this PIN: ${JSON.stringify(refusals())}`).toBe(1);
    expect(tried[0]).toMatchObject({ rv: "CKR_PIN_INCORRECT" });
    for (const id of ids) {
      const dossier = (await site.ledger.documents.dossier(id))!;
      expect(dossier.signatures.every((signature) => signature.value === null)).toBe(true);
      const { problem, state } = await site.view(id);
      expect([state, problem?.code]).toEqual(["signing", "PIN_INCORRECT"]);
      expect((await site.content(id)).status, "nothing is passed off as signed").toBe(409);
    }

    // Stopped meanwhile: a running host would log in with the right PIN, and forget the refused one, by itself.
    await site.demo.parts.get("token-host")!.stop();
    writeFileSync(pinFile, rightPin);
    const args = [MAIN, "keys", "clear-pin-lock", DEMO_TOKEN, "--config", site.demo.tokenHostConfigFile];
    const cleared = await run(process.execPath, args);
    expect(`${cleared.status} ${cleared.stdout}`).toMatch(/^0 demo: đã xoá/);
    await site.demo.restart("token-host");
    for (const id of ids) await site.expectSignedOnce(id);
    expect(refusals().filter((refusal) => refusal.rv !== undefined).length, "no further refusal").toBe(1);
    expect(site.log("token-host") + site.log("worker")).not.toContain("000000-wrong");
    await site.expectAuditIntact();
  }, 120_000);

  describe("certificates that may not sign", () => {
    /** The homeroom teacher's binding, with changes, for a class of its own. */
    async function bind(className: string, change: Partial<CertificateBinding>): Promise<void> {
      const bindings = await site.ledger.registry.bindings(site.sample.school.code);
      const own = bindings.find((binding) => binding.role === "homeroom-teacher")!;
      const { revokedAt: _, ...binding } = { ...own, id: `test/${className}`, classes: [className], ...change };
      await site.ledger.registry.addBinding(binding, "test");
    }
    const teacher = { subject: { commonName: "Nguyễn Thị Thử", organization: "Trường thử" } };

    async function failsWith(className: string, code: string): Promise<void> {
      const id = await site.accept({ content: await site.pdf(), profile: "hocba-pdf", className });
      const document = await site.untilState(id, "failed");
      expect(`${document.state} ${document.error?.code}`).toBe(`failed ${code}`);
      const { problem } = await site.view(id);
      expect(problem!.code).toBe(code);
      expect(problem!.title).toMatchObject({ vi: expect.stringMatching(/[À-ỹ]/), en: expect.any(String) });
      expect((await site.content(id)).status).toBe(409);
      const dossier = (await site.ledger.documents.dossier(id))!;
      expect(dossier.signatures.filter((signature) => signature.state === "complete")).toEqual([]);
      expect(dossier.document.currentSha256, "the document is as it came").toBe(dossier.document.sha256);
    }

    const spki = async (): Promise<Uint8Array> => {
      const bindings = await site.ledger.registry.bindings(site.sample.school.code);
      return parseCertificate(bindings.find((binding) => binding.role === "homeroom-teacher")!.certificate).spki;
    };

    it("expired: the document fails and says so", async () => {
      const certificate = await site.demo.pki.issue({
        publicKeySpki: await spki(),
        ...teacher,
        notBefore: new Date(Date.now() - 300 * DAY),
        notAfter: new Date(Date.now() - DAY),
      });
      await bind("9X1", { certificate, validFrom: Date.now() - 300 * DAY, validTo: Date.now() + DAY });
      await failsWith("9X1", "CERTIFICATE_EXPIRED");
    });

    it("not valid yet", async () => {
      const certificate = await site.demo.pki.issue({
        publicKeySpki: await spki(),
        ...teacher,
        notBefore: new Date(Date.now() + DAY),
      });
      await bind("9X2", { certificate, validFrom: Date.now() - DAY });
      await failsWith("9X2", "CERTIFICATE_NOT_YET_VALID");
    });

    it("of another key than the token's: the value is thrown away", async () => {
      const { certificate } = await site.demo.pki.issueLeaf(teacher);
      await bind("9X3", { certificate });
      await failsWith("9X3", "CERTIFICATE_KEY_MISMATCH");
    });

    it("a key that is not on the token", async () => {
      await bind("9X4", { key: { token: DEMO_TOKEN, ckaId: "00".repeat(16) } });
      await failsWith("9X4", "KEY_NOT_FOUND");
    });

    it("revoked while it was registered: no document leaves as signed", async () => {
      const certificate = await site.demo.pki.issue({ publicKeySpki: await spki(), ...teacher });
      await bind("9X5", { certificate });
      site.demo.pki.revoke(parseCertificate(certificate).serial, "keyCompromise", new Date(Date.now() - 60_000));
      // What the worker has fetched lately may be used for a while: this one knows nothing yet.
      await site.demo.parts.get("worker")!.stop();
      await site.demo.restart("worker");
      const id = await site.accept({ content: await site.pdf(), profile: "hocba-pdf", className: "9X5" });
      const document = await site.until(id, ({ state, error }) => state === "failed" || error !== null);
      expect(document).toMatchObject({
        state: "failed",
        error: { code: "VERIFICATION_FAILED", details: { findings: expect.arrayContaining(["CERTIFICATE_REVOKED"]) } },
      });
      expect((await site.content(id)).status).toBe(409);
      const { bytes } = await site.content(id, "?revision=current");
      expect((await site.judge(bytes)).indication, "a stranger sees the revocation too").not.toBe("TOTAL-PASSED");
    });

    it("nobody registered for a role: the document fails and names the role", async () => {
      // Of the class 9Z9 nobody is the homeroom teacher.
      const id = await site.accept({ content: await site.pdf(), profile: "hocba-pdf", className: "9Z9" });
      const document = await site.untilState(id, "failed");
      expect(document.error).toMatchObject({ code: "SIGNER_NOT_BOUND", details: { role: "homeroom-teacher" } });
      await site.expectAuditIntact();
    });
  });
});
