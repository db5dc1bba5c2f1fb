/** Control characters, C1 among them, and those that turn the direction of text or end a line. */
const UNPRINTABLE =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/**
 * Text of strangers for one line of a terminal: a file's name or a signer's could else clear the screen, draw a tick of its own, or
 * read backwards. What cannot be printed stands as `\u001b`.
 */
export const printable = (text: string): string => text.replaceAll(UNPRINTABLE, escaped);

/** JSON in one line for any reader of lines, and harmless when a terminal shows it; it parses to the same value. */
export const jsonLine = (value: unknown): string => `${printable(JSON.stringify(value))}\n`;
