import { HocbaError } from "@hocba/certs";
import { GatewayError } from "../errors.ts";
import { bareSignatures } from "../extension/index.ts";
import type { DocumentLevel, DocumentRecord, StepRecord } from "../ledger/index.ts";
import type { StampPatience } from "../timestamps/index.ts";
import type { DocumentWork } from "./document-work.ts";

/** A document as it is issued. */
export interface IssuedDocument {
  issued: Uint8Array;
  level: DocumentLevel;
  waitingFor: DocumentRecord["waitingFor"];
}

/**
 * The document as it will be issued, all signatures being there and found good, and its level. What LT and LTA need is fetched now: while
 * that cannot be had the document waits, and no key is used again. A time stamp it does not wait for; it is raised later.
 * @throws GatewayError and SignaturesError as `Preservation.raise`
 */
export async function issueLevel(
  work: DocumentWork,
  content: Uint8Array,
  detached: Uint8Array | null,
): Promise<IssuedDocument> {
  const { document, parts, profile } = work;
  const lasting = profile.level === "LT" || profile.level === "LTA" ? profile.level : null;
  if ((await bareSteps(work, content)).size > 0) return { issued: content, level: "B", waitingFor: lasting ?? "T" };
  const stamped = profile.steps.some((step) => step.level === "T");
  if (lasting === null) return { issued: content, level: stamped ? "T" : "B", waitingFor: null };
  if (!parts.preservation) throw new GatewayError("LEVEL_NOT_REACHED", "this process does not raise documents");
  const timestamps = profile.lateStamps === "wait" ? parts.timestamps : impatient(parts.patience);
  try {
    const issued = await parts.preservation.raise(document, content, profile, detached, timestamps);
    return { issued, level: lasting, waitingFor: null };
  } catch (error) {
    if (!isLateStamp(error) || profile.lateStamps === "wait") throw error;
    return { issued: content, level: "T", waitingFor: lasting };
  }
}

/**
 * Steps that were to have a time stamp, have none, and would still gain by one, by their names in the verifier's report. A teacher's
 * signature inside what the principal has signed is none of them.
 */
export async function bareSteps(work: DocumentWork, content: Uint8Array): Promise<Map<string, StepRecord>> {
  const wanted = await work.stampedByName();
  for (const [name, step] of wanted) if (work.signatures.get(step.id)?.level !== "B") wanted.delete(name);
  if (wanted.size === 0) return wanted;
  const bare = new Set(bareSignatures(content, work.document.format));
  for (const name of wanted.keys()) if (!bare.has(name)) wanted.delete(name);
  return wanted;
}

/** No authority gave a time stamp, and one may later. */
export function isLateStamp(error: unknown): boolean {
  return error instanceof HocbaError && error.code === "TSA_UNAVAILABLE" && error.retryable;
}

function impatient(patience: StampPatience): Pick<DocumentWork["parts"]["timestamps"], "stamp"> {
  return {
    async stamp(digest) {
      const [stamp] = await patience.soon([digest]);
      if (stamp) return stamp;
      throw new GatewayError("TSA_UNAVAILABLE", "no time stamp came soon enough", { retryable: true });
    },
  };
}
