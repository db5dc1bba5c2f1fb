import { LruCache } from "@hocba/certs/crypto";
import type { PathCache } from "@hocba/certs/path";
import type { CertificateValidation } from "./x509-validation.ts";

/** Everything the validation of a certificate rests on. Equal inputs, by identity and in the same order, have equal answers. */
export interface ValidationInputs {
  /** Parsed and immutable: certificate, policy, provider, anchors, certificates, CRLs, OCSP responses, in lists that are told apart. */
  readonly objects: readonly (readonly object[])[];
  /** Instants and other plain values. */
  readonly values: readonly (string | number)[];
}

const MAX_ANSWERS = 1000;
/** With more objects at hand than this, the question is hardly ever asked twice. */
const MAX_OBJECTS = 64;

const numbers = new WeakMap<object, number>();
let last = 0;

/** A number that stands for the object and for no other, ever. */
function numberOf(object: object): number {
  let number = numbers.get(object);
  if (number === undefined) {
    number = ++last;
    numbers.set(object, number);
  }
  return number;
}

const memos = new WeakMap<PathCache, LruCache<string, CertificateValidation>>();

/**
 * The answer of `validate`, kept with the cache for the next document of the same signer: a batch is verified as of one instant,
 * with the same anchors and evidence. Nothing of a document enters but the parsed certificates themselves, which
 * the cache shares by content; so no document can change another's answer.
 */
export function rememberValidation(
  cache: PathCache,
  inputs: ValidationInputs,
  validate: () => CertificateValidation,
): CertificateValidation {
  const count = inputs.objects.reduce((n, list) => n + list.length, 0);
  if (count > MAX_OBJECTS) return validate();
  let answers = memos.get(cache);
  if (!answers) {
    answers = new LruCache(MAX_ANSWERS);
    memos.set(cache, answers);
  }
  let key = inputs.values.join(",");
  for (const list of inputs.objects) {
    key += "|";
    for (const object of list) key += `${numberOf(object)},`;
  }
  const known = answers.get(key);
  if (known) return known;
  const answer = validate();
  answers.set(key, answer);
  return answer;
}
