import { HocbaError } from "@hocba/certs";
import { signaturesIn } from "../doctor/signatures-in.ts";
import { GatewayError } from "../errors.ts";
import { bareSignatures, stampLate } from "../extension/index.ts";
import { reach } from "../failpoint.ts";
import type { DocumentRecord, SignatureRecord } from "../ledger/index.ts";
import { fileNameOf } from "../media.ts";
import type { TimestampRouter } from "../timestamps/index.ts";
import type { DocumentWork } from "./document-work.ts";
import { bareSteps } from "./issue-level.ts";
import { shortReport } from "./verify-signed.ts";

/**
 * Raises an issued document whose time stamp was late: to T, and on to the level of its profile. No key is used and no signature value
 * changes; the raised revision is judged as a stranger would before it takes the place of the other, which stays known as
 * issued. May be called again after a process was killed between any two lines: then another stamp is asked for.
 * @param cautious it failed before: it is judged first, since a time stamp is too scarce to be thrown away once more
 * @returns the document as it stands now; `waitingFor` is not null when a part of what it waits for is still lacking
 * @throws GatewayError TSA_UNAVAILABLE, VERIFICATION_FAILED, VERIFICATION_INDETERMINATE, LEDGER_CONFLICT, STORE_*; what
 *   `Preservation.raise` throws
 */
export async function raiseDocument(
  work: DocumentWork,
  timestamps: Pick<TimestampRouter, "stamp">,
  cautious = false,
): Promise<DocumentRecord> {
  const { document, parts, profile } = work;
  const { format } = document;
  const content = await work.content();
  const detached = await work.detached();
  if (cautious) await judge(work, content, detached, []);
  const wanted = await bareSteps(work, content);
  // A profile that was changed meanwhile takes nothing from what was promised at the issue.
  const ids = wanted.size > 0 ? [...wanted.keys()] : bareSignatures(content, format);
  let raised = content;
  if (ids.length > 0) {
    raised = await stampLate(content, format, ids, async (digest) => (await timestamps.stamp(digest)).token);
  }
  reach("raise.stamped");
  let level: "T" | "LT" | "LTA" = "T";
  let waitingFor: DocumentRecord["waitingFor"] = null;
  if (document.waitingFor === "LT" || document.waitingFor === "LTA") {
    try {
      if (!parts.preservation) throw new GatewayError("LEVEL_NOT_REACHED", "this process does not raise documents");
      const to = { ...profile, level: document.waitingFor };
      raised = await parts.preservation.raise(document, raised, to, detached, timestamps);
      level = document.waitingFor;
    } catch (error) {
      // T is worth having by itself, and its stamp is here.
      if (raised === content || !(error instanceof HocbaError) || !error.retryable) throw error;
      waitingFor = document.waitingFor;
    }
  }
  if (raised === content) throw new GatewayError("LEVEL_NOT_REACHED", "no signature of the document can be raised");
  if (JSON.stringify(signaturesIn(raised, format)) !== JSON.stringify(signaturesIn(content, format))) {
    throw new GatewayError("INTERNAL", "raising has changed a signature");
  }

  const { report, proven } = await judge(work, raised, detached, ids);
  reach("raise.verified");
  const currentSha256 = await parts.store.put(raised);
  reach("raise.stored");

  const stamped = [];
  for (const [name, step] of await namesOf(work)) {
    const found = proven.get(name);
    const record = work.signatures.get(step);
    if (found === undefined || record?.level !== "B") continue;
    const stamp = found.timestamps.find((each) => each.integrity === "intact" && each.imprintMatches);
    const update = { stampedAt: Date.parse(found.bestSignatureTime!), tsa: stamp?.tsa ?? null };
    stamped.push({ stepId: step, ...update });
    work.signatures.set(step, { ...record, level: "T", ...update } satisfies SignatureRecord);
  }
  const receipt = await parts.receipts.issue(
    { ...document, currentSha256, level, waitingFor },
    work.steps,
    [...work.signatures.values()],
    { indication: report.indication, policy: report.policy, at: parts.clock() },
  );
  const change = { actor: parts.actor, currentSha256, level, waitingFor, receipt, stamped };
  const after = await parts.ledger.documents.raise(document, change);
  reach("raise.written");
  return after;
}

/** As a stranger would: valid, every signature intact, those of `ids` at T or above with the time proven. @throws GatewayError VERIFICATION_* */
async function judge(work: DocumentWork, content: Uint8Array, detached: Uint8Array | null, ids: readonly string[]) {
  const { document, parts, profile } = work;
  const report = await parts.verify(content, profile, fileNameOf(document), detached);
  const signatures = report.signatures.filter((each) => each.format !== "DocTimeStamp");
  const proven = new Map(
    signatures.flatMap((each) =>
      each.bestSignatureTime === null || each.level === "B" || each.level === "none" ? [] : [[each.id, each] as const],
    ),
  );
  const intact = signatures.filter((each) => each.integrity === "intact").length;
  if (report.indication !== "TOTAL-PASSED" || intact !== work.steps.length || ids.some((id) => !proven.has(id))) {
    const failed = report.indication === "TOTAL-FAILED";
    throw new GatewayError(
      failed ? "VERIFICATION_FAILED" : "VERIFICATION_INDETERMINATE",
      "a stranger would not find the document and its late time stamp good",
      { retryable: !failed, details: { ...shortReport(report), ids, proven: [...proven.keys()] } },
    );
  }
  return { report, proven };
}

/** Every step by the name of its signature in the verifier's report. */
async function namesOf(work: DocumentWork): Promise<Map<string, string>> {
  return new Map([...(await work.plan())].map(([id, planned]) => [work.format.nameOf(planned), id]));
}
