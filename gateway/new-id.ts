import { randomBytes } from "node:crypto";

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/** `prefix_` and 26 characters: 48 bits of time, so that ids sort by age, and 80 random bits, so that nobody guesses one. */
export function newId(prefix: string, now: number, random: (size: number) => Uint8Array = randomBytes): string {
  let time = "";
  for (let rest = now, i = 0; i < 10; i++) {
    time = alphabet[rest % 32] + time;
    rest = Math.floor(rest / 32);
  }
  let tail = "";
  // 16 of 16 octets used, 5 bits each: no bias, since 256 is a multiple of 32.
  for (const octet of random(16)) tail += alphabet[octet & 31];
  return `${prefix}_${time}${tail}`;
}
