import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { type PolicyName, shippedPolicies } from "@hocba/signatures/verify";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { corpusDocuments, vietnameseCertificates } from "../properties/corpus-documents.ts";
import { freshDocuments } from "../properties/fresh-documents.ts";
import { bundle } from "./bundle.ts";
import { startChromium } from "./chromium.ts";
import type {} from "./engine-page.ts";
import { type EngineServer, serveEngine } from "./engine-server.ts";
import { type EngineDocument, type EngineMaterial, makeEngine } from "./make-engine.ts";

/** "full": under every policy, not under one. */
const full = process.env.HOCBA_PARITY === "full";

describe("the engine in a browser", { timeout: 600_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "hocba-parity-"));
  let documents: readonly EngineDocument[];
  let material: EngineMaterial;
  let browser: Browser;
  let server: EngineServer;
  let page: Page;

  beforeAll(async () => {
    const [path, fresh] = await Promise.all([
      bundle("test/browser/engine-page.ts", "browser", folder),
      freshDocuments(),
    ]);
    const { roots, all } = vietnameseCertificates();
    documents = [...fresh.documents, ...corpusDocuments()];
    material = { roots: [fresh.root, ...roots], certificates: all, crls: fresh.crls, time: Date.now() };
    server = await serveEngine(path, material, documents);
    browser = await startChromium();
    page = await browser.newPage();
    await page.goto(server.address);
    await page.waitForFunction(() => "engine" in window);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("says of every document, octet by octet, what it says in Node with either cryptography", async () => {
    const withNode = makeEngine(material, nodeCrypto);
    const portable = makeEngine(material);
    const verdicts = new Map<string, number>();
    const differing: string[] = [];
    for (const policy of full ? ([...shippedPolicies.keys()] as PolicyName[]) : (["vn-official"] as const)) {
      for (const [index, document] of documents.entries()) {
        const expected = withNode(document, policy);
        const { indication } = (JSON.parse(expected) as { report: { indication: string } }).report;
        verdicts.set(indication, (verdicts.get(indication) ?? 0) + 1);
        const answers = {
          "Node, portable": portable(document, policy),
          browser: await page.evaluate(([i, name, detached, p]) => window.engine.verify(i, name, detached, p), [
            index,
            document.name,
            document.detached !== undefined,
            policy,
          ] as const),
        };
        for (const [where, answer] of Object.entries(answers)) {
          if (answer !== expected)
            differing.push(`${document.name} (${policy}, ${where}): ${difference(expected, answer)}`);
        }
      }
    }
    const told = [...verdicts].map(([indication, n]) => `${indication} ${n}`).join(", ");
    console.log(`engine parity: ${documents.length} documents, ${told}; differing ${differing.length}`);
    expect(differing).toEqual([]);
    expect(verdicts.get("TOTAL-PASSED")).toBeGreaterThanOrEqual(7);
  });
});

/** The first lines that differ. */
function difference(expected: string, answer: string): string {
  const [a, b] = [expected.split("\n"), answer.split("\n")];
  const at = a.findIndex((line, i) => line !== b[i]);
  return `${a[at]?.trim()} | ${b[at]?.trim()}`;
}
