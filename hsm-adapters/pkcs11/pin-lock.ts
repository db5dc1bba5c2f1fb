import { randomBytes, scryptSync, timingSafeEqual } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SignerError } from "../signer.ts";

/** What stands in the marker: whether the try ended in a refusal, a keyed hash of what was tried, and when. */
interface Marker {
  readonly state: "trying" | "refused";
  readonly hash: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/** What a login would try: the PIN and everything that says on which token. */
export interface PinAttempt {
  readonly pin: string;
  readonly module: string;
  readonly serial: string;
}

const HASH_OCTETS = 32;

/**
 * Remembers that a token refused a PIN, beyond the life of the process: tokens lock after a few wrong tries, and a
 * service that restarts itself would use them all up. The marker is written before C_Login is called, so that a
 * process killed in the call leaves a trace too.
 *
 * The directory holds `pin-lock.key` (random, 0600) and `pin-lock.NAME.json` (0600). The hash is scrypt with that key as
 * salt over PIN, module and serial number: another PIN or another token is another hash, and thus free to be tried.
 */
export class PinLock {
  readonly #directory: string | null;
  readonly #name: string;
  readonly #now: () => number;
  #memory: Marker | null = null;
  #key: Buffer | null = null;

  /** @param directory where markers live; null keeps them in this process only, which no service should do */
  constructor(directory: string | null, name: string, now: () => number) {
    this.#directory = directory;
    this.#name = name;
    this.#now = now;
  }

  /**
   * What is known of this very attempt: "free", "refused", or "interrupted" when an earlier process began it and
   * never wrote down how it ended. @throws SignerError CONFIG_INVALID when the marker cannot be read
   */
  state(attempt: PinAttempt): { state: "free" | "interrupted" | "refused"; at: string | null } {
    const marker = this.#read();
    if (marker === null) return { state: "free", at: null };
    const known = Buffer.from(marker.hash, "hex");
    const same = known.length === HASH_OCTETS && timingSafeEqual(known, this.#hash(attempt));
    if (!same) return { state: "free", at: null };
    return { state: marker.state === "refused" ? "refused" : "interrupted", at: marker.at };
  }

  /** To be called before C_Login. @throws SignerError CONFIG_INVALID: then C_Login must not be called */
  begin(attempt: PinAttempt): void {
    this.#write({ state: "trying", hash: this.#hash(attempt).toString("hex"), at: this.#stamp() });
  }

  /** The token refused. */
  refuse(attempt: PinAttempt): void {
    this.#write({ state: "refused", hash: this.#hash(attempt).toString("hex"), at: this.#stamp() });
  }

  /** The token accepted, or an operator says to forget. True when there was something to forget. */
  clear(): boolean {
    const had = this.#memory !== null;
    this.#memory = null;
    if (this.#directory === null) return had;
    try {
      rmSync(this.#path());
      return true;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return had;
      throw this.#unusable(cause);
    }
  }

  #stamp(): string {
    return new Date(this.#now()).toISOString();
  }

  #path(): string {
    return join(this.#directory!, `pin-lock.${this.#name}.json`);
  }

  #hash(attempt: PinAttempt): Buffer {
    const text = JSON.stringify([attempt.pin, attempt.module, attempt.serial]);
    return scryptSync(text, this.#secret(), HASH_OCTETS);
  }

  #secret(): Buffer {
    if (this.#key) return this.#key;
    if (this.#directory === null) {
      this.#key = randomBytes(HASH_OCTETS);
      return this.#key;
    }
    const path = join(this.#directory, "pin-lock.key");
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      try {
        // "wx" fails if the file exists: of two processes that start together, both end up with the same key.
        writeFileSync(path, randomBytes(HASH_OCTETS), { flag: "wx", mode: 0o600 });
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
      }
      this.#key = readFileSync(path);
      return this.#key;
    } catch (cause) {
      throw this.#unusable(cause);
    }
  }

  #read(): Marker | null {
    if (this.#directory === null) return this.#memory;
    let text: string;
    try {
      text = readFileSync(this.#path(), "utf8");
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
      throw this.#unusable(cause);
    }
    try {
      const marker = JSON.parse(text) as Partial<Marker>;
      if ((marker.state === "trying" || marker.state === "refused") && typeof marker.hash === "string") {
        return { state: marker.state, hash: marker.hash, at: String(marker.at) };
      }
    } catch (cause) {
      throw this.#unusable(cause);
    }
    throw this.#unusable(new Error("not a marker"));
  }

  #write(marker: Marker): void {
    this.#memory = marker;
    if (this.#directory === null) return;
    try {
      const path = this.#path();
      const temporary = `${path}.${process.pid}`;
      writeFileSync(temporary, `${JSON.stringify(marker)}\n`, { mode: 0o600, flush: true });
      chmodSync(temporary, 0o600);
      renameSync(temporary, path);
    } catch (cause) {
      throw this.#unusable(cause);
    }
  }

  #unusable(cause: unknown): SignerError {
    return new SignerError("CONFIG_INVALID", `token ${this.#name}: the record of refused PINs cannot be used`, {
      details: { token: this.#name, directory: this.#directory, problem: (cause as Error).message },
      cause,
    });
  }
}
