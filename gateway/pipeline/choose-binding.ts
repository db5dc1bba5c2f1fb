import type { PlannedSignature } from "@hocba/signatures/profiles";
import { GatewayError } from "../errors.ts";
import type { CertificateBinding } from "../ledger/index.ts";

/**
 * The binding that signs a planned signature. A binding that names the subject or class goes before one that is open; of
 * several certificates of one signer (renewal) the newest is taken.
 * @throws GatewayError SIGNER_NOT_BOUND; SIGNER_AMBIGUOUS when two persons could sign with equal right
 */
export function chooseBinding(
  planned: PlannedSignature,
  className: string | null,
  bindings: readonly CertificateBinding[],
): CertificateBinding {
  let best: CertificateBinding[] = [];
  let bestRank = -1;
  for (const binding of bindings) {
    if (binding.role !== planned.step.role) continue;
    const subject = fit(binding.subjects, planned.key);
    const room = fit(binding.classes, className);
    if (subject === null || room === null) continue;
    const rank = subject * 2 + room;
    if (rank > bestRank) {
      best = [];
      bestRank = rank;
    }
    if (rank === bestRank) best.push(binding);
  }
  const details = { role: planned.step.role, subject: planned.key, class: className };
  if (best.length === 0) {
    throw new GatewayError("SIGNER_NOT_BOUND", `nobody is registered to sign ${planned.id}`, { details });
  }
  if (new Set(best.map((binding) => binding.signerId)).size > 1) {
    throw new GatewayError("SIGNER_AMBIGUOUS", `several signers are registered for ${planned.id}`, {
      details: { ...details, signers: best.map((binding) => binding.signerId).slice(0, 10) },
    });
  }
  return best.reduce((newest, binding) => (binding.validFrom > newest.validFrom ? binding : newest));
}

/** 1: named; 0: open; null: limited to others. */
function fit(limits: readonly string[] | null, value: string | null): 0 | 1 | null {
  if (limits === null) return 0;
  return value !== null && limits.includes(value) ? 1 : null;
}
