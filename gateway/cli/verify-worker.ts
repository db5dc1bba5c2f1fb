import { parentPort, workerData } from "node:worker_threads";
import { fileVerifier, type VerifyOptions } from "./verify-files.ts";

/** A thread of `hocba verify`: takes file names, answers with outcomes, until the parent ends it. */
const verify = fileVerifier(workerData as VerifyOptions);

parentPort?.on("message", async ({ index, file }: { index: number; file: string }) => {
  parentPort?.postMessage({ index, outcome: await verify(file) });
});
