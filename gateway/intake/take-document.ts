import { createHash } from "node:crypto";
import type { Profile } from "@hocba/signatures/profiles";
import type { ByteBudget } from "../byte-budget.ts";
import type { Config } from "../config/index.ts";
import { GatewayError } from "../errors.ts";
import { reach } from "../failpoint.ts";
import type { DocumentRecord, Ledger } from "../ledger/index.ts";
import { newId } from "../new-id.ts";
import { memoryOf } from "../pipeline/index.ts";
import type { BlobStore, ReceivedBlob } from "../store/index.ts";
import { type CheckedDocument, checkDocument } from "./check-document.ts";
import { Scratch } from "./scratch.ts";
import type { WorkFeeder } from "./work-feeder.ts";

export interface TakeRequest {
  /** In memory, or received by the store. */
  content: Uint8Array | ReceivedBlob;
  profile: string;
  school: string;
  externalId: string | null;
  idempotencyKey: string | null;
  /** Overrides what the document says; for formats that do not say it. */
  className: string | null;
  batchId: string | null;
  /** The issued document that this one corrects. */
  replaces: string | null;
  actor: string;
}

export interface IntakeParts {
  ledger: Ledger;
  store: BlobStore;
  profiles: ReadonlyMap<string, Profile>;
  feeder: WorkFeeder;
  /** What is used of the configuration. */
  config: { limits: Pick<Config["limits"], "unfinishedPerSchool"> };
  clock: () => number;
  /** Large documents looked at at once. */
  memory: ByteBudget;
}

/**
 * Takes a document in: checks what can be checked at once, flushes its octets, writes it into the ledger, and only then
 * answers. From here on it cannot be lost. The work list is told as well; if it cannot be reached the reconciler does it.
 * @throws GatewayError PROFILE_UNKNOWN, SCHOOL_UNKNOWN, SCHOOL_MISMATCH, FORMAT_MISMATCH, ALREADY_SIGNED,
 *   IDEMPOTENCY_CONFLICT, AT_CAPACITY (the school's quota), STORE_*, LEDGER_*; SignaturesError PDF_*, XML_*
 */
export async function takeDocument(
  parts: IntakeParts,
  request: TakeRequest,
): Promise<{ document: DocumentRecord; created: boolean }> {
  const profile = parts.profiles.get(request.profile);
  if (profile === undefined) {
    throw new GatewayError("PROFILE_UNKNOWN", `no profile ${request.profile}`, {
      details: { profiles: [...parts.profiles.keys()] },
    });
  }
  if ((await parts.ledger.registry.school(request.school)) === null) {
    throw new GatewayError("SCHOOL_UNKNOWN", `school ${request.school} is not registered`, {
      details: { school: request.school },
    });
  }
  const { content } = request;
  const inMemory = content instanceof Uint8Array;
  const checked = inMemory ? checkDocument(content, profile) : await checkReceived(content, profile, parts.memory);
  if (checked.schoolCode !== null && checked.schoolCode !== request.school) {
    throw new GatewayError("SCHOOL_MISMATCH", "the document is of another school than the key", {
      details: { school: request.school, inDocument: checked.schoolCode },
    });
  }
  const sha256 = inMemory ? createHash("sha256").update(content).digest("hex") : content.sha256;
  reach("intake.received");
  if (inMemory) await parts.store.put(content, sha256);
  else await content.keep();
  reach("intake.stored");
  const result = await parts.ledger.documents.accept(
    {
      id: newId("doc", parts.clock()),
      sha256,
      size: inMemory ? content.length : content.size,
      format: checked.format,
      profile: profile.name,
      school: request.school,
      externalId: request.externalId,
      idempotencyKey: request.idempotencyKey,
      className: request.className ?? checked.className,
      batchId: request.batchId,
      replaces: request.replaces,
      actor: request.actor,
    },
    parts.config.limits.unfinishedPerSchool,
  );
  reach("intake.accepted");
  if (result.created) parts.feeder.feed(result.document.id, result.rank);
  reach("intake.fed");
  return result;
}

const scratch = new Scratch();

/** Reads what was received only as long as it is looked at, and not at all where any file is right. */
function checkReceived(received: ReceivedBlob, profile: Profile, memory: ByteBudget): Promise<CheckedDocument> {
  const { size } = received;
  const { format } = profile;
  if (format === "cms") return Promise.resolve({ format, className: null, schoolCode: null });
  return memory.within(memoryOf({ size, format }), () =>
    scratch.borrow(size, async (place) => checkDocument(await received.content(place), profile)),
  );
}
