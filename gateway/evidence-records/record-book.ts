import type { DigestAlgorithm } from "@hocba/certs/crypto";

/** A document as it was issued: what an evidence record proves to have existed. Digests are SHA-256 in lower-case hex. */
export interface Leaf {
  readonly id: number;
  readonly documentId: string;
  readonly sha256: string;
  /** The content of a detached signature, which is covered with it as a group. */
  readonly contentSha256: string | null;
}

/** A reduced hash tree (RFC 4998 §4.2.2), leaves first; null: the token stamps the value itself. */
export type Path = readonly (readonly Uint8Array[])[] | null;

/** A hash tree over the documents of a window, and the way to its root for each leaf by its id. */
export interface WindowTree {
  readonly digestAlgorithm: DigestAlgorithm;
  readonly root: Uint8Array;
  readonly paths: ReadonlyMap<number, Path>;
}

/** A token over the root of a hash tree. */
export interface RootToken {
  readonly root: Uint8Array;
  /** TimeStampToken, DER. */
  readonly token: Uint8Array;
  /** ms since 1970. */
  readonly genTime: number;
  /** When it must be renewed. */
  readonly renewAt: number;
}

/** A token as one document's record holds it. */
export interface PlacedToken {
  readonly path: Path;
  readonly root: Uint8Array;
  readonly token: Uint8Array;
  /** ms since 1970. */
  readonly genTime: number;
}

/** Tokens under one digest algorithm, oldest first. */
export interface PlacedChain {
  readonly digestAlgorithm: DigestAlgorithm;
  readonly tokens: readonly PlacedToken[];
}

/** A window that waits for its first token. */
export interface UnstampedWindow {
  readonly id: number;
  readonly root: Uint8Array;
  /** Failed tries. */
  readonly attempts: number;
}

/** A window whose newest token must be renewed. */
export interface AgeingWindow {
  readonly id: number;
  readonly attempts: number;
  /** Number of its newest chain, from 0, and of the newest token in it. */
  readonly chain: number;
  readonly seq: number;
  readonly digestAlgorithm: DigestAlgorithm;
  /** TimeStampToken, DER. */
  readonly token: Uint8Array;
}

/**
 * Which documents share which time stamps. Documents come from the audit log by a cursor that moves in the same transaction,
 * so that a crash neither loses nor doubles one; several processes may share a book. Times in ms since 1970.
 */
export interface RecordBook {
  cursor(): number;
  /**
   * Notes which profiles' documents get records. When some are new, the audit log is read again from its beginning, so that what
   * was issued before is not left out; what is in the book already stays as it is.
   */
  want(profiles: "all" | readonly string[]): void;
  /** Takes documents in and moves the cursor. @returns false when another process was quicker */
  take(from: number, to: number, leaves: readonly Omit<Leaf, "id">[], now: number): boolean;
  /** How many documents are in no window yet, and since when the oldest waits. */
  waiting(): { documents: number; since: number | null };
  /**
   * Closes a window over the oldest waiting documents, `most` at most, when so many wait or the oldest came before `before`: what it
   * holds never changes from then on. @returns false: not yet
   */
  closeWindow(most: number, before: number, now: number): boolean;
  /** Windows whose tree was not written to its end, oldest first: just closed, or left by a process that ended. */
  unplanted(): number[];
  /** Writes paths of a window's first tree; those that stand there already are the same. */
  addPaths(paths: readonly (readonly [leafId: number, path: Path])[]): void;
  /** The tree is there to its last path: the window waits for its token. */
  planted(windowId: number, tree: Pick<WindowTree, "digestAlgorithm" | "root">): void;
  /** Takes what is due until `leaseUntil`, so that no other process does the same; oldest first. */
  claimUnstamped(now: number, leaseUntil: number, limit: number): UnstampedWindow[];
  claimAgeing(now: number, leaseUntil: number, limit: number): AgeingWindow[];
  postpone(windowId: number, until: number, code: string): void;
  /** The first token of a window. @returns false when it has one */
  stamp(windowId: number, token: RootToken): boolean;
  /** Time stamp renewal by one token for several windows. @returns how many had not been renewed meanwhile */
  renew(windows: readonly { window: AgeingWindow; path: Path }[], token: RootToken): number;
  /** Hash tree renewal: a further chain over the documents of a window. @returns false when it was renewed meanwhile */
  rehash(window: AgeingWindow, tree: WindowTree, token: RootToken): boolean;
  leavesOf(windowId: number): Leaf[];
  /** The newest leaf of a document that has a token; else the newest at all. */
  ofDocument(documentId: string): Leaf | null;
  /** The leaf of a file, which may be issued twice. */
  ofFile(sha256: string): Leaf | null;
  /** What a document's record is made of; empty while its window has no token. */
  chainsOf(leaf: Leaf): PlacedChain[];
  /** Notes a file into which a document's record was put. */
  embedded(sha256: string, documentId: string): void;
  /** The document of a file into which its record was put. */
  documentOf(sha256: string): string | null;
  /** Digests of such files after `after`, in their order. */
  embeddedFiles(after: string, limit: number): string[];
  counts(now: number): { stamped: number; unstamped: number; overdue: number; failing: number };
  dispose(): void;
}
