import type { SigningAlgorithm } from "@hocba/hsm-adapters";
import type { Role } from "@hocba/signatures/profiles";
import type {
  ApiKey,
  AuditEntry,
  BatchItem,
  BatchRecord,
  CertificateBinding,
  DocumentLevel,
  DocumentRecord,
  Dossier,
  NewDocument,
  School,
  SignerRecord,
  StatusChange,
  StepRecord,
  WaitingDocument,
} from "./records.ts";
import type { DocumentState } from "./states.ts";

/** What else is written in the transaction of a transition, so that the ledger never says two things at once. */
export interface TransitionChange {
  actor: string;
  /** Transitions that come before this one, in the same durable transaction, each with its own audit entry. */
  before?: readonly { to: DocumentState; change: Omit<TransitionChange, "before"> }[];
  /** Goes into the audit entry: codes, numbers, digests, never names of pupils. */
  details?: Record<string, unknown>;
  /** The plan, once. */
  steps?: readonly StepRecord[];
  /** Written before the key is used. An earlier intent of the same step that has no value is replaced. */
  intents?: readonly {
    stepId: string;
    bindingId: string;
    algorithm: SigningAlgorithm;
    signingTime: number;
    inputSha256: string;
    toBeSignedSha256: string;
  }[];
  /** Steps whose value fits no preparation any more and stands in no document: written before `intents`, which may follow. */
  discarded?: readonly string[];
  /** Signature values as the key gave them. */
  values?: readonly { stepId: string; value: Uint8Array }[];
  /** Signatures that stand in the stored revision `currentSha256`. */
  completed?: readonly { stepId: string; level: "B" | "T"; stampedAt: number | null; tsa: string | null }[];
  currentSha256?: string;
  receipt?: string;
  error?: { code: string; details: Record<string, unknown> };
  status?: Pick<StatusChange, "kind" | "reason" | "replacedBy">;
  /** With the issue: the level it is issued at, and the one it waits for. */
  level?: DocumentLevel;
  waitingFor?: DocumentRecord["waitingFor"];
}

/** An issued document whose late time stamp has come. */
export interface RaiseChange {
  actor: string;
  details?: Record<string, unknown>;
  /** The raised revision, in the store. The one before stays known as issued. */
  currentSha256: string;
  level: DocumentLevel;
  /** What is still lacking; null: nothing. */
  waitingFor: DocumentRecord["waitingFor"];
  receipt: string;
  /** Signatures that have a time stamp now. */
  stamped: readonly { stepId: string; stampedAt: number; tsa: string | null }[];
}

export type UnfinishedDocument = Pick<DocumentRecord, "id" | "school" | "createdAt">;

export interface DocumentLedger {
  /**
   * Takes a document in. With an idempotency key that the school has used before: the document of then, `created: false`.
   * @param quota unfinished documents a school may have
   * @returns with `rank`, the number of the school's unfinished documents with this one
   * @throws GatewayError IDEMPOTENCY_CONFLICT when that was another document or another profile; AT_CAPACITY (retryable)
   *   when the quota is reached
   */
  accept(document: NewDocument, quota?: number): Promise<{ document: DocumentRecord; created: boolean; rank: number }>;
  /** How many documents of a school the gateway has work on. */
  unfinishedOf(school: string): Promise<number>;
  get(id: string): Promise<DocumentRecord | null>;
  dossier(id: string): Promise<Dossier | null>;
  /** The document that was issued with this content, at whatever level, and whatever became of it since. */
  byIssuedHash(sha256: string): Promise<DocumentRecord | null>;
  /** The newest document that was issued from a file whose SHA-256 begins so: what a lookup code stands for. */
  byLookup(sha256Prefix: string): Promise<DocumentRecord | null>;
  /**
   * Moves a document and writes everything of `change` and one audit entry in one durable transaction. A document that
   * becomes `signed` supersedes the one it replaces in the same transaction.
   * @throws GatewayError LEDGER_CONFLICT when `seen.version` is not the newest any more, LEDGER_TRANSITION_FORBIDDEN
   */
  transition(
    seen: Pick<DocumentRecord, "id" | "version">,
    to: DocumentState,
    change: TransitionChange,
  ): Promise<DocumentRecord>;
  /** Notes a try that may succeed later; the state stays. @throws GatewayError LEDGER_CONFLICT */
  postpone(
    seen: Pick<DocumentRecord, "id" | "version">,
    attempt: { actor: string; code: string; details: Record<string, unknown>; nextAttemptAt: number },
  ): Promise<DocumentRecord>;
  /** Documents the gateway has work on, due at `now`, oldest first, after `cursor` (an id), at most `limit`. */
  unfinished(now: number, limit: number, cursor: string | null): Promise<UnfinishedDocument[]>;
  /**
   * Issued documents that wait for a higher level and are due at `now`, oldest first, at most `limit`; taken until
   * `leaseUntil`, so that two workers do not raise the same one. Were both to do it, the ledger takes one.
   */
  claimWaiting(now: number, leaseUntil: number, limit: number): Promise<WaitingDocument[]>;
  /** Still at it. */
  holdWaiting(ids: readonly string[], leaseUntil: number): Promise<void>;
  /** Not now. `code`: why it failed, when the reason is its own; null: no time stamp was to be had, which counts for nothing. */
  postponeWaiting(id: string, until: number, code: string | null): Promise<void>;
  /**
   * Puts the raised revision in the place of the issued one, with one audit entry, in one durable transaction. No signature
   * value changes. @throws GatewayError LEDGER_CONFLICT when it has moved on, LEDGER_TRANSITION_FORBIDDEN when it is not waiting
   */
  raise(seen: Pick<DocumentRecord, "id" | "version">, change: RaiseChange): Promise<DocumentRecord>;
  /** How many issued documents wait for a higher level, since when the oldest does, and how many failed for a reason of their own. */
  waiting(): Promise<{ documents: number; since: number | null; failing: number }>;
  /** SHA-256 of the revisions that were issued before the newest one, oldest first. */
  earlierIssues(id: string): Promise<string[]>;
  countByState(): Promise<Map<DocumentState, number>>;
  statusChanges(id: string): Promise<StatusChange[]>;
  /** Newest first. */
  list(filter: {
    school?: string;
    state?: DocumentState;
    externalId?: string;
    before?: string;
    limit: number;
  }): Promise<DocumentRecord[]>;
}

export interface Registry {
  putSchool(school: School, actor: string): Promise<void>;
  school(code: string): Promise<School | null>;
  schools(): Promise<School[]>;
  addApiKey(key: Omit<ApiKey, "revokedAt">, actor: string): Promise<void>;
  apiKeyByHash(secretHash: string): Promise<ApiKey | null>;
  apiKeys(): Promise<ApiKey[]>;
  revokeApiKey(id: string, actor: string): Promise<boolean>;
  putSigner(signer: SignerRecord, actor: string): Promise<void>;
  signers(school: string): Promise<SignerRecord[]>;
  /** @throws GatewayError LEDGER_DUPLICATE when the id is taken */
  addBinding(binding: Omit<CertificateBinding, "revokedAt">, actor: string): Promise<void>;
  binding(id: string): Promise<CertificateBinding | null>;
  /** Bindings of a school in a role that may be used at `at`. */
  bindingsFor(school: string, role: Role, at: number): Promise<CertificateBinding[]>;
  bindings(school: string | null): Promise<CertificateBinding[]>;
  revokeBinding(id: string, actor: string): Promise<boolean>;
}

export interface BatchLedger {
  create(batch: Omit<BatchRecord, "createdAt" | "sealed">, actor: string): Promise<BatchRecord>;
  addItem(batchId: string, item: BatchItem): Promise<void>;
  seal(batchId: string, actor: string): Promise<void>;
  /**
   * Notes with an audit entry `batch.finished` which sealed batches have nothing left that could move by itself or by a person,
   * each once. @returns their ids
   */
  finish(actor: string): Promise<string[]>;
  get(id: string): Promise<BatchRecord | null>;
  items(id: string, after: number, limit: number): Promise<(BatchItem & { state: DocumentState | null })[]>;
  counts(id: string): Promise<{ items: number; refused: number; byState: Map<DocumentState, number> }>;
}

export interface AuditLedger {
  append(entry: { actor: string; action: string; details: Record<string, unknown> }): Promise<AuditEntry>;
  /** Entries with `seq` above `after`, oldest first. */
  entries(filter: { after: number; limit: number; documentId?: string; batchId?: string }): Promise<AuditEntry[]>;
  last(): Promise<AuditEntry | null>;
}

/**
 * The truth about documents: what was promised, what was done, what is left. Every method is one transaction and has
 * reached the disk when its promise resolves. Adapters pass `contract.test-suite.ts`. Several processes may share one.
 */
export interface Ledger {
  readonly documents: DocumentLedger;
  readonly registry: Registry;
  readonly batches: BatchLedger;
  readonly audit: AuditLedger;
  /** Writes and reads back, for readiness. @throws GatewayError LEDGER_UNAVAILABLE */
  ping(): Promise<void>;
  close(): Promise<void>;
}
