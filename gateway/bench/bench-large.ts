import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startDevPki } from "@hocba/certs/dev-pki";
import { inChild } from "./in-child.ts";
import type { LargeOutcome, LargeTask } from "./large-child.ts";
import type { Figure } from "./measure.ts";
import { sampleSigner, signedPdf } from "./signed-samples.ts";

const SIZE = 100 * 2 ** 20;

/** A signed PDF of 100 MB, verified and signed once more: time as a ratio to hashing it, peak memory to its size. */
export async function benchLarge(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "hocba-bench-"));
  const pki = await startDevPki({ keyBits: 2048 });
  try {
    const signer = await sampleSigner(pki);
    const write = (name: string, content: Uint8Array | string): string => {
      const path = join(folder, name);
      writeFileSync(path, content, { mode: 0o600 });
      return path;
    };
    const task: Omit<LargeTask, "work"> = {
      file: write("large.pdf", await signedPdf(SIZE, signer, pki)),
      root: write("root.crt", pki.root.certificate),
      crls: [write("issuing.crl", await pki.crl("issuing")), write("root.crl", await pki.crl("root"))],
      certificate: write("signer.crt", signer.identity.certificate),
      key: write("signer.key", signer.privateKey.export({ type: "pkcs8", format: "pem" })),
    };
    const figures: Figure[] = [];
    for (const work of ["verify", "sign"] as const) {
      const { workMs, hashMs, peakOctets, octets, outcome } = await inChild<LargeOutcome>("large-child", {
        ...task,
        work,
      });
      figures.push({
        name: `${work} PDF ${Math.round(octets / 2 ** 20)} MB`,
        perSecond: 1000 / workMs,
        unit: "documents/s",
        ratio: { to: "its hashing time", value: workMs / hashMs },
        goal: "≤ 3 × hashing, ≤ 2 × size",
        note: `${outcome}; peak ${(peakOctets / octets).toFixed(2)} × size`,
      });
    }
    return figures;
  } finally {
    await pki.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
