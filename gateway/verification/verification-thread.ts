import { parentPort, workerData } from "node:worker_threads";
import { HocbaError } from "@hocba/certs";
import type { Config } from "../config/index.ts";
import { loadTrust } from "./trust-material.ts";
import { createVerifier } from "./verifier.ts";
import type { ThreadAnswer, ThreadTask } from "./verifier-in-threads.ts";

/** A thread of the public verification: takes one file after the other until the parent ends it. */
const config = workerData as Pick<Config, "verification" | "trust">;
const verifier = createVerifier(config.verification, {
  trust: loadTrust(config.trust),
  allowedHosts: config.trust.allowedHosts,
  clock: Date.now,
});

parentPort?.on("message", async ({ document, fileName, profile, beside }: ThreadTask) => {
  parentPort?.postMessage(await answer(document, fileName, profile, beside));
});

async function answer(...task: Parameters<typeof verifier.verify>): Promise<ThreadAnswer> {
  try {
    return { ok: true, report: await verifier.verify(...task) };
  } catch (error) {
    // Codes cross the border between threads, details may hold anything and stay.
    return { ok: false, code: error instanceof HocbaError ? error.code : "INTERNAL", message: String(error) };
  }
}
