import { GatewayError } from "../errors.ts";

/** Where a document stands. The happy path in order, then the ends beside it. */
export const documentStates = [
  "received",
  "preparing",
  "awaiting-signature",
  "signing",
  "stamping",
  "verifying",
  "signed",
  "rejected",
  "failed",
  "withdrawn",
  "superseded",
] as const;

export type DocumentState = (typeof documentStates)[number];

/** States in which nobody but the gateway has something to do. `awaiting-signature` waits for a person. */
export const workingStates: readonly DocumentState[] = ["received", "preparing", "signing", "stamping", "verifying"];

/**
 * The one place that knows which step may follow which. `preparing` comes again between two signatures of a document.
 * `failed` may go back when an operator has removed the cause: to `preparing`, where signatures made before stay as they
 * are, or to `received` when it has no plan yet.
 */
const successors: Readonly<Record<DocumentState, readonly DocumentState[]>> = {
  received: ["preparing", "rejected", "failed", "withdrawn"],
  preparing: ["awaiting-signature", "signing", "verifying", "rejected", "failed", "withdrawn"],
  "awaiting-signature": ["awaiting-signature", "preparing", "signing", "rejected", "failed", "withdrawn"],
  signing: ["stamping", "preparing", "verifying", "failed"],
  stamping: ["preparing", "verifying", "failed"],
  verifying: ["signed", "failed"],
  signed: ["withdrawn", "superseded"],
  rejected: [],
  failed: ["received", "preparing", "withdrawn"],
  withdrawn: [],
  superseded: ["withdrawn"],
};

/** @throws GatewayError LEDGER_TRANSITION_FORBIDDEN */
export function checkTransition(from: DocumentState, to: DocumentState): void {
  if (!successors[from].includes(to)) {
    throw new GatewayError("LEDGER_TRANSITION_FORBIDDEN", `a document cannot go from ${from} to ${to}`, {
      details: { from, to },
    });
  }
}

/** True when the document will not move by itself any more. */
export function isFinal(state: DocumentState): boolean {
  return state === "signed" || successors[state].length === 0 || state === "failed" || state === "superseded";
}
