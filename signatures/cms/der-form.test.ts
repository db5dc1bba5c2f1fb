import { type Element, readElement } from "@hocba/certs/der";
import { describe, expect, it } from "vitest";
import { derForm, isDerForm } from "./der-form.ts";

/** Small reproducible randomness. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A random element in BER: sets out of order, long lengths, indefinite lengths, octet strings in pieces among them. */
function randomBer(next: (below: number) => number, depth = 0): number[] {
  const kind = next(depth > 4 ? 3 : 8);
  if (kind < 3)
    return wrap(
      [0x02, 0x04, 0x0c][kind]!,
      Array.from({ length: next(6) * next(40) }, () => next(256)),
      next,
    );
  const parts = Array.from({ length: next(4) }, () => randomBer(next, depth + 1)).flat();
  return wrap([0x31, 0x31, 0x30, 0xa0, next(6) === 0 ? 0x24 : 0x30][kind - 3]!, parts, next);
}

function wrap(tag: number, content: number[], next: (below: number) => number): number[] {
  const { length } = content;
  const oddity = next(40);
  if (oddity === 0 && tag & 0x20) return [tag, 0x80, ...content, 0, 0];
  if (oddity === 1 && length < 0x80) return [tag, 0x81, length, ...content];
  if (oddity === 2) return [tag, 0x83, 0, length >> 8, length & 0xff, ...content];
  if (length < 0x80) return [tag, length, ...content];
  return length < 0x100 ? [tag, 0x81, length, ...content] : [tag, 0x82, length >> 8, length & 0xff, ...content];
}

const asDer = (e: Element): Uint8Array | null => {
  try {
    return derForm(e);
  } catch {
    return null;
  }
};

describe("the DER form of a BER value", () => {
  it("is recognised without being built, and never in what it would change", () => {
    const next = generator(20_251);
    let recognised = 0;
    let refused = 0;
    for (let i = 0; i < 30_000; i++) {
      const octets = Uint8Array.from(randomBer(next));
      if (i % 3 === 0 && octets.length > 0) octets[next(octets.length)] = next(256);
      let element: Element;
      try {
        element = readElement(octets, 0, { ber: true });
      } catch {
        continue;
      }
      const canonical = asDer(element);
      const same = canonical !== null && Buffer.compare(canonical, element.raw) === 0;
      const told = isDerForm(octets, element.start, element.end);
      if (told) expect(same).toBe(true);
      // What is in order is recognised too, save for lengths no such structure has.
      if (same) expect(told).toBe(true);
      if (told) recognised++;
      else refused++;
    }
    expect(recognised).toBeGreaterThan(5000);
    expect(refused).toBeGreaterThan(1000);
  });

  it("is not claimed for octets that end early", () => {
    for (const octets of [[0x30], [0x30, 0x03, 0x02, 0x01], [0x31, 0x82, 0x01], [0x30, 0x03, 0x02, 0x00, 0x05]]) {
      expect(isDerForm(Uint8Array.from(octets), 0, octets.length)).toBe(false);
    }
  });
});
