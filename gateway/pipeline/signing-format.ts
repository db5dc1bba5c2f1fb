import type { PlannedSignature, Profile } from "@hocba/signatures/profiles";
import type { SignerIdentity } from "@hocba/signatures/sign";

/** One signature to be made: by whom, where, and the time that goes into it (ms since 1970). */
export interface GroupMember {
  planned: PlannedSignature;
  profile: Profile;
  identity: SignerIdentity;
  signingTime: number;
  /** SHA-256 of the document as it came, lower-case hex. */
  original?: string;
}

/** Signatures prepared together over one revision of a document; arrays follow the order of the members. */
export interface PreparedGroup {
  toBeSigned: readonly Uint8Array[];
  /** Octets whose digest the time-stamping authority is given. */
  timestampInput(index: number, value: Uint8Array): Uint8Array;
  /** The next revision of the document. @throws SignaturesError */
  complete(values: readonly Uint8Array[], tokens: readonly (Uint8Array | null)[]): Uint8Array;
}

/**
 * What the pipeline needs of a document format. `prepare` must give the same octets for the same input: after a crash the
 * group is prepared again from the ledger's intents and the signature values of then must still fit.
 */
export interface SigningFormat {
  /** How many signatures of equal order may stand in one revision. */
  readonly largestGroup: number;
  /** `document` is asked for where the plan depends on what it says. @throws SignaturesError; what `document` throws */
  plan(profile: Profile, document: () => Promise<Uint8Array>): PlannedSignature[] | Promise<PlannedSignature[]>;
  /** What the verifier's report calls the signature: PDF field, XML Id, position among the signer infos. */
  nameOf(planned: PlannedSignature): string;
  /** @throws SignaturesError */
  prepare(document: Uint8Array, members: readonly GroupMember[]): PreparedGroup | Promise<PreparedGroup>;
}
