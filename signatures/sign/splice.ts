/** Put `text` at an offset in place of some octets. */
export interface Splice {
  /** Offset in octets of the unchanged document. */
  at: number;
  /** Octets taken out there. */
  remove: number;
  text: string;
}

const encoder = new TextEncoder();

/** The octets with all splices made. The splices do not overlap. */
export function splice(bytes: Uint8Array, splices: readonly Splice[]): Uint8Array {
  const sorted = splices.map((s) => ({ ...s, bytes: encoder.encode(s.text) })).sort((a, b) => a.at - b.at);
  let length = bytes.length;
  for (const s of sorted) length += s.bytes.length - s.remove;
  const out = new Uint8Array(length);
  let from = 0;
  let to = 0;
  for (const s of sorted) {
    out.set(bytes.subarray(from, s.at), to);
    to += s.at - from;
    out.set(s.bytes, to);
    to += s.bytes.length;
    from = s.at + s.remove;
  }
  out.set(bytes.subarray(from), to);
  return out;
}

/** Offsets in octets of UTF-8 for ascending indices into a text of UTF-16 units, none inside a surrogate pair. */
export function utf8Offsets(text: string, indices: readonly number[]): number[] {
  const out: number[] = [];
  let octets = 0;
  let at = 0;
  for (const index of indices) {
    octets += encoder.encode(text.slice(at, index)).length;
    at = index;
    out.push(octets);
  }
  return out;
}
