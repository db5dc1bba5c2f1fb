import { reach } from "../failpoint.ts";
import type { Stamp } from "../timestamps/index.ts";
import type { DocumentWork, GroupInWork } from "./document-work.ts";

/**
 * Puts values and stamps in their places, stores the revision, and says so in the ledger, mostly with the next move: on to the next
 * signatures, or to the verification. `newValues` are those the ledger does not hold yet.
 */
export async function completeGroup(
  work: DocumentWork,
  group: GroupInWork,
  values: readonly Uint8Array[],
  stamps: readonly (Stamp | null)[] | null,
  newValues: readonly { stepId: string; value: Uint8Array }[],
): Promise<void> {
  const tokens = group.steps.map((_, i) => stamps?.[i]?.token ?? null);
  const revision = group.prepared.complete(values, tokens);
  reach("complete.made");
  const currentSha256 = await work.keep(revision);
  reach("complete.stored");
  const completed = group.steps.map((step, i) => ({
    stepId: step.id,
    level: stamps?.[i] ? ("T" as const) : ("B" as const),
    stampedAt: stamps?.[i]?.genTime ?? null,
    tsa: stamps?.[i]?.tsa ?? null,
  }));
  const done = new Set(group.steps.map((step) => step.id));
  const last = work.openSteps().every((step) => done.has(step.id));
  const to = last ? "verifying" : "preparing";
  const change = { values: newValues, completed, currentSha256 };
  // What follows the last signature may take long, fetching evidence: values are not to be in memory alone meanwhile.
  if (last && newValues.length > 0) {
    await work.move(to, change);
    reach("complete.written");
  } else work.moveWithNext(to, change, "complete.written");
  for (const [i, { stepId, ...rest }] of completed.entries()) {
    const record = work.signatures.get(stepId)!;
    work.signatures.set(stepId, {
      ...record,
      ...rest,
      state: "complete",
      value: values[i]!,
      outputSha256: currentSha256,
    });
  }
  work.group = null;
}
