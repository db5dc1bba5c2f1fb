import { buildPaths, newSearch } from "./build-paths.ts";
import { poolOf } from "./certificate-pool.ts";
import { checkPath } from "./check-path.ts";
import type { PathRequest, PathResult } from "./path-request.ts";
import { reasonText } from "./reason-text.ts";
import { revocationChecker } from "./revocation-checker.ts";

/** Whole paths that are judged before the search gives up. */
const MAX_PATHS = 64;

/**
 * Builds paths from a certificate to an anchor and validates them (RFC 5280 §6, RFC 4158) until one is valid. When none is,
 * the verdict is that on the first whole path, the likeliest. Never throws for what certificates hold.
 */
export function validatePath(request: PathRequest): PathResult {
  const state = newSearch(request.certificate);
  const pool = poolOf(request.certificates);
  const revocation = request.revocation ? revocationChecker(request, pool) : null;
  let first: Omit<PathResult, "pathsTried"> | null = null;
  let tried = 0;
  for (const { path, anchor } of buildPaths(request, pool, state)) {
    tried++;
    const verdict = checkPath(request, path, anchor, revocation?.(anchor) ?? null);
    if (verdict.valid) return { ...verdict, pathsTried: tried };
    first ??= verdict;
    if (tried >= MAX_PATHS) break;
  }
  if (first) return { ...first, pathsTried: tried };
  const code = state.exhausted ? "WORK_LIMIT_EXCEEDED" : (state.fault ?? "NO_PATH");
  const index = state.deepest.length - 1;
  return {
    valid: false,
    code,
    reason: reasonText(code, state.deepest[index]!, ""),
    index,
    path: state.deepest,
    anchor: null,
    policies: [],
    algorithmFindings: [],
    profileFindings: [],
    revocation: [],
    pathsTried: 0,
  };
}
