import { createHash } from "node:crypto";
import type { StepRecord } from "../ledger/index.ts";
import type { DocumentWork, GroupInWork } from "./document-work.ts";

/**
 * The group whose intents stand in the ledger. After a crash it is prepared again from them. When what comes out is not what
 * was meant to be signed (a new release writes other octets, a profile was changed), values made for it stand in no document
 * and never will: they are discarded, the document goes back to be prepared anew, and the answer is null.
 */
export async function groupInWork(work: DocumentWork): Promise<GroupInWork | null> {
  if (work.group !== null) return work.group;
  const steps: StepRecord[] = [];
  for (const step of work.steps) {
    const signature = work.signatures.get(step.id);
    if (signature === undefined || signature.state === "complete") continue;
    // An intent of a person who has not signed yet is not ours to carry out.
    if (signature.state === "signed" || (await work.binding(step.bindingId)).key !== null) steps.push(step);
  }
  const records = steps.map((step) => work.signatures.get(step.id)!);
  const stale = records.some((record) => record.inputSha256 !== work.document.currentSha256);
  const group =
    steps.length === 0 || stale ? null : await work.prepare(steps, (step) => work.signatures.get(step.id)!.signingTime);
  const same = group?.prepared.toBeSigned.every(
    (octets, i) => createHash("sha256").update(octets).digest("hex") === records[i]!.toBeSignedSha256,
  );
  if (group !== null && same) {
    work.group = group;
    return group;
  }
  const discarded = records.filter((record) => record.state === "signed").map((record) => record.stepId);
  for (const stepId of discarded) work.signatures.delete(stepId);
  await work.move("preparing", { details: { reason: "prepared anew", discarded }, discarded });
  return null;
}
