import type { Picture } from "./picture.ts";
import type { SignerIdentity } from "./two-phase.ts";

/** A visible signature. The picture is drawn beforehand, with its fonts embedded. */
export interface PadesAppearance {
  /** Page number from 0; negative counts from the end. */
  page: number;
  /** Left, bottom, right, top in default user space of that page. */
  rect: readonly [number, number, number, number];
  /** A picture, or a PDF whose first page is one; it is scaled into `rect`, upright on rotated pages too. */
  picture: Uint8Array | Picture;
}

/** What one PAdES signature says and where it goes. */
export interface PadesSpec {
  /** Name of the signature field: an empty one is filled, a new one is made. */
  fieldName: string;
  /** Goes to /M: PAdES has no signing-time attribute (EN 319 142-1 §6.3). */
  signingTime: Date;
  reason?: string;
  location?: string;
  contactInfo?: string;
  name?: string;
  /** Octets kept free for the CMS; the default fits the chain and a time-stamp token of 12 KB. */
  reservedBytes?: number;
  /** Absent: an invisible signature on the first page. */
  appearance?: PadesAppearance;
  /** Makes this the certification signature with that P of DocMDP (ISO 32000-2 table 257). Only a first signature can. */
  certify?: 1 | 2 | 3;
  /** Lock of a new field (ISO 32000-2 table 236). A field that is there keeps its own. */
  lock?: { action: "All" | "Include" | "Exclude"; fields: readonly string[] };
}

/** Where the CMS goes, and what it is built of. JSON apart from the octets. */
export interface PadesPlacement {
  /** Offset of the first hexadecimal digit of /Contents. */
  start: number;
  /** Octets the place holds: half as many as digits. */
  capacity: number;
  signer: SignerIdentity;
}

/** The time-stamp token a T level needs is smaller than this at every authority we know. */
const TOKEN = 12 * 1024;
const REST = 2 * 1024;

/** Octets to reserve for this signer's CMS. */
export function reservedSize(signer: SignerIdentity, spec: { reservedBytes?: number }): number {
  if (spec.reservedBytes !== undefined) return spec.reservedBytes;
  let chain = signer.certificate.length;
  for (const certificate of signer.chain) chain += certificate.length;
  return Math.ceil((chain + TOKEN + REST) / 1024) * 1024;
}
