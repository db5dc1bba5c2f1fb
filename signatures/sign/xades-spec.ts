import type { SignerIdentity } from "./two-phase.ts";

/** What one XML signature says and where it goes. */
export interface XadesSpec {
  /** Same-document reference: `#` and the Id of the element that is signed. */
  reference: string;
  /** Path of the element that takes the signature as its last child, as in profiles. */
  holder: string;
  /** Id of the ds:Signature; the Ids inside it are derived from it. An XML name in ASCII. */
  signatureId: string;
  signingTime: Date;
  /** Goes to SignerRoleV2/ClaimedRoles. */
  claimedRole?: string;
  /** MIME type of what is signed; default `text/xml`. */
  mimeType?: string;
  /**
   * `xades` (default): EN 319 132-1 baseline. `xmldsig`: plain XMLDSig with a SigningTime property in a signed ds:Object, the
   * form of the ministry's and vendors' verifiers; it takes no time stamp.
   */
  form?: "xades" | "xmldsig";
}

/** Where the parts of one signature stand in the prepared document. JSON. */
export interface XadesPlacement {
  signatureId: string;
  form: "xades" | "xmldsig";
  reference: string;
  holder: string;
  /** Base64 of the digest of what is signed: a document in which it differs does not take this signature. */
  digest: string;
  /** Offset in octets where the base64 of the signature value goes. */
  valueAt: number;
  /** Offset in octets where UnsignedProperties go. */
  unsignedAt: number;
  /** Text of the ds:Signature without value, and the places in it (characters), for `embedXades`. */
  signature: { text: string; valueAt: number; unsignedAt: number };
}

/** One signature among several over the same document. */
export interface XadesBatchMember {
  signer: SignerIdentity;
  spec: XadesSpec;
}

/** Signatures prepared over one parse of the document; arrays follow the order of the members. */
export interface PreparedXadesBatch {
  /** The document, complete but for the signature values. */
  document: Uint8Array;
  /** Canonical SignedInfo of each (XMLDSig §4.4). */
  toBeSigned: Uint8Array[];
  placements: XadesPlacement[];
}
