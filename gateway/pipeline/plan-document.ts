import { reach } from "../failpoint.ts";
import type { CertificateBinding, StepRecord } from "../ledger/index.ts";
import { chooseBinding } from "./choose-binding.ts";
import type { DocumentWork } from "./document-work.ts";

/** received → preparing: lays the profile over the document and names a signer for each signature. */
export async function planDocument(work: DocumentWork): Promise<void> {
  const { document, parts } = work;
  const plan = [...(await work.plan()).values()];
  const now = parts.clock();
  const byRole = new Map<string, CertificateBinding[]>();
  const steps: StepRecord[] = [];
  for (const planned of plan) {
    const { role, order } = planned.step;
    let bindings = byRole.get(role);
    if (bindings === undefined) {
      bindings = await parts.ledger.registry.bindingsFor(document.school, role, now);
      byRole.set(role, bindings);
    }
    const binding = chooseBinding(planned, document.className, bindings);
    work.remember(binding);
    steps.push({ id: planned.id, position: 0, role, order, key: planned.key, bindingId: binding.id });
  }
  steps.sort((a, b) => a.order - b.order);
  for (const [position, step] of steps.entries()) step.position = position;
  reach("plan.made");
  work.moveWithNext("preparing", { steps, details: { signatures: steps.length } }, "plan.written");
  work.steps = steps;
}
