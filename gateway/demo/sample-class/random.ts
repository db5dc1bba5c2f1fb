/** A repeatable source of choices: the same seed gives the same class on every machine. Not for keys. */
export interface SeededRandom {
  /** In [0, 1). */
  next(): number;
  /** Whole number, both ends included. */
  integer(low: number, high: number): number;
  pick<T>(items: readonly T[]): T;
  /** Roughly normal, mean 0, standard deviation 1, never beyond ±3. */
  normal(): number;
  /** An independent source, so that a change in one part of the data leaves the others as they were. */
  fork(label: string): SeededRandom;
}

/** FNV-1a over the text, then mulberry32: small, public domain, equal on every engine. */
export function seededRandom(seed: string): SeededRandom {
  let state = 0x811c9dc5;
  for (let i = 0; i < seed.length; i++) state = Math.imul(state ^ seed.charCodeAt(i), 0x01000193);

  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  return {
    next,
    integer: (low, high) => low + Math.floor(next() * (high - low + 1)),
    pick: (items) => {
      const item = items[Math.floor(next() * items.length)];
      if (item === undefined) throw new RangeError("nothing to pick from");
      return item;
    },
    normal: () => {
      let sum = 0;
      for (let i = 0; i < 6; i++) sum += next();
      return Math.max(-3, Math.min(3, (sum - 3) * Math.SQRT2));
    },
    fork: (label) => seededRandom(`${seed}/${label}`),
  };
}
