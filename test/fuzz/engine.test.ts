import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { bundle } from "../browser/bundle.ts";
import { collectSeeds } from "./collect-seeds.ts";
import { runFuzz } from "./run-fuzz.ts";

/**
 * HOCBA_FUZZ: how many mutants (a long run: 200000). HOCBA_FUZZ_SEED: another stream of them. HOCBA_FUZZ_FROM: the number of the
 * first, to see one again; only streams over corpora files repeat from run to run, since the fresh documents are signed anew.
 */
const count = Number(process.env.HOCBA_FUZZ ?? 3000);
const seedNumber = Number(process.env.HOCBA_FUZZ_SEED ?? 20_261_123);
const from = Number(process.env.HOCBA_FUZZ_FROM ?? 0);

const folder = mkdtempSync(join(tmpdir(), "hocba-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("mutants of documents and of what they hold", () => {
  it("are judged or refused: no other throw, no hang over 2 s, no memory over 512 MB", {
    timeout: 60_000 + count * 500,
  }, async () => {
    const [child, seeds] = await Promise.all([bundle("test/fuzz/fuzz-child.ts", "node", folder), collectSeeds(folder)]);
    const started = performance.now();
    const result = await runFuzz({
      ...{ child, list: seeds.list, folder, seedNumber, from, count },
      processes: 2,
      onFinding: (f) => console.log(`  #${f.index} ${f.seed} ${f.what}: ${f.detail}`),
    });
    console.log(
      `fuzz: ${result.inputs} mutants of ${seeds.count} seeds in ${((performance.now() - started) / 1000).toFixed(0)} s; ` +
        `slowest ${result.slowestMs.toFixed(0)} ms of processor (#${result.slowestIndex}), ` +
        `peak ${(result.peakRss / 2 ** 20).toFixed(0)} MiB, findings ${result.findings.length}`,
    );
    expect(result.findings).toEqual([]);
    expect(result.inputs).toBe(count);
  });
});
