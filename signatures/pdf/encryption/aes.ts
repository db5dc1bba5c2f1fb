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

const MULTIPLY = [9, 11, 13, 14].map((factor) =>
  Uint8Array.from({ length: 256 }, (_, x) => {
    let out = 0;
    for (let f = factor, y = x; f; f >>= 1, y = double(y)) if (f & 1) out ^= y;
    return out;
  }),
) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];

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

function decryptBlock(state: Uint8Array, keys: Uint8Array, rounds: number): void {
  const t = new Uint8Array(16);
  const [by9, by11, by13, by14] = MULTIPLY;
  addKey(state, keys, rounds);
  for (let round = rounds - 1; round >= 0; round--) {
    for (let i = 0; i < 16; i++) t[(i + 4 * (i % 4)) % 16] = INVERSE[state[i]!]!;
    addKey(t, keys, round);
    if (round === 0) state.set(t);
    else {
      for (let c = 0; c < 16; c += 4) {
        for (let r = 0; r < 4; r++) {
          const at = (k: number) => t[c + ((r + k) % 4)]!;
          state[c + r] = by14[at(0)]! ^ by11[at(1)]! ^ by13[at(2)]! ^ by9[at(3)]!;
        }
      }
    }
  }
}

/** CBC without padding; `data` is whole blocks, the rest is left out. */
export function aesCbcDecrypt(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  const keys = expand(key);
  const rounds = key.length / 4 + 6;
  const out = new Uint8Array(data.length & ~15);
  const block = new Uint8Array(16);
  let previous = iv;
  for (let at = 0; at < out.length; at += 16) {
    const cipher = data.subarray(at, at + 16);
    block.set(cipher);
    decryptBlock(block, keys, rounds);
    for (let i = 0; i < 16; i++) out[at + i] = block[i]! ^ previous[i]!;
    previous = cipher;
  }
  return out;
}

/** CBC without padding over whole blocks. */
export function aesCbcEncrypt(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  const keys = expand(key);
  const rounds = key.length / 4 + 6;
  const out = new Uint8Array(data.length & ~15);
  const block = iv.slice(0, 16);
  for (let at = 0; at < out.length; at += 16) {
    for (let i = 0; i < 16; i++) block[i] = block[i]! ^ data[at + i]!;
    encryptBlock(block, keys, rounds);
    out.set(block, at);
  }
  return out;
}
