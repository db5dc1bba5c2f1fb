import { spawnSync } from "node:child_process";
import { randomBytes, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DevPki, startDevPki } from "./index.ts";

const directory = mkdtempSync(join(tmpdir(), "hocba-dev-tsa-"));
const file = (name: string, content: Uint8Array | string): string => {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
};
const pem = (der: Uint8Array): string => new X509Certificate(der).toString();

/** Runs openssl and returns what it said on both channels. */
function openssl(args: string[]): { text: string; out: Buffer } {
  const r = spawnSync("openssl", args);
  return { text: `${r.stdout}${r.stderr}`, out: r.stdout };
}

let pki: DevPki;
let root: string;

beforeAll(async () => {
  pki = await startDevPki({ keyBits: 2048 });
  root = file("root.pem", pem(pki.root.certificate));
}, 60_000);

afterAll(async () => {
  await pki.close();
  rmSync(directory, { recursive: true });
});

describe("time stamp authority", () => {
  const data = randomBytes(1000);
  const dataFile = file("data.bin", data);

  function query(more: string[] = ["-sha256", "-cert"]): Uint8Array {
    return new Uint8Array(openssl(["ts", "-query", "-data", dataFile, ...more]).out);
  }
  async function stamp(body: Uint8Array, url = pki.tsa.url): Promise<Uint8Array> {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/timestamp-query" },
      body: body as Uint8Array<ArrayBuffer>,
    });
    expect(answer.headers.get("content-type")).toBe("application/timestamp-reply");
    return new Uint8Array(await answer.arrayBuffer());
  }
  function verify(request: Uint8Array, response: Uint8Array, more: string[] = []) {
    const args = ["-queryfile", file("ts.tsq", request), "-in", file("ts.tsr", response), "-CAfile", root];
    return openssl(["ts", "-verify", ...args, ...more]);
  }
  const reply = (response: Uint8Array): string =>
    openssl(["ts", "-reply", "-in", file("ts.tsr", response), "-text"]).text;

  it("stamps imprints by SHA-1 and SHA-2 that openssl verifies", async () => {
    for (const digest of ["-sha1", "-sha256", "-sha384", "-sha512"]) {
      const request = query([digest, "-cert"]);
      expect(verify(request, await stamp(request)).text).toContain("Verification: OK");
    }
    const bare = query(["-sha256"]);
    const response = await stamp(bare);
    expect(response.length).toBeLessThan(900);
    expect(verify(bare, response, ["-untrusted", file("tsa.pem", pem(pki.tsa.certificate))]).text).toContain(
      "Verification: OK",
    );
    expect(reply(response)).toContain("Policy OID: 2.999.704.1.1.1.2");
  });

  it("gives every token its own serial number", async () => {
    const request = query();
    const serials = await Promise.all(
      Array.from({ length: 20 }, async () => /Serial number: (.*)/.exec(reply(await stamp(request)))![1]),
    );
    expect(new Set(serials).size).toBe(20);
  });

  it("rejects what it does not serve with the failure RFC 3161 names", async () => {
    expect(reply(await stamp(query(["-md5"])))).toContain("unrecognized or unsupported algorithm identifier");
    expect(reply(await stamp(query(["-sha256", "-tspolicy", "1.2.3"])))).toContain(
      "requested TSA policy is not supported",
    );
    expect(reply(await stamp(randomBytes(40)))).toContain("data submitted has the wrong format");
    const post = (contentType: string) =>
      fetch(pki.tsa.url, { method: "POST", headers: { "content-type": contentType }, body: "x" });
    expect((await fetch(pki.tsa.url)).status).toBe(403);
    expect((await post("text/plain")).status).toBe(400);
  });

  it("plays the faults on order: no faulty token passes openssl", async () => {
    const tsa = await pki.startTsa();
    const request = query();
    const outcome = async () => verify(request, await stamp(request, tsa.url)).text;
    try {
      expect(await outcome()).toContain("Verification: OK");
      tsa.faults.tsa = { wrongNonce: true };
      expect(await outcome()).toContain("nonce mismatch");
      tsa.faults.tsa = { wrongImprint: true };
      expect(await outcome()).toContain("message imprint mismatch");
      tsa.faults.tsa = { wrongCertificate: true };
      expect(await outcome()).toContain("certificate verify error");
      tsa.faults.tsa = { noEku: true };
      expect(await outcome()).toContain("Verification: FAILED");
      tsa.faults.tsa = { badSignature: true };
      expect(await outcome()).toContain("signature failure");
      tsa.faults.tsa = { status: 2 };
      expect(await outcome()).toContain("Verification: FAILED");
      tsa.faults.tsa = { truncate: true };
      expect(await outcome()).not.toContain("Verification: OK");
      tsa.faults.tsa = { garbage: true };
      expect(await outcome()).not.toContain("Verification: OK");
      tsa.faults.tsa = { wrongPolicy: true };
      expect(reply(await stamp(request, tsa.url))).toContain("Policy OID: 2.999.704.1.1.1.2.999");
      for (const skew of [-759_000, 22_846_000]) {
        tsa.faults.tsa = { clockSkewMs: skew };
        const time = /Time stamp: (.*)/.exec(reply(await stamp(request, tsa.url)))![1]!;
        expect(Math.abs(Date.parse(time) - Date.now() - skew)).toBeLessThan(5_000);
      }
      tsa.faults.tsa = { quota: 2 };
      const post = () =>
        fetch(tsa.url, {
          method: "POST",
          headers: { "content-type": "application/timestamp-query" },
          body: request as Uint8Array<ArrayBuffer>,
        });
      const statuses = [];
      for (let i = 0; i < 3; i++) statuses.push((await post()).status);
      expect(statuses).toEqual([200, 200, 429]);
      tsa.faults.tsa = { quota: 0, quotaAnswer: "rejection" };
      expect(reply(await stamp(request, tsa.url))).toContain("Status: Rejected.");
      tsa.faults.tsa = { refuse: true };
      await expect(post()).rejects.toThrow();
      tsa.faults.tsa = {};
      expect(await outcome()).toContain("Verification: OK");
    } finally {
      await tsa.close();
    }
  });
});
