import { LruCache } from "@hocba/certs/crypto";
import { type FoundText, findTexts, type PdfPage, type PdfView } from "@hocba/signatures/pdf";
import type { Profile } from "@hocba/signatures/profiles";

/** Where `text` stands on a page; `index` as the profile names the page. @throws SignaturesError PDF_LIMIT */
export type TextFinder = (view: PdfView, page: PdfPage, index: number, text: string) => readonly FoundText[];

/** Documents whose texts are kept: those in work at once, several times over. */
const KEPT = 512;

/**
 * Finds the texts that a profile's places go by, reading each page of a document once for all its steps: signatures are annotations and
 * change no text of a page, so what was found for the first holds for the later ones. Found for another text, page or document, nothing
 * is taken over.
 */
export class FoundTexts {
  readonly #found = new LruCache<string, Map<string, readonly FoundText[]>>(KEPT);

  /** `original`: the digest of the document as it came. */
  finder(original: string, profile: Profile): TextFinder {
    const id = `${profile.name}/${original}`;
    return (view, page, index, text) => {
      let known = this.#found.get(id);
      if (known === undefined) {
        known = new Map();
        this.#found.set(id, known);
      }
      const found = known.get(`${index}/${text}`);
      if (found !== undefined) return found;
      const wanted = [...new Set([text, ...textsOn(profile, index)])];
      for (const [i, each] of findTexts(view, page, wanted).entries()) known.set(`${index}/${wanted[i]}`, each);
      return known.get(`${index}/${text}`)!;
    };
  }
}

/** Texts that places of the profile are found by on this page. */
function textsOn(profile: Profile, index: number): string[] {
  const places = [
    ...(profile.pdf?.lookup?.places ?? []),
    ...profile.steps.flatMap((step) => step.pdf?.appearance?.places ?? []),
  ];
  return places.flatMap((place) => (place.by === "anchor" && indexOf(place.page) === index ? [place.text] : []));
}

/** Pages are named from 1, or from the end by negative numbers; `pageAt` counts from 0. */
export const indexOf = (page: number): number => (page > 0 ? page - 1 : page);
