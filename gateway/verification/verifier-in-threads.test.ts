import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { configSchema } from "../config/index.ts";
import { createVerifier } from "./verifier.ts";
import { createVerifierInThreads, type VerifierInThreads } from "./verifier-in-threads.ts";

const BUILT = new URL("../dist/verification/verification-thread.js", import.meta.url);

/** The built thread, with a file name that makes it run for ever and one that makes it eat memory. */
const misbehaving = (): URL => {
  const file = join(folder, "thread.mjs");
  writeFileSync(
    file,
    `import { parentPort } from "node:worker_threads";
    const on = parentPort.on.bind(parentPort);
    parentPort.on = (event, listener) => on(event, (task) => {
      if (task.fileName === "endless") for (;;);
      if (task.fileName === "greedy") for (const held = []; ; ) held.push(new Array(1e6).fill(Math.random()));
      listener(task);
    });
    await import(${JSON.stringify(BUILT.href)});`,
  );
  return pathToFileURL(file);
};

const config = (timeoutMs: number) =>
  configSchema.parse({ dataDir: "unused", verification: { online: false, concurrency: 2, timeoutMs } });
const octets = (text: string) => new TextEncoder().encode(text);

const folder = mkdtempSync(join(tmpdir(), "hocba-thread-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let verifier: VerifierInThreads | null = null;
afterEach(() => verifier?.close());

describe("verification in threads", () => {
  it("gives the verdict that a single thread gives", async () => {
    verifier = createVerifierInThreads(config(60_000), BUILT);
    const alone = createVerifier(config(1).verification, {
      trust: { anchors: [], certificates: [] },
      allowedHosts: [],
      clock: Date.now,
    });
    const file = octets("<HOC_BA/>");
    const reports = await Promise.all(Array.from({ length: 5 }, (_, i) => verifier!.verify(file, `${i}.xml`)));
    const expected = await alone.verify(file, "0.xml");
    expect(reports.map((report) => report.file)).toEqual(["0.xml", "1.xml", "2.xml", "3.xml", "4.xml"]);
    expect({ ...reports[0], validationTime: "" }).toEqual({ ...expected, validationTime: "" });
  });

  it("stops a file that takes too long, without a verdict, and goes on with the others", async () => {
    verifier = createVerifierInThreads(config(6000), misbehaving());
    let turns = 0;
    const turning = setInterval(() => turns++, 10);
    const endless = Promise.all(["endless", "endless"].map((name) => failure(name)));
    const after = verifier.verify(octets("<a/>"), "honest.xml");
    expect(await endless).toEqual(["VERIFICATION_STOPPED", "VERIFICATION_STOPPED"]);
    expect((await after).indication).toBe("NO-SIGNATURE");
    clearInterval(turning);
    expect(turns, "turns of the service meanwhile").toBeGreaterThan(50);
  }, 30_000);

  it("stops a file that takes too much memory, and goes on with the others", async () => {
    verifier = createVerifierInThreads(config(60_000), misbehaving());
    expect(await failure("greedy")).toBe("VERIFICATION_STOPPED");
    expect((await verifier.verify(octets("<a/>"), "honest.xml")).indication).toBe("NO-SIGNATURE");
  }, 30_000);

  it("leaves nobody waiting when it is closed", async () => {
    verifier = createVerifierInThreads(config(60_000), misbehaving());
    const open = Promise.all(["endless", "endless", "waiting", "waiting"].map((name) => failure(name)));
    await verifier.close();
    expect(new Set(await open)).toEqual(new Set(["VERIFICATION_STOPPED"]));
  });

  async function failure(name: string): Promise<unknown> {
    return verifier!.verify(octets("<a/>"), name).then(
      () => "a verdict",
      (error: { code?: string }) => error.code,
    );
  }
});
