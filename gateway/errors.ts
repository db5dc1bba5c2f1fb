import { HocbaError } from "@hocba/certs";

/**
 * What can go wrong in the service itself. Documents, certificates and tokens have codes of their own (SignaturesError,
 * CertsError, SignerError); all of them are turned into words for people in `problems/catalogue.ts`, nowhere else.
 */
export type GatewayErrorCode =
  // configuration and start
  | "CONFIG_INVALID"
  // access
  | "UNAUTHENTICATED"
  | "FORBIDDEN_SCOPE"
  | "FORBIDDEN_SCHOOL"
  // requests
  | "REQUEST_INVALID"
  | "NOT_FOUND"
  | "METHOD_NOT_ALLOWED"
  | "BODY_TOO_LARGE"
  | "BODY_EMPTY"
  | "RATE_LIMITED"
  | "AT_CAPACITY"
  | "IDEMPOTENCY_CONFLICT"
  | "CONTENT_NOT_READY"
  // documents
  | "PROFILE_UNKNOWN"
  | "FORMAT_MISMATCH"
  | "SCHOOL_UNKNOWN"
  | "SCHOOL_MISMATCH"
  | "ALREADY_SIGNED"
  | "BATCH_EMPTY"
  | "BATCH_TOO_MANY"
  | "ZIP_MALFORMED"
  // webhooks
  | "WEBHOOKS_TOO_MANY"
  // signing
  | "SIGNER_NOT_BOUND"
  | "SIGNER_AMBIGUOUS"
  | "CERTIFICATE_EXPIRED"
  | "CERTIFICATE_NOT_YET_VALID"
  | "CERTIFICATE_KEY_MISMATCH"
  | "CERTIFICATE_KEY_USAGE"
  | "CERTIFICATE_UNUSABLE"
  | "TSA_UNAVAILABLE"
  | "VERIFICATION_FAILED"
  | "VERIFICATION_INDETERMINATE"
  | "VERIFICATION_STOPPED"
  | "EVIDENCE_UNAVAILABLE"
  | "LEVEL_NOT_REACHED"
  | "SIGNER_REFUSED"
  | "TOO_MANY_ATTEMPTS"
  // ledger and store
  | "LEDGER_CONFLICT"
  | "LEDGER_TRANSITION_FORBIDDEN"
  | "LEDGER_UNAVAILABLE"
  | "LEDGER_DUPLICATE"
  | "STORE_FULL"
  | "STORE_DAMAGED"
  | "STORE_MISSING"
  | "STORE_UNAVAILABLE"
  | "QUEUE_UNAVAILABLE"
  // backup
  | "BACKUP_UNREADABLE"
  | "BACKUP_DAMAGED"
  | "BACKUP_TARGET_NOT_EMPTY"
  | "INTERNAL";

export class GatewayError extends HocbaError<GatewayErrorCode> {}
