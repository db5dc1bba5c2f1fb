import { HocbaError } from "@hocba/certs";

/** What can be wrong with a document that is to be read, signed or stamped. All final unless said otherwise. */
export type SignaturesErrorCode =
  | "PDF_MALFORMED"
  | "PDF_NOT_A_PDF"
  | "PDF_TRUNCATED"
  | "PDF_ENCRYPTED"
  | "PDF_CERTIFIED_NO_CHANGES"
  | "PDF_FIELD_EXISTS"
  | "PDF_LIMIT"
  | "XML_NOT_WELL_FORMED"
  | "XML_DTD_FORBIDDEN"
  | "XML_DUPLICATE_ID"
  | "XML_MISSING_ELEMENT"
  /** A transcript to be signed holds something that no signature of its profile would cover. */
  | "XML_UNSIGNED_CONTENT"
  | "XML_UNSUPPORTED"
  /** A ds:Signature that does not follow the schema of XMLDSig. */
  | "XML_SIGNATURE_MALFORMED"
  /** The place for a signature already holds one. */
  | "XML_HOLDER_TAKEN"
  /** The place for a signature lies inside what the signature covers. */
  | "XML_HOLDER_INSIDE_REFERENCE"
  | "XML_LIMIT"
  | "CMS_MALFORMED"
  | "TSP_MALFORMED"
  /** The authority answered with a refusal (PKIStatus other than granted). Retryable by its failure info. */
  | "TSP_REJECTED"
  | "TSP_WRONG_NONCE"
  | "TSP_WRONG_IMPRINT"
  | "TSP_WRONG_POLICY"
  | "TSP_UNTRUSTED"
  | "TSP_CLOCK_SKEW"
  /** An evidence record (RFC 4998, RFC 6283) that does not follow its syntax. */
  | "EVIDENCE_RECORD_MALFORMED"
  | "EVIDENCE_RECORD_UNSUPPORTED"
  | "SIGNATURE_VALUE_INVALID"
  | "RESERVED_PLACE_TOO_SMALL";

export class SignaturesError extends HocbaError<SignaturesErrorCode> {}
