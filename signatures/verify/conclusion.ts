import type { Finding, SubIndication } from "./report.ts";

/**
 * What a building block of EN 319 102-1 §5.2 answers. PASSED may carry findings too: warnings do not change a verdict.
 */
export type Conclusion =
  | { readonly indication: "PASSED"; readonly subIndication: null; readonly findings: readonly Finding[] }
  | {
      readonly indication: "FAILED" | "INDETERMINATE";
      readonly subIndication: SubIndication;
      readonly findings: readonly Finding[];
    };

export const passed = (...findings: readonly Finding[]): Conclusion => ({
  indication: "PASSED",
  subIndication: null,
  findings,
});

export const failed = (subIndication: SubIndication, ...findings: readonly Finding[]): Conclusion => ({
  indication: "FAILED",
  subIndication,
  findings,
});

export const indeterminate = (subIndication: SubIndication, ...findings: readonly Finding[]): Conclusion => ({
  indication: "INDETERMINATE",
  subIndication,
  findings,
});

const RANK = { PASSED: 0, INDETERMINATE: 1, FAILED: 2 } as const;

/** The worst of several conclusions, the first of equal ones, with the findings of all. */
export function worst(...conclusions: readonly Conclusion[]): Conclusion {
  let worstOne: Conclusion = passed();
  for (const c of conclusions) if (RANK[c.indication] > RANK[worstOne.indication]) worstOne = c;
  return { ...worstOne, findings: conclusions.flatMap((c) => c.findings) };
}
