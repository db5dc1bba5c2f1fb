import { GatewayError } from "../errors.ts";

/** Crockford's letters: no I, L, O, U, which people take for 1, 1, 0 and V. */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/** 12 letters of 5 bits out of the digest: too many to try, few enough to type. */
const DIGITS = 12;
/** The largest prime below 32²: a wrong letter, or two neighbours exchanged, never keep the remainder. */
const MODULUS = 1021n;

/**
 * The code by which people find a document: the first 60 bits of the SHA-256 of the file as it was sent in, and two check
 * letters, as `K7QH-2M9D-XW0E-5T`. It follows from the file, so it needs no table of its own, and says nothing about the pupil.
 * @param sha256 lower-case hexadecimal
 */
export function lookupCode(sha256: string): string {
  const number = BigInt(`0x${sha256.slice(0, 15)}`);
  // The whole number, check included, leaves remainder 1.
  const shifted = number << 10n;
  const check = (MODULUS + 1n - (shifted % MODULUS)) % MODULUS;
  const letters = inLetters(shifted + check, DIGITS + 2);
  return letters.replace(/(.{4})(?=.)/g, "$1-");
}

/**
 * The first 15 hexadecimal digits of the SHA-256 that a code stands for. Letter case, spaces and hyphens do not count, and O
 * is read as 0, I and L as 1. @throws GatewayError REQUEST_INVALID: mistyped
 */
export function readLookupCode(typed: string): string {
  const letters = typed.slice(0, 100).toUpperCase().replace(/[\s-]/g, "").replaceAll("O", "0").replace(/[IL]/g, "1");
  let number = 0n;
  for (const letter of letters) {
    const value = alphabet.indexOf(letter);
    if (value < 0) throw mistyped();
    number = number * 32n + BigInt(value);
  }
  if (letters.length !== DIGITS + 2 || number % MODULUS !== 1n) throw mistyped();
  return (number >> 10n).toString(16).padStart(15, "0");
}

function inLetters(number: bigint, length: number): string {
  let text = "";
  for (let rest = number; text.length < length; rest /= 32n) text = alphabet[Number(rest % 32n)] + text;
  return text;
}

const mistyped = () => new GatewayError("REQUEST_INVALID", "the lookup code is mistyped");
