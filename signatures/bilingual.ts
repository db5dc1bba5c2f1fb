/** A text for people: Vietnamese first. */
export interface Bilingual {
  readonly vi: string;
  readonly en: string;
}
