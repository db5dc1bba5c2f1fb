import { SignerError, type SignerErrorCode } from "../signer.ts";

/** What a return value means for the connection it came from. */
export type Consequence =
  /** Sessions and login stand. */
  | "none"
  /** The handle of the key is stale; look the key up again. */
  | "stale-key"
  /** Sessions or login are gone; connect anew. */
  | "stale-session";

interface Meaning {
  readonly code: SignerErrorCode;
  readonly retryable: boolean;
  readonly consequence: Consequence;
}

const absent: Meaning = { code: "TOKEN_ABSENT", retryable: true, consequence: "stale-session" };
const failed: Meaning = { code: "TOKEN_FAILED", retryable: true, consequence: "none" };
const lost: Meaning = { code: "TOKEN_FAILED", retryable: true, consequence: "stale-session" };
const busy: Meaning = { code: "TOKEN_BUSY", retryable: true, consequence: "none" };
const pin: Meaning = { code: "PIN_INCORRECT", retryable: false, consequence: "stale-session" };
const key: Meaning = { code: "KEY_NOT_FOUND", retryable: false, consequence: "stale-key" };
const mechanism: Meaning = { code: "MECHANISM_UNSUPPORTED", retryable: false, consequence: "none" };
const module: Meaning = { code: "MODULE_UNUSABLE", retryable: false, consequence: "stale-session" };

/** CK_RV by name (PKCS #11 v2.40 §5.1) to what it means here. What is not listed counts as a failing device. */
const meanings: Readonly<Record<string, Meaning>> = {
  CKR_DEVICE_REMOVED: absent,
  CKR_TOKEN_NOT_PRESENT: absent,
  CKR_TOKEN_NOT_RECOGNIZED: absent,
  CKR_SLOT_ID_INVALID: absent,
  CKR_SESSION_HANDLE_INVALID: absent,
  CKR_SESSION_CLOSED: absent,
  CKR_USER_NOT_LOGGED_IN: lost,
  CKR_CRYPTOKI_NOT_INITIALIZED: lost,
  CKR_OPERATION_ACTIVE: lost,
  CKR_OPERATION_NOT_INITIALIZED: lost,
  CKR_DEVICE_ERROR: failed,
  CKR_DEVICE_MEMORY: failed,
  CKR_HOST_MEMORY: failed,
  CKR_GENERAL_ERROR: failed,
  CKR_FUNCTION_FAILED: failed,
  CKR_FUNCTION_CANCELED: failed,
  CKR_SESSION_COUNT: busy,
  CKR_PIN_INCORRECT: pin,
  CKR_PIN_INVALID: pin,
  CKR_PIN_LEN_RANGE: pin,
  CKR_PIN_EXPIRED: pin,
  CKR_USER_PIN_NOT_INITIALIZED: pin,
  CKR_PIN_LOCKED: { ...pin, code: "PIN_LOCKED" },
  CKR_KEY_HANDLE_INVALID: key,
  CKR_OBJECT_HANDLE_INVALID: key,
  CKR_KEY_TYPE_INCONSISTENT: mechanism,
  CKR_KEY_FUNCTION_NOT_PERMITTED: mechanism,
  CKR_KEY_SIZE_RANGE: mechanism,
  CKR_MECHANISM_INVALID: mechanism,
  CKR_MECHANISM_PARAM_INVALID: mechanism,
  CKR_FUNCTION_NOT_SUPPORTED: mechanism,
  CKR_DATA_LEN_RANGE: mechanism,
  CKR_DATA_INVALID: mechanism,
  CKR_ARGUMENTS_BAD: failed,
  CKR_CANT_LOCK: module,
  CKR_NEED_TO_CREATE_THREADS: module,
  CKR_LIBRARY_LOAD_FAILED: module,
  CKR_FIPS_SELF_TEST_FAILED: module,
};

/** The name of the CK_RV in an error thrown by pkcs11js, or null for any other error. */
export function returnValueOf(error: unknown): string | null {
  return error instanceof Error ? (/CKR_[A-Z0-9_]+/.exec(error.message)?.[0] ?? null) : null;
}

/** What the error does to the connection. */
export function consequenceOf(error: unknown): Consequence {
  const name = returnValueOf(error);
  return name === null ? "none" : (meanings[name] ?? failed).consequence;
}

/**
 * The error of `call` (such as "C_Sign") as a SignerError; a SignerError passes as it is. `details` holds `call`, `rv` and
 * the token's name; the message of pkcs11js holds no data, so it is kept as the cause.
 */
export function signerErrorOf(error: unknown, token: string, call: string): SignerError {
  if (error instanceof SignerError) return error;
  const rv = returnValueOf(error);
  const meaning = rv === null ? failed : (meanings[rv] ?? failed);
  return new SignerError(meaning.code, `token ${token}: ${call} failed${rv === null ? "" : ` with ${rv}`}`, {
    retryable: meaning.retryable,
    details: { token, call, rv },
    cause: error,
  });
}
