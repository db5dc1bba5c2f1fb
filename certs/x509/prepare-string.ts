/** Code points RFC 4518 §2.2 maps to nothing: controls other than white space, soft hyphen, joiners, variation selectors. */
const MAPPED_TO_NOTHING =
  /\u034f|[\u180b-\u180d]|[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u06dd\u070f\u1806\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2063\u206a-\u206f\ufeff\ufff9-\ufffc]|[\ufe00-\ufe0f]/gu;
const WHITE_SPACE = /[\s\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/gu;
const PLAIN = /^[a-z0-9.,:;@()'/+=?-]*$/;

/**
 * The form in which two attribute values are compared (RFC 5280 §7.1, RFC 4518): normalised (NFKC), case-folded, white
 * space trimmed and runs of it made one. The string type does not matter, only the characters do.
 */
export function prepareString(text: string): string {
  if (PLAIN.test(text)) return text;
  // Folding before and after normalisation: NFKC of a folded letter may itself hold letters to fold (RFC 3454 §B.2).
  const folded = fold(fold(text.replace(MAPPED_TO_NOTHING, "").normalize("NFKC")).normalize("NFKC"));
  return folded.replace(WHITE_SPACE, " ").trim();
}

/** Case folding of Unicode as far as JavaScript's lower-casing differs from it: final sigma, sharp s. */
const fold = (text: string): string => text.toLowerCase().replaceAll("ς", "σ").replaceAll("ß", "ss");
