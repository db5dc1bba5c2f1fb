import { GatewayError } from "../errors.ts";

/**
 * Places for answers that stay open for hours. Each asks the ledger again and again: a caller who opens them by the thousand
 * would leave nothing for the others.
 */
export class StreamPlaces {
  readonly #perSchool: number;
  readonly #total: number;
  readonly #taken = new Map<string, number>();
  #all = 0;

  constructor(limits: { perSchool: number; total: number }) {
    this.#perSchool = limits.perSchool;
    this.#total = limits.total;
  }

  /** Takes a place; the function given back leaves it. @throws GatewayError AT_CAPACITY */
  enter(school: string): () => void {
    const taken = this.#taken.get(school) ?? 0;
    if (taken >= this.#perSchool || this.#all >= this.#total) {
      throw new GatewayError("AT_CAPACITY", "too many streams of events are open", { retryable: true });
    }
    this.#taken.set(school, taken + 1);
    this.#all++;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#all--;
      const rest = this.#taken.get(school)! - 1;
      if (rest === 0) this.#taken.delete(school);
      else this.#taken.set(school, rest);
    };
  }
}
