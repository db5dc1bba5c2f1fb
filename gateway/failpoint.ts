/**
 * The arrows of a document's way, in order: between any two of them a process may die, and nothing may be lost or done
 * twice. Tests kill a real process at each (`test/faults/kill-at-every-arrow.test.ts`).
 */
export const failpoints = [
  /** gateway: the octets are in memory only */
  "intake.received",
  /** gateway: the octets are in the store, the ledger knows nothing */
  "intake.stored",
  /** gateway: the ledger has the document, the work list and the sender have not heard */
  "intake.accepted",
  /** gateway: the work list may have it, the sender has no answer */
  "intake.fed",
  /** worker: taken from the work list, nothing done */
  "work.taken",
  /** worker: signers are chosen, not written */
  "plan.made",
  "plan.written",
  /** worker: octets to sign exist, no intent does */
  "prepare.made",
  "prepare.intent-written",
  /** worker: the key was used, its value is in memory only */
  "sign.value-made",
  "sign.value-written",
  /** worker: time stamps are in memory only */
  "stamp.received",
  /** worker: the new revision is in memory only */
  "complete.made",
  /** worker: the revision is in the store, the ledger knows nothing of it */
  "complete.stored",
  "complete.written",
  /** worker: judged as a stranger would, no receipt */
  "verify.passed",
  "verify.receipt-made",
  "verify.signed",
  /** worker: the late time stamp of an issued document is in memory only */
  "raise.stamped",
  /** worker: the raised revision is judged, in memory only */
  "raise.verified",
  /** worker: the raised revision is in the store, the ledger still has the issued one */
  "raise.stored",
  "raise.written",
  /** gateway: a window of documents is closed, its hash tree is in memory only */
  "evidence.window-closed",
  /** gateway: its tree is written, and nobody knows that it is complete */
  "evidence.tree-written",
  /** gateway: the time stamp of a window is in memory only */
  "evidence.token-received",
] as const;
export type Failpoint = (typeof failpoints)[number];

// `name` or `name:n` for the n-th time it is reached.
const [armed, times] = (process.env.HOCBA_FAILPOINT ?? "").split(":");
let left = Number(times ?? 1);

/** Kills this process, as `kill -9` would, if HOCBA_FAILPOINT names this point; otherwise does nothing. */
export function reach(point: Failpoint): void {
  if (point === armed && --left === 0) process.kill(process.pid, "SIGKILL");
}
