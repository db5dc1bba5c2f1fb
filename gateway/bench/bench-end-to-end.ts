import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signClass } from "../demo/sign-class.ts";
import { startDemo } from "../demo/start-demo.ts";
import type { Figure } from "./measure.ts";

/**
 * The whole gateway as `hocba demo` starts it: submit over HTTP until everything is signed, stamped and checked by the
 * gateway itself. Verification by the client is not counted.
 */
export async function benchEndToEnd(
  options: { documents: number; format: "pdf" | "xml" },
  rawSignRate: number,
): Promise<Figure[]> {
  const dataDir = mkdtempSync(join(tmpdir(), "hocba-bench-"));
  const demo = await startDemo({
    dataDir,
    port: 0,
    pupils: options.documents,
    config: { log: { level: "warn" } },
  });
  try {
    let from = 0;
    let until = 0;
    const documents = await signClass(demo, demo.sample, {
      runId: "bench",
      formats: [options.format],
      verify: false,
      onProgress: (phase) => {
        if (phase === "submit" && from === 0) from = performance.now();
        if (phase === "sign") until = performance.now();
      },
    });
    const failed = documents.filter((d) => d.document.state !== "signed").length;
    const signatures = options.format === "pdf" ? 3 : demo.sample.staff.teachers.size + 3;
    const perSecond = ((documents.length - failed) / (until - from)) * 1000;
    return [
      {
        name: `end to end ${options.format === "pdf" ? "PAdES" : "XAdES"}-B-T, ${signatures} signatures`,
        perSecond,
        unit: "documents/s",
        ratio: { to: "C_Sign", value: (perSecond * signatures) / rawSignRate },
        note: `${Math.round(perSecond * signatures)} signatures/s${failed > 0 ? `, ${failed} FAILED` : ""}`,
      },
    ];
  } finally {
    await demo.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}
