import type { Dossier } from "../ledger/index.ts";
import { type ReceiptKey, readReceipt } from "../receipts/index.ts";
import { type Complaint, complain } from "./complaint.ts";

/** The receipt of an issued document: signed by this gateway, about this document, naming each step once. */
export function* examineReceipt(dossier: Dossier, key: ReceiptKey): Generator<Complaint> {
  const { document, steps, receipt } = dossier;
  if (receipt === null) {
    yield complain(document.id, "receipt-missing");
    return;
  }
  const payload = readReceipt(receipt, key) as Payload | null;
  if (payload === null) {
    yield complain(document.id, "receipt-invalid");
    return;
  }
  const told = {
    sub: payload.sub,
    received: payload.received?.sha256,
    signed: payload.signed?.sha256,
    steps: payload.signatures?.map((each) => each.step),
  };
  const shown = {
    sub: document.id,
    received: document.sha256,
    signed: document.currentSha256,
    steps: steps.map((step) => step.id),
  };
  if (JSON.stringify(told) !== JSON.stringify(shown)) {
    yield complain(document.id, "receipt-differs", { receipt: told, ledger: shown });
  }
}

interface Payload {
  sub?: string;
  received?: { sha256?: string };
  signed?: { sha256?: string };
  signatures?: { step?: string }[];
}
