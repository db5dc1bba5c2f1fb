import { expect, it } from "vitest";
import { soak } from "./soak.ts";

/** HOCBA_SOAK=20000 makes it a long one; HOCBA_SOAK_SEED repeats one. */
const documents = Number(process.env.HOCBA_SOAK ?? 60);
const long = documents > 60;
const seed = Number(process.env.HOCBA_SOAK_SEED ?? Date.now() % 1_000_000);

it(
  `${documents} documents under random kill -9: none lost, none signed twice, each with its evidence record`,
  async () => {
    const result = await soak({
      documents,
      killEveryMs: Number(process.env.HOCBA_SOAK_KILL_MS ?? (long ? 8000 : 3000)),
      seed,
      onProgress: long ? (line) => process.stderr.write(`${line}\n`) : () => {},
    });
    console.log(`soak, seed ${seed}: ${JSON.stringify(result)}`);
    expect(result.states).toMatchObject({ signed: documents });
    expect(
      Object.values(result.kills).reduce((sum, n) => sum + n, 0),
      "kills",
    ).toBeGreaterThan(3);
    expect(result.evidence.proven, "documents with an evidence record").toBe(documents);
    expect(result.doctor).toMatchObject({ exitCode: 0, summary: { documents, errors: 0, warnings: 0, problems: {} } });
  },
  long ? 6 * 3_600_000 : 180_000,
);
