import { SignerError } from "../signer.ts";

/**
 * Messages on the socket: a length of four octets, big-endian, then that many octets of JSON in UTF-8. The reader takes
 * chunks as they come and gives the messages that are complete; a frame above `limit` is refused before it is stored.
 */
export class FrameReader {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws SignerError REQUEST_INVALID on a frame too long or not JSON: the connection is beyond repair */
  push(chunk: Buffer): unknown[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const messages: unknown[] = [];
    while (this.#length >= 4) {
      if (this.#chunks[0]!.length < 4) this.#chunks = [Buffer.concat(this.#chunks)];
      const size = this.#chunks[0]!.readUInt32BE(0);
      if (size > this.#limit) throw broken(`a frame of ${size} octets, at most ${this.#limit} are allowed`);
      if (this.#length < 4 + size) break;
      const whole = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
      try {
        messages.push(JSON.parse(whole.toString("utf8", 4, 4 + size)));
      } catch {
        throw broken("a frame that is not JSON");
      }
      const rest = whole.subarray(4 + size);
      this.#chunks = rest.length > 0 ? [rest] : [];
      this.#length = rest.length;
    }
    return messages;
  }
}

/** One message as a frame. */
export function frame(message: unknown): Buffer {
  const text = JSON.stringify(message);
  const size = Buffer.byteLength(text);
  const out = Buffer.allocUnsafe(4 + size);
  out.writeUInt32BE(size);
  out.write(text, 4);
  return out;
}

const broken = (problem: string): SignerError =>
  new SignerError("REQUEST_INVALID", `token host protocol: ${problem}`, { details: { problem } });
