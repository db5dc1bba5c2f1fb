import { createHash } from "node:crypto";
import { GatewayError } from "../errors.ts";
import type { StepRecord } from "../ledger/index.ts";
import type { DocumentWork, GroupInWork } from "./document-work.ts";

/**
 * The group whose intents stand in the ledger. After a crash it is prepared again from them; null when what comes out is
 * not what was meant to be signed and no key was used yet, so that it may be prepared anew.
 * @throws GatewayError INTERNAL when a signature value exists that fits nothing any more
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
  if (records.some((record) => record.state === "signed")) {
    throw new GatewayError("INTERNAL", `signature values of ${work.document.id} fit no preparation any more`);
  }
  return null;
}
