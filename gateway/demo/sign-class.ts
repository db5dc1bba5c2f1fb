import { setTimeout as delay } from "node:timers/promises";
import type { VerificationReport } from "@hocba/signatures/verify";
import { type DocumentState, GatewayClient } from "./gateway-client.ts";
import { type SampleClass, type Transcript, transcriptPdf, transcriptXml } from "./sample-class/index.ts";

export interface SignedTranscript {
  readonly pupil: string;
  readonly format: "xml" | "pdf";
  readonly id: string;
  /** As the gateway left it: signed, failed, rejected, awaiting-signature. */
  readonly document: DocumentState;
  /** From submission until it was seen signed, milliseconds. */
  readonly elapsedMs: number;
  /** The answer of the public verification to the bytes that came back; null when none came back. */
  readonly report: VerificationReport | null;
  readonly content: Uint8Array | null;
}

export type ClassPhase = "render" | "submit" | "sign" | "verify";

/** True when it came back signed and a stranger finds it genuine. */
export const isGood = (document: SignedTranscript): boolean =>
  document.document.state === "signed" && document.report?.indication === "TOTAL-PASSED";

const FINAL = new Set(["signed", "failed", "rejected", "withdrawn"]);
const PARALLEL = 8;

/**
 * Sends a class through the HTTP API, each transcript as XML and as its PDF rendering, waits until the gateway is done
 * with each, fetches them and has them verified by the public endpoint.
 */
export async function signClass(
  target: { baseUrl: string; apiKey: string },
  sample: SampleClass,
  options: {
    /** Part of the idempotency keys: another run signs again. */
    runId: string;
    formats?: readonly ("xml" | "pdf")[];
    /** Fetch each document and have it verified. Default true. */
    verify?: boolean;
    /** Longest wait without any document getting on. Default 120 s. */
    patienceMs?: number;
    onProgress?: (phase: ClassPhase, done: number, total: number) => void;
  },
): Promise<SignedTranscript[]> {
  const client = new GatewayClient(target.baseUrl, target.apiKey);
  const progress = options.onProgress ?? (() => {});
  const jobs = sample.pupils.flatMap((pupil) =>
    (options.formats ?? ["xml", "pdf"]).map((format) => ({ pupil, format })),
  );
  try {
    const contents = await eachInTurn(
      jobs,
      (job) => render(job.pupil, job.format),
      1,
      (n) => progress("render", n, jobs.length),
    );
    const submitted = await eachInTurn(
      jobs,
      async ({ pupil, format }, i) => ({
        at: Date.now(),
        document: await client.submit({
          content: contents[i]!,
          format,
          profile: `hocba-${format}`,
          externalId: `${pupil.id}.${format}`,
          idempotencyKey: `${options.runId}:${pupil.id}:${format}`,
          className: sample.className,
        }),
      }),
      PARALLEL,
      (n) => progress("submit", n, jobs.length),
    );
    const finished = await waitForAll(client, submitted, options.patienceMs ?? 120_000, (n) =>
      progress("sign", n, jobs.length),
    );
    return await eachInTurn(
      jobs,
      async ({ pupil, format }, i) => {
        const { document, elapsedMs } = finished[i]!;
        const content =
          document.state === "signed" && options.verify !== false ? await client.content(document.id) : null;
        const report = content ? await client.verify(content) : null;
        return { pupil: pupil.pupil.name, format, id: document.id, document, elapsedMs, report, content };
      },
      2,
      (n) => progress("verify", n, jobs.length),
    );
  } finally {
    client.close();
  }
}

const render = (pupil: Transcript, format: "xml" | "pdf") =>
  format === "xml" ? Promise.resolve(transcriptXml(pupil)) : transcriptPdf(pupil);

async function waitForAll(
  client: GatewayClient,
  submitted: readonly { at: number; document: DocumentState }[],
  patienceMs: number,
  onDone: (done: number) => void,
): Promise<{ document: DocumentState; elapsedMs: number }[]> {
  const finished = submitted.map(({ at, document }) => ({ document, elapsedMs: 0, at }));
  let done = 0;
  for (let movedAt = Date.now(); ; await delay(200)) {
    for (const entry of finished) {
      if (FINAL.has(entry.document.state)) continue;
      const before = entry.document.state;
      entry.document = await client.state(entry.document.id);
      if (entry.document.state !== before) movedAt = Date.now();
      entry.elapsedMs = Date.now() - entry.at;
      if (FINAL.has(entry.document.state)) onDone(++done);
    }
    if (finished.every((entry) => FINAL.has(entry.document.state))) return finished;
    // What is still unfinished is told as it is; nothing is passed off as signed.
    if (Date.now() - movedAt > patienceMs) return finished;
  }
}

/** Applies `work` to each, a few at a time; answers in the order of the items. */
async function eachInTurn<T, R>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>,
  parallel: number,
  onDone: (done: number) => void,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  let done = 0;
  const lane = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]!, index);
      onDone(++done);
    }
  };
  await Promise.all(Array.from({ length: parallel }, lane));
  return results;
}
