/**
 * AES (FIPS 197) in CBC mode, for reading encrypted files with public passwords only: tables and branches are not hidden from
 * timing, as there is no secret.
 */
const SBOX = new Uint8Array(256);
const INVERSE = new Uint8Array(256);

const double = (x: number): number => ((x << 1) ^ (x & 0x80 ? 0x11b : 0)) & 0xff;

(function fill(): void {
  let p = 1;
  let q = 1;
  do {
    p = (p ^ double(p)) & 0xff;
    q ^= q << 1;
    q ^= q << 2;
    q ^= q << 4;
    q = (q ^ (q & 0x80 ? 0x09 : 0)) & 0xff;
    const rotated = q ^ rotate(q, 1) ^ rotate(q, 2) ^ rotate(q, 3) ^ rotate(q, 4);
    SBOX[p] = rotated ^ 0x63;
  } while (p !== 1);
  SBOX[0] = 0x63;
  SBOX.forEach((s, i) => {
    INVERSE[s] = i;
  });
})();

function rotate(x: number, n: number): number {
  return ((x << n) | (x >> (8 - n))) & 0xff;
}

/** For each octet its InvMixColumns column as one word, and the same turned by one, two and three octets. */
const COLUMNS = [0, 8, 16, 24].map((turn) =>
  Uint32Array.from({ length: 256 }, (_, s) => {
    const x = INVERSE[s]!;
    const [x2, x4, x8] = [double(x), double(double(x)), double(double(double(x)))];
    const word = (((x8 ^ x4 ^ x2) << 24) | ((x8 ^ x) << 16) | ((x8 ^ x4 ^ x) << 8) | (x8 ^ x2 ^ x)) >>> 0;
    return turn === 0 ? word : ((word >>> turn) | (word << (32 - turn))) >>> 0;
  }),
) as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];

function expand(key: Uint8Array): Uint8Array {
  const words = key.length / 4;
  const total = 4 * (words + 7);
  const out = new Uint8Array(total * 4);
  out.set(key);
  let constant = 1;
  for (let i = words; i < total; i++) {
    let [a, b, c, d] = out.subarray(i * 4 - 4, i * 4) as unknown as [number, number, number, number];
    if (i % words === 0) {
      [a, b, c, d] = [SBOX[b]! ^ constant, SBOX[c]!, SBOX[d]!, SBOX[a]!];
      constant = double(constant);
    } else if (words > 6 && i % words === 4) [a, b, c, d] = [SBOX[a]!, SBOX[b]!, SBOX[c]!, SBOX[d]!];
    const from = (i - words) * 4;
    out.set([out[from]! ^ a, out[from + 1]! ^ b, out[from + 2]! ^ c, out[from + 3]! ^ d], i * 4);
  }
  return out;
}

function addKey(state: Uint8Array, keys: Uint8Array, round: number): void {
  for (let i = 0; i < 16; i++) state[i] = state[i]! ^ keys[round * 16 + i]!;
}

function encryptBlock(state: Uint8Array, keys: Uint8Array, rounds: number): void {
  const t = new Uint8Array(16);
  addKey(state, keys, 0);
  for (let round = 1; round <= rounds; round++) {
    for (let i = 0; i < 16; i++) t[i] = SBOX[state[(i + 4 * (i % 4)) % 16]!]!;
    if (round === rounds) state.set(t);
    else {
      for (let c = 0; c < 16; c += 4) {
        const all = t[c]! ^ t[c + 1]! ^ t[c + 2]! ^ t[c + 3]!;
        for (let r = 0; r < 4; r++) state[c + r] = t[c + r]! ^ all ^ double(t[c + r]! ^ t[c + ((r + 1) % 4)]!);
      }
    }
    addKey(state, keys, round);
  }
}

/** Round keys of the equivalent inverse cipher (FIPS 197 §5.3.5), as words, in the order they are used. */
function inverseKeys(key: Uint8Array): Uint32Array {
  const bytes = expand(key);
  const words = new Uint32Array(bytes.length / 4);
  const last = words.length - 4;
  for (let i = 0; i < words.length; i++) {
    const from = (last - (i & ~3) + (i & 3)) * 4;
    const [a, b, c, d] = bytes.subarray(from, from + 4) as unknown as [number, number, number, number];
    words[i] =
      i < 4 || i >= last
        ? (a << 24) | (b << 16) | (c << 8) | d
        : COLUMNS[0][SBOX[a]!]! ^ COLUMNS[1][SBOX[b]!]! ^ COLUMNS[2][SBOX[c]!]! ^ COLUMNS[3][SBOX[d]!]!;
  }
  return words;
}

/** CBC without padding; `data` is whole blocks, the rest is left out. */
export function aesCbcDecrypt(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  const keys = inverseKeys(key);
  const end = keys.length - 4;
  const [t0, t1, t2, t3] = COLUMNS;
  const out = new Uint8Array(data.length & ~15);
  const word = (from: Uint8Array, at: number): number =>
    (from[at]! << 24) | (from[at + 1]! << 16) | (from[at + 2]! << 8) | from[at + 3]!;
  const finish = (at: number, w: number, x: number, y: number, z: number, k: number, previous: number): void => {
    const plain =
      ((INVERSE[w >>> 24]! << 24) |
        (INVERSE[(x >>> 16) & 255]! << 16) |
        (INVERSE[(y >>> 8) & 255]! << 8) |
        INVERSE[z & 255]!) ^
      k ^
      previous;
    out[at] = plain >>> 24;
    out[at + 1] = plain >>> 16;
    out[at + 2] = plain >>> 8;
    out[at + 3] = plain;
  };
  let [p0, p1, p2, p3] = [word(iv, 0), word(iv, 4), word(iv, 8), word(iv, 12)];
  for (let at = 0; at < out.length; at += 16) {
    const [c0, c1, c2, c3] = [word(data, at), word(data, at + 4), word(data, at + 8), word(data, at + 12)];
    let [a, b, c, d] = [c0 ^ keys[0]!, c1 ^ keys[1]!, c2 ^ keys[2]!, c3 ^ keys[3]!];
    for (let k = 4; k < end; k += 4) {
      const e = t0[a >>> 24]! ^ t1[(d >>> 16) & 255]! ^ t2[(c >>> 8) & 255]! ^ t3[b & 255]! ^ keys[k]!;
      const f = t0[b >>> 24]! ^ t1[(a >>> 16) & 255]! ^ t2[(d >>> 8) & 255]! ^ t3[c & 255]! ^ keys[k + 1]!;
      const g = t0[c >>> 24]! ^ t1[(b >>> 16) & 255]! ^ t2[(a >>> 8) & 255]! ^ t3[d & 255]! ^ keys[k + 2]!;
      const h = t0[d >>> 24]! ^ t1[(c >>> 16) & 255]! ^ t2[(b >>> 8) & 255]! ^ t3[a & 255]! ^ keys[k + 3]!;
      [a, b, c, d] = [e, f, g, h];
    }
    finish(at, a, d, c, b, keys[end]!, p0);
    finish(at + 4, b, a, d, c, keys[end + 1]!, p1);
    finish(at + 8, c, b, a, d, keys[end + 2]!, p2);
    finish(at + 12, d, c, b, a, keys[end + 3]!, p3);
    [p0, p1, p2, p3] = [c0, c1, c2, c3];
  }
  return out;
}

/** CBC without padding over whole blocks. */
export function aesCbcEncrypt(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  const keys = expand(key);
  const rounds = key.length / 4 + 6;
  const out = new Uint8Array(data.length & ~15);
  // A copy: slice of a Buffer would be a view.
  const block = new Uint8Array(iv.subarray(0, 16));
  for (let at = 0; at < out.length; at += 16) {
    for (let i = 0; i < 16; i++) block[i] = block[i]! ^ data[at + i]!;
    encryptBlock(block, keys, rounds);
    out.set(block, at);
  }
  return out;
}
