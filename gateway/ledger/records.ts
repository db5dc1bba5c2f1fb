import type { SigningAlgorithm } from "@hocba/hsm-adapters";
import type { Role } from "@hocba/signatures/profiles";
import type { DocumentState } from "./states.ts";

/** Times in the ledger are milliseconds since 1970 (UTC); digests are SHA-256 in lower-case hex. */
export interface School {
  code: string;
  name: string;
}

export const scopes = ["documents:write", "documents:read", "admin"] as const;
export type Scope = (typeof scopes)[number];

export interface ApiKey {
  id: string;
  /** SHA-256 of the secret: it has 256 bits of its own, so a slow hash would add nothing. */
  secretHash: string;
  /** The school it acts for; null for an operator's key with the scope `admin`. */
  school: string | null;
  scopes: readonly Scope[];
  label: string;
  createdAt: number;
  revokedAt: number | null;
}

export interface SignerRecord {
  id: string;
  kind: "person" | "seal";
  name: string;
  school: string;
}

/** A key that never leaves its token; `ckaId` in lower-case hex. */
export interface KeyRecord {
  token: string;
  ckaId: string;
}

/** Says: this certificate, held by this signer, may sign in this role for this school. */
export interface CertificateBinding {
  id: string;
  signerId: string;
  school: string;
  role: Role;
  /** Subject codes the teacher may sign; null for every subject, and for the other roles. */
  subjects: readonly string[] | null;
  /** Classes the binding is limited to; null for all. */
  classes: readonly string[] | null;
  /** DER. */
  certificate: Uint8Array;
  /** DER of the issuing CAs, issuer first. */
  chain: readonly Uint8Array[];
  algorithm: SigningAlgorithm;
  /** null: the signer holds the key and signs later. */
  key: KeyRecord | null;
  /** From when and until when the school lets this certificate be used; within the certificate's own validity. */
  validFrom: number;
  validTo: number;
  revokedAt: number | null;
}

/** What is signed: a PDF, a transcript's XML, or, with `cms`, any file by a detached signature. */
export type DocumentFormat = "pdf" | "xml" | "cms";

export interface NewDocument {
  id: string;
  sha256: string;
  size: number;
  format: DocumentFormat;
  profile: string;
  school: string;
  externalId: string | null;
  idempotencyKey: string | null;
  className: string | null;
  batchId: string | null;
  /** The issued document that this one corrects; it is superseded in the moment this one is signed. */
  replaces?: string | null;
  actor: string;
}

/** Signature level of a document as it was issued (EN 319 142-1, 319 132-1, clause 6). */
export const documentLevels = ["B", "T", "LT", "LTA"] as const;
export type DocumentLevel = (typeof documentLevels)[number];

export interface DocumentRecord {
  id: string;
  sha256: string;
  size: number;
  format: DocumentFormat;
  profile: string;
  school: string;
  externalId: string | null;
  className: string | null;
  batchId: string | null;
  replaces: string | null;
  state: DocumentState;
  /** Rises with each change; a writer names the version it has seen, so two workers can never both move a document. */
  version: number;
  /** The newest revision in the store. */
  currentSha256: string;
  /**
   * From the issue on: `T` when each signature that its profile wants stamped has a proven time stamp, or lies within what a
   * signature with one covers; else `B`. null before, and for documents issued before levels were recorded.
   */
  level: DocumentLevel | null;
  /** Issued, and the level it is still to be raised to: its time stamp was late. */
  waitingFor: Exclude<DocumentLevel, "B"> | null;
  attempts: number;
  nextAttemptAt: number | null;
  error: { code: string; details: Record<string, unknown> } | null;
  createdAt: number;
  updatedAt: number;
}

export interface StepRecord {
  /** Id of the planned signature, unique in the document (`subject-teacher:19`). */
  id: string;
  position: number;
  role: Role;
  order: number;
  /** The subject's code where the step repeats. */
  key: string | null;
  bindingId: string;
}

/** `intent` is written before the key is used; `signed` holds the value; `complete` stands in a stored revision. */
export type SignatureState = "intent" | "signed" | "complete";

export interface SignatureRecord {
  stepId: string;
  bindingId: string;
  state: SignatureState;
  algorithm: SigningAlgorithm;
  /** What went into the signed octets; with the input revision it makes the same octets again. */
  signingTime: number;
  inputSha256: string;
  toBeSignedSha256: string;
  value: Uint8Array | null;
  level: "B" | "T" | null;
  stampedAt: number | null;
  tsa: string | null;
  outputSha256: string | null;
}

/** A document with all that hangs on it. */
export interface Dossier {
  document: DocumentRecord;
  steps: StepRecord[];
  signatures: SignatureRecord[];
  receipt: string | null;
}

/** An issued document in the hands of who raises it. */
export interface WaitingDocument {
  id: string;
  /** Tries that failed for a reason of its own. */
  attempts: number;
}

export type StatusKind = "issued" | "corrected" | "superseded" | "withdrawn";

export interface StatusChange {
  documentId: string;
  kind: StatusKind;
  at: number;
  reason: string | null;
  /** The document that takes the place of this one. */
  replacedBy: string | null;
  actor: string;
}

export interface BatchRecord {
  id: string;
  school: string;
  externalId: string | null;
  createdAt: number;
  /** False while items are still being received. */
  sealed: boolean;
}

export interface BatchItem {
  position: number;
  name: string;
  documentId: string | null;
  error: { code: string; details: Record<string, unknown> } | null;
}

export interface AuditEntry {
  seq: number;
  at: number;
  actor: string;
  action: string;
  documentId: string | null;
  batchId: string | null;
  details: Record<string, unknown>;
  previous: string;
  hash: string;
}
