/**
 * Memory for large octets that are looked at and forgotten. The same is used for the next ones as long as the collector has not
 * taken it: otherwise it would count twice until the collector comes round, which it does when it likes.
 */
export class Scratch {
  #last: WeakRef<ArrayBuffer> | null = null;

  /** Calls `look` with a place for `length` octets, full of anything. Nothing of it may be kept: others will write to it. */
  async borrow<T>(length: number, look: (place: Uint8Array) => Promise<T>): Promise<T> {
    const last = this.#last?.deref();
    // Whoever comes meanwhile gets another one.
    this.#last = null;
    const buffer = last !== undefined && last.byteLength >= length ? last : new ArrayBuffer(length);
    try {
      return await look(new Uint8Array(buffer, 0, length));
    } finally {
      this.#last = new WeakRef(buffer);
    }
  }
}
