import type { ValidationData } from "@hocba/signatures/sign";
import type { SignedParts } from "./signed-parts.ts";

export type ExtensionLevel = "LT" | "LTA";

/** A TimeStampToken (DER) over a SHA-256 digest. */
export type AskStamp = (messageImprint: Uint8Array) => Promise<Uint8Array>;

/**
 * How one document format reaches the levels. Each function gives new octets and leaves the given ones alone; none changes what
 * a signature covers.
 */
export interface LevelFormat {
  /**
   * Signatures that can be raised by themselves. In XML those inside what a later signature covers cannot: their validation
   * data stands with a later one, and their octets are under its time stamps.
   */
  raisable(document: Uint8Array, parts: SignedParts): string[];
  /** Signatures without a time stamp that a late one would still raise: it changes nothing that another signature covers. */
  bare(document: Uint8Array, parts: SignedParts): string[];
  /**
   * Stamps what was issued without: where the format has revisions one is appended, and the document that was handed out stays as
   * it is, octet for octet, in front of it. @param ids some of `bare`
   */
  stampLate(document: Uint8Array, ids: readonly string[], ask: AskStamp): Promise<Uint8Array>;
  /** Gives every raisable signature a time stamp that has none. */
  stampBare(document: Uint8Array, parts: SignedParts, ask: AskStamp): Promise<Uint8Array>;
  /** @param data by signature id; what is held already is left out */
  addData(document: Uint8Array, data: ReadonlyMap<string, ValidationData>, parts: SignedParts): Uint8Array;
  /** A further time stamp over everything that is there now. */
  archive(document: Uint8Array, raisable: readonly string[], ask: AskStamp): Promise<Uint8Array>;
}
