/** What is smaller goes by without being counted: as many as may be in work at once take little. */
const LARGE = 1024 * 1024;

interface Waiting {
  readonly octets: number;
  begin(): void;
}

/**
 * How many octets of large documents a process holds at once: what has no room waits for its turn. First come, first served, so that
 * nothing waits for ever behind smaller ones; what is larger than the whole budget gets it when nobody else has any.
 */
export class ByteBudget {
  readonly #limit: number;
  readonly #line: Waiting[] = [];
  #used = 0;

  /** @param limit octets */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Calls `work` when there is room for so many octets, which it has until it ends. `waited`: others came first. */
  async within<T>(octets: number, work: (waited: boolean) => Promise<T>): Promise<T> {
    if (octets <= LARGE) return work(false);
    const waited = this.#line.length > 0 || !this.#hasRoom(octets);
    if (waited) await new Promise<void>((begin) => this.#line.push({ octets, begin }));
    else this.#used += octets;
    try {
      return await work(waited);
    } finally {
      this.#used -= octets;
      this.#next();
    }
  }

  /** How many of those that wait would come before so many octets. */
  ahead(octets: number): number {
    return octets <= LARGE ? 0 : this.#line.length;
  }

  /** Octets that are held now. */
  get used(): number {
    return this.#used;
  }

  #hasRoom(octets: number): boolean {
    return this.#used === 0 || this.#used + octets <= this.#limit;
  }

  #next(): void {
    for (let first = this.#line[0]; first !== undefined && this.#hasRoom(first.octets); first = this.#line[0]) {
      this.#line.shift();
      // Taken here, not where it goes on: nobody may come in between.
      this.#used += first.octets;
      first.begin();
    }
  }
}
