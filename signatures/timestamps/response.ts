import type { DigestAlgorithm } from "@hocba/certs/crypto";
import {
  type Element,
  equalBytes,
  readElement,
  readInteger,
  readNamedBits,
  readString,
  Tag,
  toHex,
} from "@hocba/certs/der";
import { SignaturesError } from "../errors.ts";
import { parseTimestampToken, readingTsp, type TimestampToken } from "./token.ts";

/** PKIFailureInfo by bit (RFC 3161 §2.4.2). */
const FAILURES = new Map<number, string>([
  [0, "badAlg"],
  [2, "badRequest"],
  [5, "badDataFormat"],
  [14, "timeNotAvailable"],
  [15, "unacceptedPolicy"],
  [16, "unacceptedExtension"],
  [17, "addInfoNotAvailable"],
  [25, "systemFailure"],
]);
const FAILURE_NAMES = Array.from({ length: 26 }, (_, bit) => FAILURES.get(bit) ?? `bit${bit}`);
/** Refusals after which the same request may be granted. */
const PASSING = new Set(["timeNotAvailable", "addInfoNotAvailable", "systemFailure"]);

export interface ExpectedTimestamp {
  digestAlgorithm: DigestAlgorithm;
  digest: Uint8Array;
  /** The nonce sent; null when none was. */
  nonce: Uint8Array | null;
  /** The policy asked for. */
  policy?: string | undefined;
}

/**
 * Reads a TimeStampResp and checks it against the request (RFC 3161 §2.4.2): status granted, same imprint, same nonce, same
 * policy. The token's own signature and certificate are judged by `verify/`.
 * @throws SignaturesError TSP_MALFORMED, TSP_REJECTED (retryable by failure info; `details.status`, `.failures`, `.text`),
 *   TSP_WRONG_NONCE, TSP_WRONG_IMPRINT, TSP_WRONG_POLICY
 */
export function readTimestampResponse(bytes: Uint8Array, expected: ExpectedTimestamp): TimestampToken {
  const tokenElement = readingTsp(() => {
    const [statusInfo, token] = readElement(bytes, 0, { ber: true }).expect(Tag.SEQUENCE, "TimeStampResp").children();
    if (!statusInfo) throw new SignaturesError("TSP_MALFORMED", "TimeStampResp without status");
    refuseUnlessGranted(statusInfo);
    if (!token) throw new SignaturesError("TSP_MALFORMED", "granted, but no token was sent");
    return token;
  });
  const token = parseTimestampToken(tokenElement.raw);
  if (
    token.imprint.digestAlgorithm !== expected.digestAlgorithm ||
    !equalBytes(token.imprint.digest, expected.digest)
  ) {
    throw new SignaturesError("TSP_WRONG_IMPRINT", "the token stamps something else", { retryable: true });
  }
  if (expected.nonce && token.nonce !== nonceHex(expected.nonce)) {
    throw new SignaturesError("TSP_WRONG_NONCE", "the token carries another nonce", { retryable: true });
  }
  if (expected.policy && token.policy !== expected.policy) {
    throw new SignaturesError("TSP_WRONG_POLICY", "the token was issued under another policy", {
      details: { wanted: expected.policy, found: token.policy },
    });
  }
  return token;
}

function refuseUnlessGranted(statusInfo: Element): void {
  const [status, ...rest] = statusInfo.expect(Tag.SEQUENCE, "PKIStatusInfo").children();
  const value = status ? readInteger(status) : -1;
  // granted (0) and grantedWithMods (1)
  if (value === 0 || value === 1) return;
  const text =
    rest
      .find((e) => e.tag === Tag.SEQUENCE)
      ?.children()
      .map(readString)
      .join("; ") ?? "";
  const bits = rest.find((e) => e.tag === Tag.BIT_STRING);
  const failures = bits ? [...readNamedBits(bits, FAILURE_NAMES)] : [];
  throw new SignaturesError(
    "TSP_REJECTED",
    `the authority refused: status ${value} ${failures.join(" ")} ${text}`.trim(),
    {
      retryable: failures.some((f) => PASSING.has(f)),
      details: { status: value, failures, text },
    },
  );
}

/** The INTEGER form of a nonce: leading zero octets do not count. */
function nonceHex(nonce: Uint8Array): string {
  let skip = 0;
  while (skip < nonce.length - 1 && nonce[skip] === 0) skip++;
  return toHex(nonce.subarray(skip));
}
