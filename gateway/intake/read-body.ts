import { GatewayError } from "../errors.ts";
import type { BlobStore, ReceivedBlob } from "../store/index.ts";

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

/** A body as it was received: in memory, or, where it was large, outside of it. */
export interface Body {
  readonly content: Uint8Array | ReceivedBlob;
  /** Gives back what it holds of the budget or of the disk, unless it was kept. */
  release(): Promise<void>;
}

/** A body that is longer goes to the store as it comes: senders who take their time hold no memory. */
const LARGE = 1024 * 1024;

/**
 * Reads a body to its end, stopping as soon as it is longer than `limit`, whatever its headers say.
 * @param store takes what is long @throws GatewayError BODY_TOO_LARGE, BODY_EMPTY, AT_CAPACITY, STORE_*, REQUEST_INVALID when it breaks off
 */
export async function receiveBody(
  request: Request,
  limit: number,
  budget: BodyBudget,
  store: Pick<BlobStore, "receive">,
): Promise<Body> {
  const share = new Share(budget);
  try {
    const announced = announcedLength(request, limit);
    if (announced !== null && announced <= AT_ONCE) {
      return { content: await readAtOnce(request, announced, limit, share), release: async () => share.release() };
    }
    const pieces = bounded(request, limit);
    const first: Uint8Array[] = [];
    for (;;) {
      const { done, value } = await pieces.next();
      if (done) break;
      share.take(value.length);
      first.push(value);
      if (share.held <= LARGE) continue;
      const received = await store.receive(drained(first, pieces, share));
      return { content: received, release: () => received.drop() };
    }
    if (share.held === 0) throw new GatewayError("BODY_EMPTY", "the body is empty");
    return { content: first.length === 1 ? first[0]! : Buffer.concat(first), release: async () => share.release() };
  } catch (error) {
    share.release();
    throw error;
  }
}

/** What was collected, no longer held once it is passed on, and what follows. */
async function* drained(first: Uint8Array[], rest: AsyncIterable<Uint8Array>, share: Share) {
  yield* first.splice(0);
  share.release();
  yield* rest;
}

/**
 * Reads a body whole into memory, stopping as soon as it is longer than `limit`, whatever its headers say. `release` gives its share
 * of the budget back. @throws GatewayError BODY_TOO_LARGE, BODY_EMPTY, AT_CAPACITY, REQUEST_INVALID when it breaks off
 */
export async function readBody(
  request: Request,
  limit: number,
  budget: BodyBudget,
): Promise<{ bytes: Uint8Array; release: () => void }> {
  const share = new Share(budget);
  const release = () => share.release();
  try {
    const announced = announcedLength(request, limit);
    if (announced !== null && announced <= AT_ONCE) {
      return { bytes: await readAtOnce(request, announced, limit, share), release };
    }
    // Memory that nothing was written to is not taken from the machine: what is announced and does not come costs nothing.
    const whole = announced === null ? null : new Uint8Array(announced);
    const parts: Uint8Array[] = [];
    for await (const piece of bounded(request, whole?.length ?? limit)) {
      whole?.set(piece, share.held);
      share.take(piece.length);
      if (whole === null) parts.push(piece);
    }
    if (share.held === 0) throw new GatewayError("BODY_EMPTY", "the body is empty");
    const bytes = whole?.subarray(0, share.held) ?? (parts.length === 1 ? parts[0]! : Buffer.concat(parts));
    return { bytes, release };
  } catch (error) {
    release();
    throw error;
  }
}

/** What one request holds of the budget. */
class Share {
  readonly #budget: BodyBudget;
  held = 0;

  constructor(budget: BodyBudget) {
    this.#budget = budget;
  }

  /** @throws GatewayError AT_CAPACITY */
  take(octets: number): void {
    this.#budget.take(octets);
    this.held += octets;
  }

  release(): void {
    this.#budget.give(this.held);
    this.held = 0;
  }
}

/** null: the headers do not say. @throws GatewayError BODY_TOO_LARGE */
function announcedLength(request: Request, limit: number): number | null {
  const header = request.headers.get("content-length");
  const announced = header === null ? 0 : Number(header);
  if (announced > limit) throw tooLarge(limit);
  return Number.isSafeInteger(announced) && announced > 0 ? announced : null;
}

async function readAtOnce(request: Request, announced: number, limit: number, share: Share): Promise<Uint8Array> {
  share.take(announced);
  const bytes = new Uint8Array(await request.arrayBuffer().catch(brokenOff));
  // Over a socket the parser sees to it; a request made in this process may say anything.
  if (bytes.length > limit) throw tooLarge(limit);
  if (bytes.length === 0) throw new GatewayError("BODY_EMPTY", "the body is empty");
  return bytes;
}

/** The pieces of a body. @throws GatewayError BODY_TOO_LARGE, REQUEST_INVALID when it breaks off */
async function* bounded(request: Request, limit: number): AsyncGenerator<Uint8Array> {
  const pieces = chunksOf(request);
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await pieces.next().catch(brokenOff);
      if (done) return;
      length += value.length;
      if (length > limit) throw tooLarge(limit);
      yield value;
    }
  } finally {
    await pieces.return(undefined);
  }
}

function brokenOff(cause: unknown): never {
  throw new GatewayError("REQUEST_INVALID", "the body broke off", { retryable: true, cause });
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
