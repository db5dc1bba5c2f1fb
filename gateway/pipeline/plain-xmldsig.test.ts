import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { certificatePem } from "@hocba/certs/x509";
import type { Profile } from "@hocba/signatures/profiles";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { transcriptXml } from "../demo/sample-class/index.ts";
import { loadProfiles, readProfile } from "../profiles/index.ts";
import type { DocumentView } from "../routes/document-view.ts";
import { type SigningSite, startSigningSite } from "../testing/index.ts";

/** An operator's own profile: the transcript in the form that verifiers without XAdES expect. */
function plainProfile(): Profile {
  const xades = loadProfiles(null).get("hocba-xml")!;
  const steps = xades.steps.map((step) => ({ ...step, level: "B", xml: { ...step.xml, form: "xmldsig" } }));
  return readProfile(JSON.stringify({ ...xades, name: "hocba-xml-plain", steps }), "hocba-xml-plain.json");
}

describe("a transcript in plain XMLDSig with a SigningTime property, from the request to the verdict", () => {
  let site: SigningSite;
  beforeAll(async () => {
    site = await startSigningSite({ pupils: 1 });
  }, 120_000);
  afterAll(() => site?.close());

  it("carries a signature of everyone that xmlsec1 and we accept, its time signed with it", async () => {
    const profile = plainProfile();
    const profiles = new Map([...loadProfiles(null), [profile.name, profile] as const]);
    const { app } = await site.gateway({}, { profiles });
    await (await site.worker({}, { profiles })).start();
    const headers = { authorization: `Bearer ${site.apiKey}` };
    const started = Math.floor(Date.now() / 1000) * 1000;
    const answer = await app.request(`/v1/documents?profile=${profile.name}`, {
      method: "POST",
      body: transcriptXml(site.sample.pupils[0]!) as Uint8Array<ArrayBuffer>,
      headers,
    });
    const { id } = (await answer.json()) as DocumentView;
    const view = await vi.waitFor(
      async () => {
        const found = (await (await app.request(`/v1/documents/${id}`, { headers })).json()) as DocumentView;
        expect(`${found.state} ${JSON.stringify(found.problem)}`).toBe("signed null");
        return found;
      },
      { timeout: 20_000, interval: 50 },
    );
    expect(view.steps.every(({ level, state }) => level === "B" && state === "complete")).toBe(true);
    const signed = new Uint8Array(await (await app.request(`/v1/documents/${id}/content`, { headers })).arrayBuffer());
    const text = new TextDecoder().decode(signed);
    expect(text).not.toContain("http://uri.etsi.org/01903");
    const times = [...text.matchAll(/<SigningTime>([^<]+)</g)].map(([, time]) => Date.parse(time!));
    expect(times).toHaveLength(view.steps.length);
    for (const time of times) {
      expect(time).toBeGreaterThanOrEqual(started);
      expect(time).toBeLessThanOrEqual(Date.now());
    }

    const folder = mkdtempSync(join(site.root, "plain-"));
    writeFileSync(join(folder, "ca.pem"), certificatePem(site.pki.root.certificate));
    writeFileSync(join(folder, "issuing.pem"), certificatePem(site.pki.issuing.certificate));
    const names = ["DU_LIEU_HOC_BA", "THONG_TIN_HOC_BA", "DIEM_TONG_KET", "http://www.w3.org/2000/09/xmldsig#:Object"];
    const accepts = (document: string, n: number): boolean => {
      writeFileSync(join(folder, "a.xml"), document);
      const args = ["--verify", "--enabled-key-data", "x509", ...names.flatMap((name) => ["--id-attr:Id", name])];
      const which = ["--node-xpath", `(//*[local-name()='Signature'])[${n}]`];
      const trust = ["--trusted-pem", "ca.pem", "--untrusted-pem", "issuing.pem"];
      try {
        execFileSync("xmlsec1", [...args, ...which, ...trust, "a.xml"], { cwd: folder, stdio: "pipe" });
        return true;
      } catch {
        return false;
      }
    };
    const everyone = view.steps.map((_, i) => i + 1);
    expect(everyone.filter((n) => accepts(text, n))).toEqual(everyone);

    const verdict = async (document: string) => {
      const asked = await app.request("/v1/verifications", { method: "POST", body: document });
      return (await asked.json()) as {
        indication: string;
        signatures: { format: string; claimedSigningTime: string }[];
      };
    };
    const judged = await verdict(text);
    expect(judged.indication).toBe("TOTAL-PASSED");
    expect(judged.signatures.map(({ format }) => format)).toEqual(everyone.map(() => "XMLDSig"));
    expect(judged.signatures.every(({ claimedSigningTime }) => Date.parse(claimedSigningTime) >= started)).toBe(true);

    // A time that was changed afterwards is no longer the one that was signed: the last signature is the seal's.
    const place = text.lastIndexOf("<SigningTime>20") + "<SigningTime>20".length;
    const moved = text.slice(0, place) + String((Number(text[place]) + 1) % 10) + text.slice(place + 1);
    expect(moved).not.toBe(text);
    expect(accepts(moved, everyone.length)).toBe(false);
    expect((await verdict(moved)).indication).toBe("TOTAL-FAILED");
  }, 90_000);
});
