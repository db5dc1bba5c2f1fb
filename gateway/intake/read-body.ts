import { GatewayError } from "../errors.ts";

/** Octets of bodies in memory, over all requests: what does not fit is told to come again, not kept waiting. */
export class BodyBudget {
  readonly #limit: number;
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws GatewayError AT_CAPACITY */
  take(octets: number): void {
    if (this.#used + octets > this.#limit) {
      throw new GatewayError("AT_CAPACITY", "too much is being received at once", { retryable: true });
    }
    this.#used += octets;
  }

  give(octets: number): void {
    this.#used -= octets;
  }

  get used(): number {
    return this.#used;
  }
}

/**
 * A body that is announced to be no longer is awaited as one piece, which spares the streams between socket and reader. What it takes of
 * the budget it takes before it has come: it must be little.
 */
const AT_ONCE = 256 * 1024;

/**
 * Reads a body whole, stopping as soon as it is longer than `limit`, whatever its headers say. `release` gives its share
 * of the budget back. @throws GatewayError BODY_TOO_LARGE, BODY_EMPTY, AT_CAPACITY, REQUEST_INVALID when it breaks off
 */
export async function readBody(
  request: Request,
  limit: number,
  budget: BodyBudget,
): Promise<{ bytes: Uint8Array; release: () => void }> {
  const header = request.headers.get("content-length");
  const announced = header === null ? null : Number(header);
  if (announced !== null && announced > limit) throw tooLarge(limit);
  let held = 0;
  const release = () => {
    budget.give(held);
    held = 0;
  };
  try {
    if (announced !== null && announced > 0 && announced <= AT_ONCE) {
      budget.take(announced);
      held = announced;
      const bytes = new Uint8Array(await request.arrayBuffer());
      // Over a socket the parser sees to it; a request made in this process may say anything.
      if (bytes.length > limit) throw tooLarge(limit);
      if (bytes.length === 0) throw new GatewayError("BODY_EMPTY", "the body is empty");
      return { bytes, release };
    }
    const parts: Uint8Array[] = [];
    for await (const part of chunksOf(request)) {
      if (held + part.length > limit) throw tooLarge(limit);
      budget.take(part.length);
      held += part.length;
      parts.push(part);
    }
    if (held === 0) throw new GatewayError("BODY_EMPTY", "the body is empty");
    return { bytes: parts.length === 1 ? parts[0]! : Buffer.concat(parts), release };
  } catch (error) {
    release();
    if (error instanceof GatewayError) throw error;
    throw new GatewayError("REQUEST_INVALID", "the body broke off", { retryable: true, cause: error });
  }
}

export async function* chunksOf(request: Request): AsyncGenerator<Uint8Array> {
  if (request.body === null) return;
  const reader = request.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Tells the sender to stop when we have seen enough.
    reader.cancel().catch(() => {});
  }
}

function tooLarge(limit: number): GatewayError {
  return new GatewayError("BODY_TOO_LARGE", `the body is longer than ${limit} octets`, { details: { limit } });
}
