const MAX_KEPT = 1000;
const kept = new Map<number, string>();

/**
 * An instant (ms since 1970) in ISO 8601, UTC. Kept, since dates of certificates and CRLs return in every report.
 * @throws RangeError when it is no instant
 */
export function isoTime(ms: number): string {
  const known = kept.get(ms);
  if (known !== undefined) return known;
  const text = new Date(ms).toISOString();
  if (kept.size >= MAX_KEPT) kept.clear();
  kept.set(ms, text);
  return text;
}
