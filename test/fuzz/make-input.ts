import { mutateDer } from "./mutate-der.ts";
import { mutateOctets } from "./mutate-octets.ts";
import { mutatePdf } from "./mutate-pdf.ts";
import { mutateXml } from "./mutate-xml.ts";
import { random } from "./random.ts";
import type { SeedKind } from "./targets.ts";

export interface Seed {
  readonly name: string;
  readonly kind: SeedKind;
  readonly bytes: Uint8Array;
  readonly detached: Uint8Array | null;
}

/** Documents come oftener than single objects: there is more to them. */
const SHARES: readonly SeedKind[] = ["pdf", "pdf", "pdf", "xml", "xml", "cms", "object"];

/** Mutants grow with each round; what is larger is mutated no further. */
const LARGEST = 1 << 20;

const MUTATORS = { pdf: mutatePdf, xml: mutateXml, cms: mutateDer, object: mutateDer } as const;

/** The mutant with this number: the same for the same seeds, seed number and index. */
export function makeInput(
  seeds: ReadonlyMap<SeedKind, readonly Seed[]>,
  seedNumber: number,
  index: number,
): { seed: Seed; input: Uint8Array } {
  const choice = random(seedNumber, index);
  const kinds = SHARES.filter((kind) => seeds.get(kind)?.length);
  const ofKind = seeds.get(choice.pick(kinds))!;
  const seed = choice.pick(ofKind);
  const other = choice.pick(ofKind).bytes;
  let input = seed.bytes;
  for (let n = choice.pick([1, 1, 1, 2, 3, 8]); n > 0 && input.length < LARGEST; n--) {
    const mutate = choice.chance(0.25) ? mutateOctets : MUTATORS[seed.kind];
    input = mutate(input, choice, other);
  }
  return { seed, input };
}
