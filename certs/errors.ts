/**
 * The one error type of the house. A caller switches on `code`, never on the message; `retryable` says whether the same
 * call may succeed later without anybody changing anything. Prose for people is made at the edge (problem+json, CLI,
 * page) from the code and `details`. `message` is for the log of an operator: it never holds keys, PINs or pupils' data.
 */
export class HocbaError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly retryable: boolean;
  /** Structured facts for the edge: numbers, field names, limits. JSON values only. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: Code,
    message: string,
    options: { retryable?: boolean; details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.details = options.details ?? {};
  }
}

/** What can be wrong with DER, certificates, CRLs, OCSP responses and the keys in them. */
export type CertsErrorCode =
  | "DER_MALFORMED"
  | "DER_UNSUPPORTED"
  | "CERTIFICATE_MALFORMED"
  | "CRL_MALFORMED"
  | "OCSP_MALFORMED"
  | "ALGORITHM_UNSUPPORTED"
  | "TRUST_PIN_MISMATCH"
  | "FETCH_REFUSED"
  | "FETCH_FAILED";

export class CertsError extends HocbaError<CertsErrorCode> {}
