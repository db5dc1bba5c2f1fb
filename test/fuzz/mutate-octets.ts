import type { Random } from "./random.ts";

const INTERESTING = [0x00, 0x01, 0x02, 0x05, 0x06, 0x30, 0x31, 0x7f, 0x80, 0x84, 0x88, 0xa0, 0xa3, 0xfe, 0xff];

/** Octets changed, cut out, doubled, moved, or the end gone: no knowledge of what they mean. */
export function mutateOctets(bytes: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  if (bytes.length === 0) return Uint8Array.of(random.below(256));
  const at = random.below(bytes.length);
  const length = 1 + random.below(random.pick([2, 16, 300, 5000]));
  switch (random.below(8)) {
    case 0: {
      const out = bytes.slice();
      out[at] = out[at]! ^ (1 << random.below(8));
      return out;
    }
    case 1: {
      const out = bytes.slice();
      for (let n = 1 + random.below(4); n > 0; n--) out[random.below(out.length)] = random.pick(INTERESTING);
      return out;
    }
    case 2:
      return bytes.slice(0, at);
    case 3:
      return join(bytes.subarray(0, at), bytes.subarray(at + length));
    case 4: {
      const copies = 1 + random.below(random.pick([2, 2, 60]));
      const piece = bytes.subarray(at, at + length);
      return join(bytes.subarray(0, at), ...Array.from({ length: copies }, () => piece), bytes.subarray(at));
    }
    case 5: {
      const from = random.below(other.length + 1);
      return join(bytes.subarray(0, at), other.subarray(from, from + length), bytes.subarray(at + length));
    }
    case 6: {
      const from = random.below(bytes.length);
      return join(bytes.subarray(0, at), bytes.subarray(from, from + length), bytes.subarray(at));
    }
    default: {
      const noise = Uint8Array.from({ length: Math.min(length, 64) }, () => random.below(256));
      return join(bytes.subarray(0, at), noise, bytes.subarray(at));
    }
  }
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
