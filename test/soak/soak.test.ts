import { expect, it } from "vitest";
import { soak } from "./soak.ts";

/** HOCBA_SOAK=20000 makes it a long one; HOCBA_SOAK_SEED repeats one. */
const documents = Number(process.env.HOCBA_SOAK ?? 60);
const long = documents > 60;
const leastKills = Math.max(6, documents / 200);
const seed = Number(process.env.HOCBA_SOAK_SEED ?? Date.now() % 1_000_000);

it(
  `${documents} documents under random kill -9: none lost, none signed twice, each with its evidence record`,
  async () => {
    const result = await soak({
      documents,
      killEveryMs: Number(process.env.HOCBA_SOAK_KILL_MS ?? (long ? 8000 : 1500)),
      leastKills,
      seed,
      onProgress: long ? (line) => process.stderr.write(`${line}\n`) : () => {},
    });
    console.log(`soak, seed ${seed}: ${JSON.stringify(result)}`);
    expect(result.states).toMatchObject({ signed: documents });
    const kills = Object.values(result.kills).reduce((sum, n) => sum + n, 0);
    // The last share of documents is sent after the kill before the last.
    expect(kills, "kills").toBeGreaterThanOrEqual(leastKills - 1);
    expect(result.evidence.proven, "documents with an evidence record").toBe(documents);
    expect(result.doctor).toMatchObject({ exitCode: 0, summary: { documents, errors: 0, warnings: 0, problems: {} } });
  },
  long ? 6 * 3_600_000 : 180_000,
);
