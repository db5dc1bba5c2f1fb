import { createHash } from "node:crypto";
import { SignerError } from "@hocba/hsm-adapters";
import { GatewayError } from "../errors.ts";
import { reach } from "../failpoint.ts";
import type { StepRecord } from "../ledger/index.ts";
import { completeGroup } from "./complete-group.ts";
import type { DocumentWork } from "./document-work.ts";
import { groupInWork } from "./group-in-work.ts";
import { algorithmFor, certificateOf } from "./signing-certificate.ts";

/**
 * signing → stamping: uses the keys, checks each value under its certificate before believing it, and writes the values
 * down. A group without a stamp is completed at once.
 */
export async function signGroup(work: DocumentWork): Promise<void> {
  const group = await groupInWork(work);
  if (group === null) return;
  const made = await Promise.all(
    group.steps.map(async (step, i) => {
      const known = work.signatures.get(step.id)?.value ?? null;
      return known ?? (await signOne(work, step, group.prepared.toBeSigned[i]!));
    }),
  );
  reach("sign.value-made");
  const values = group.steps.flatMap((step, i) =>
    work.signatures.get(step.id)?.value ? [] : [{ stepId: step.id, value: made[i]! }],
  );
  const plan = await work.plan();
  if (group.steps.every((step) => plan.get(step.id)!.step.level === "B")) {
    return completeGroup(work, group, made, null, values);
  }
  await work.move("stamping", { values });
  reach("sign.value-written");
  for (const { stepId, value } of values) {
    work.signatures.set(stepId, { ...work.signatures.get(stepId)!, state: "signed", value });
  }
}

async function signOne(work: DocumentWork, step: StepRecord, toBeSigned: Uint8Array): Promise<Uint8Array> {
  const { parts } = work;
  const binding = await work.binding(step.bindingId);
  if (parts.signer === null || binding.key === null) {
    throw new SignerError("TOKEN_ABSENT", "no token host is configured", { retryable: true });
  }
  const digest = createHash("sha256").update(toBeSigned).digest();
  const started = performance.now();
  let outcome = "ok";
  let value: Uint8Array;
  try {
    value = await parts.signer.sign({ token: binding.key.token, id: binding.key.ckaId }, binding.algorithm, digest);
  } catch (error) {
    outcome = error instanceof SignerError ? error.code : "error";
    throw error;
  } finally {
    parts.metrics?.tokenSeconds.observe({ outcome }, (performance.now() - started) / 1000);
  }
  const certificate = certificateOf(binding);
  if (!parts.crypto.verify(certificate.spki, algorithmFor(binding.algorithm), [toBeSigned], value)) {
    throw new GatewayError(
      "CERTIFICATE_KEY_MISMATCH",
      `the key of binding ${binding.id} is not that of its certificate`,
      {
        details: { binding: binding.id, role: binding.role, ckaId: binding.key.ckaId },
      },
    );
  }
  return value;
}
