import { createHash } from "node:crypto";
import { reach } from "../failpoint.ts";
import { completeGroup } from "./complete-group.ts";
import type { DocumentWork } from "./document-work.ts";
import { groupInWork } from "./group-in-work.ts";

/**
 * stamping → preparing or verifying: gets a time stamp for each signature that is to have one and completes the revision.
 * While no authority gives one the document waits here with its values, and the keys are not used again.
 */
export async function stampGroup(work: DocumentWork): Promise<void> {
  const group = await groupInWork(work);
  if (group === null) return;
  const plan = await work.plan();
  const values = group.steps.map((step) => work.signatures.get(step.id)!.value!);
  const stop = new AbortController();
  try {
    const stamps = await Promise.all(
      group.steps.map((step, i) => {
        if (plan.get(step.id)!.step.level === "B") return null;
        const input = group.prepared.timestampInput(i, values[i]!);
        return work.parts.timestamps.stamp(createHash("sha256").update(input).digest(), stop.signal);
      }),
    );
    reach("stamp.received");
    await completeGroup(work, group, values, stamps, []);
  } finally {
    // One failure is enough to wait: the other requests would be thrown away.
    stop.abort(new Error("another stamp of the group failed"));
  }
}
