import type { IncomingHttpHeaders } from "node:http";

/**
 * Until when an answer may be used without asking again: the earliest of its issuer's nextUpdate, HTTP's freshness
 * (RFC 9111 §4.2.1: max-age, then Expires; no-cache and no-store mean at once) and the operator's limit, but not before
 * the operator's shortest age. Milliseconds since 1970.
 */
export function freshUntil(
  headers: IncomingHttpHeaders,
  nextUpdate: number | null,
  now: number,
  limits: { maxAgeMs: number; minAgeMs: number },
): number {
  const http = httpFreshness(headers, now);
  const none = Number.POSITIVE_INFINITY;
  return Math.max(Math.min(now + limits.maxAgeMs, http ?? none, nextUpdate ?? none), now + limits.minAgeMs);
}

function httpFreshness(headers: IncomingHttpHeaders, now: number): number | null {
  const control = (headers["cache-control"] ?? "").toLowerCase();
  if (/(^|[\s,])(no-cache|no-store)($|[\s,=])/.test(control)) return now;
  const maxAge = /(?:^|[\s,])max-age="?(\d{1,10})/.exec(control);
  if (maxAge) return now + Math.max(0, Number(maxAge[1]) - ageOf(headers)) * 1000;
  const { expires } = headers;
  if (expires === undefined) return null;
  // A date that cannot be read, "0" above all, means already expired (RFC 9111 §5.3).
  const served = Date.parse(headers.date ?? "");
  const at = Date.parse(expires);
  if (Number.isNaN(at)) return now;
  return Number.isNaN(served) ? at : now + Math.max(0, at - served);
}

function ageOf(headers: IncomingHttpHeaders): number {
  const age = Number(headers.age ?? 0);
  return Number.isFinite(age) && age > 0 ? age : 0;
}
