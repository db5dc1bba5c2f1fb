import { createHash } from "node:crypto";
import { reach } from "../failpoint.ts";
import type { Stamp } from "../timestamps/index.ts";
import { completeGroup } from "./complete-group.ts";
import type { DocumentWork } from "./document-work.ts";
import { groupInWork } from "./group-in-work.ts";

/**
 * stamping → preparing or verifying: gets a time stamp for each signature that is to have one and completes the revision. The keys
 * are not used again. A stamp that does not come soon holds up nobody: the signature is completed at level B and the document
 * raised after it was issued, unless its profile would rather wait here.
 */
export async function stampGroup(work: DocumentWork): Promise<void> {
  const group = await groupInWork(work);
  if (group === null) return;
  const plan = await work.plan();
  const values = group.steps.map((step) => work.signatures.get(step.id)!.value!);
  const digests = group.steps.map((step, i) => {
    if (plan.get(step.id)!.step.level === "B") return null;
    return createHash("sha256").update(group.prepared.timestampInput(i, values[i]!)).digest();
  });
  const { timestamps, patience } = work.parts;
  const wait = work.profile.lateStamps === "wait";
  const stamps = await (wait ? everyStamp(timestamps, digests) : patience.soon(digests));
  reach("stamp.received");
  await completeGroup(work, group, values, stamps, []);
}

async function everyStamp(
  timestamps: DocumentWork["parts"]["timestamps"],
  digests: readonly (Uint8Array | null)[],
): Promise<(Stamp | null)[]> {
  const stop = new AbortController();
  try {
    return await Promise.all(digests.map((digest) => digest && timestamps.stamp(digest, stop.signal)));
  } finally {
    // One failure is enough to wait: the other requests would be thrown away.
    stop.abort(new Error("another stamp of the group failed"));
  }
}
