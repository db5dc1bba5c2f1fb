import { parentPort, workerData } from "node:worker_threads";
import { HocbaError } from "@hocba/certs";
import { openBindingReader } from "../ledger/index.ts";
import { ledgerRegister } from "./certificate-register.ts";
import { loadTrust } from "./trust-material.ts";
import { createVerifier } from "./verifier.ts";
import type { ThreadAnswer, ThreadConfig, ThreadTask } from "./verifier-in-threads.ts";

/** A thread of the public verification: takes one file after the other until the parent ends it. */
const config = workerData as ThreadConfig;
const bindings = openBindingReader(config.ledger);
const verifier = createVerifier(config.verification, {
  trust: loadTrust(config.trust),
  allowedHosts: config.trust.allowedHosts,
  clock: Date.now,
  registry: bindings === null ? undefined : ledgerRegister(bindings),
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
