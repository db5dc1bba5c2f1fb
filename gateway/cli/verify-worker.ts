import { parentPort, workerData } from "node:worker_threads";
import { fileVerifier, type VerifyOptions } from "./verify-files.ts";
import type { ThreadMessage } from "./verify-in-threads.ts";

/** A thread of `hocba verify`: takes file names, answers with outcomes, until the parent ends it. */
const verify = fileVerifier(workerData as VerifyOptions);
const tell = (message: ThreadMessage) => parentPort?.postMessage(message);

parentPort?.on("message", async (file: string) => {
  try {
    tell({ kind: "outcome", outcome: await verify(file) });
  } catch (error) {
    tell({ kind: "failure", reason: String(error) });
  }
});
tell({ kind: "ready" });
