import { createHash } from "node:crypto";
import { reach } from "../failpoint.ts";
import type { StepRecord } from "../ledger/index.ts";
import type { DocumentWork } from "./document-work.ts";
import { checkSigningCertificate } from "./signing-certificate.ts";

/**
 * preparing → signing: takes the next signatures in order, checks their certificates, prepares the octets to sign, and
 * writes the intent to use the keys before any key is used. With no step left: → verifying. When only persons are left at
 * this order: → awaiting-signature.
 */
export async function prepareGroup(work: DocumentWork): Promise<void> {
  const { parts, document } = work;
  const open = work.openSteps();
  const first = open[0];
  if (first === undefined) return work.move("verifying", {});

  // A run that failed after the key had been used: its values count, and no key is used again for them.
  const valued = open.filter((step) => work.signatures.get(step.id)?.state === "signed");
  const candidates = valued.length > 0 ? valued : open.filter((step) => step.order === first.order);
  const withKey: StepRecord[] = [];
  for (const step of candidates) {
    if ((await work.binding(step.bindingId)).key !== null) withKey.push(step);
  }
  if (withKey.length === 0) {
    return work.move("awaiting-signature", { details: { steps: candidates.map((step) => step.id) } });
  }
  const steps = withKey.slice(0, work.format.largestGroup);
  // Whole seconds: formats carry no finer time, and what is prepared again must be the same to the octet.
  const now = Math.floor(parts.clock() / 1000) * 1000;
  if (valued.length === 0) {
    for (const step of steps) checkSigningCertificate(await work.binding(step.bindingId), parts.clock());
  }
  const timeOf = (step: StepRecord) => work.signatures.get(step.id)?.signingTime ?? now;
  const group = await work.prepare(steps, valued.length > 0 ? timeOf : () => now);
  if (valued.length > 0) {
    work.group = group;
    return work.move("signing", { details: { resumed: valued.map((step) => step.id) } });
  }
  const intents = await Promise.all(
    steps.map(async (step, i) => ({
      stepId: step.id,
      bindingId: step.bindingId,
      algorithm: (await work.binding(step.bindingId)).algorithm,
      signingTime: now,
      inputSha256: document.currentSha256,
      toBeSignedSha256: createHash("sha256").update(group.prepared.toBeSigned[i]!).digest("hex"),
    })),
  );
  reach("prepare.made");
  await work.move("signing", { intents });
  reach("prepare.intent-written");
  for (const intent of intents) {
    work.signatures.set(intent.stepId, {
      ...intent,
      state: "intent",
      value: null,
      level: null,
      stampedAt: null,
      tsa: null,
      outputSha256: null,
    });
  }
  work.group = group;
}
