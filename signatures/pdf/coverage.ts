import type { PdfDocument } from "./document.ts";
import { objectExtent } from "./object-extent.ts";
import { onlyWhiteSpace } from "./revisions.ts";
import type { PdfSignature, SignatureHole } from "./signature-fields.ts";

/** What of the file a signature's ByteRange covers. */
export interface SignatureCoverage {
  readonly level: "whole-file" | "earlier-revision" | "partial" | "unclear";
  /** Index of the newest revision that is covered to its end; null for `partial` and `unclear`. */
  readonly revision: number | null;
  /** Offset after the last covered octet; null where there is no usable ByteRange. */
  readonly end: number | null;
  /** Why it is not better, by name. Empty for `whole-file`. */
  readonly reasons: readonly string[];
}

/**
 * Holds the ByteRange against the file (ISO 32000-2 §12.8.1; EN 319 142-1 §5.3): it must start at 0, leave out exactly the
 * string of /Contents with its delimiters, not overlap, and end where a revision ends.
 */
export function coverage(document: PdfDocument, signature: PdfSignature): SignatureCoverage {
  const unclear = (...reasons: string[]): SignatureCoverage => ({
    level: "unclear",
    revision: null,
    end: signature.byteRange ? signature.byteRange[2] + signature.byteRange[3] : null,
    reasons,
  });
  const faults = signature.problems.filter((p) => p !== "contents-empty" && p !== "contents-followed-by-octets");
  if (!signature.byteRange) return unclear(...faults);
  if (!signature.hole) return unclear(...faults, "contents-not-in-file");
  const [first, firstLength, second, secondLength] = signature.byteRange;
  const end = second + secondLength;
  if (end > document.bytes.length) return unclear("byte-range-beyond-end-of-file");
  if (first !== 0) return unclear("byte-range-does-not-start-at-zero");
  if (first + firstLength > second) return unclear("byte-ranges-overlap");
  if (firstLength !== signature.hole.start || second !== signature.hole.end) return unclear("gap-is-not-contents");
  if (faults.length) return unclear(...faults);
  if (liesInAnotherObject(document, signature.hole)) return unclear("contents-inside-another-object");
  return judgeEnd(document, signature, end);
}

/**
 * True when the place of the signature is part of two objects: an image, say, whose data runs over it. What is written there is
 * under no signature, so that the picture could be changed at will (the digits of the CMS in another case are enough).
 */
function liesInAnotherObject(document: PdfDocument, hole: SignatureHole): boolean {
  const index = document.revisions.findIndex((r) => hole.start < r.end);
  const from = document.revisions[index - 1]?.end ?? 0;
  const holders = new Set<number>();
  for (let i = Math.max(index, 0); i < document.revisions.length; i++) {
    const view = document.atRevision(i);
    for (const [num, entry] of document.revisions[i]!.objects) {
      if (entry.kind !== "offset" || entry.offset < from || entry.offset >= hole.start) continue;
      const extent = objectExtent(view, num, entry);
      if (extent && extent.start < hole.start && extent.end > hole.start) holders.add(extent.start);
    }
  }
  return holders.size > 1;
}

function judgeEnd(document: PdfDocument, signature: PdfSignature, end: number): SignatureCoverage {
  const { bytes, revisions } = document;
  const size = bytes.length;
  const last = revisions.length - 1;
  const unclear = (reason: string): SignatureCoverage => ({ level: "unclear", revision: null, end, reasons: [reason] });
  if (end === size) {
    // Of a repaired file nobody knows which objects the signer saw; but nothing came after.
    const newest = revisions[last]!;
    if (!document.repaired && !newest.confirmed) return unclear("startxref-leads-elsewhere");
    return { level: "whole-file", revision: last, end, reasons: [] };
  }
  if (document.repaired) return unclear("cross-reference-damaged");
  for (let i = last; i >= signature.revision; i--) {
    const revision = revisions[i]!;
    if (end < revision.end || end > revision.endOfLine) continue;
    if (document.anomalies.has("revisions-out-of-order")) return unclear("revisions-out-of-order");
    if (!revision.confirmed) return unclear("startxref-leads-elsewhere");
    const reasons =
      i < last
        ? ["later-revisions"]
        : [onlyWhiteSpace(bytes, end, size) ? "end-of-line-after-end" : "octets-after-last-revision"];
    return { level: "earlier-revision", revision: i, end, reasons };
  }
  return { level: "partial", revision: null, end, reasons: ["ends-inside-a-revision"] };
}

/** The signed octets, as views into the file, for the digest; null when the ByteRange does not lie in the file. */
export function signedRanges(document: PdfDocument, signature: PdfSignature): [Uint8Array, Uint8Array] | null {
  if (!signature.byteRange) return null;
  const [first, firstLength, second, secondLength] = signature.byteRange;
  const size = document.bytes.length;
  if (first + firstLength > size || second + secondLength > size) return null;
  return [document.bytes.subarray(first, first + firstLength), document.bytes.subarray(second, second + secondLength)];
}
