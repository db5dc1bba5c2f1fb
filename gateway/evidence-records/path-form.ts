import { octetString, readOctetString, readWhole, sequence } from "@hocba/certs/der";
import type { Path } from "./record-book.ts";

/** A path as it is kept: the reducedHashtree of RFC 4998 §3.1 in DER, empty for none. */
export function encodePath(path: Path): Uint8Array {
  return path === null ? new Uint8Array(0) : sequence(...path.map((list) => sequence(...list.map(octetString))));
}

/** @throws CertsError DER_MALFORMED for what `encodePath` did not write */
export function decodePath(octets: Uint8Array): Path {
  if (octets.length === 0) return null;
  return readWhole(octets)
    .children()
    .map((list) => list.children().map((value) => readOctetString(value)));
}
