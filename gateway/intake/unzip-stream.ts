import { Unzip, UnzipInflate } from "fflate";
import { GatewayError } from "../errors.ts";

/** One file of a ZIP, or why it was not read. */
export type ZipItem = { name: string; bytes: Uint8Array } | { name: string; error: GatewayError };

export interface ZipLimits {
  items: number;
  /** Octets of one file, unpacked. */
  fileBytes: number;
  /** Octets of the ZIP itself. */
  totalBytes: number;
}

/**
 * Reads a ZIP as it arrives and yields the files that are complete, in groups, before more is read: what is held in memory
 * stays small whatever the ZIP's size. A file beyond the limit is given up as soon as it is seen to be.
 * @throws GatewayError ZIP_MALFORMED, BATCH_TOO_MANY, BODY_TOO_LARGE
 */
export async function* unzipStream(chunks: AsyncIterable<Uint8Array>, limits: ZipLimits): AsyncGenerator<ZipItem[]> {
  let complete: ZipItem[] = [];
  let failure: GatewayError | null = null;
  let count = 0;
  let open = 0;
  let read = 0;
  let entries = 0;
  let tail: Uint8Array = new Uint8Array(0);
  const unzip = new Unzip((file) => {
    entries++;
    if (file.name.endsWith("/") || /(^|\/)(__MACOSX\/|\.)/.test(file.name)) return;
    if (++count > limits.items) {
      failure ??= new GatewayError("BATCH_TOO_MANY", `more than ${limits.items} files`, {
        details: { limit: limits.items },
      });
      return;
    }
    const parts: Uint8Array[] = [];
    let length = 0;
    let over = false;
    open++;
    file.ondata = (error, part, final) => {
      if (over) return;
      if (error) {
        over = true;
        open--;
        complete.push({ name: file.name, error: malformed(error) });
        return;
      }
      length += part.length;
      if (length > limits.fileBytes) {
        over = true;
        open--;
        parts.length = 0;
        file.terminate();
        const details = { limit: limits.fileBytes };
        complete.push({
          name: file.name,
          error: new GatewayError("BODY_TOO_LARGE", "the file is too long", { details }),
        });
        return;
      }
      parts.push(part);
      if (!final) return;
      open--;
      complete.push({ name: file.name, bytes: parts.length === 1 ? parts[0]! : Buffer.concat(parts) });
    };
    file.start();
  });
  unzip.register(UnzipInflate);
  const push = (chunk: Uint8Array, final: boolean) => {
    try {
      unzip.push(chunk, final);
    } catch (error) {
      throw malformed(error);
    }
    if (failure !== null) throw failure;
  };
  let head = new Uint8Array(0);
  for await (const chunk of chunks) {
    read += chunk.length;
    if (read > limits.totalBytes) {
      throw new GatewayError("BODY_TOO_LARGE", "the ZIP is too long", { details: { limit: limits.totalBytes } });
    }
    if (head.length < 4) {
      head = new Uint8Array(Buffer.concat([head, chunk.subarray(0, 4)]));
      if (head.length >= 2 && (head[0] !== 0x50 || head[1] !== 0x4b)) throw malformed(new Error("no ZIP signature"));
    }
    tail = lastOf(tail, chunk);
    push(chunk, false);
    if (complete.length > 0) {
      yield complete;
      complete = [];
    }
  }
  push(new Uint8Array(0), true);
  // Without its directory the ZIP may have lost whole files, and nobody would miss them.
  if (open > 0 || entriesInDirectory(tail) !== entries) throw malformed(new Error("the ZIP is cut off"));
  if (complete.length > 0) yield complete;
  if (count === 0) throw new GatewayError("BATCH_EMPTY", "the ZIP holds no file");
}

/** The end of central directory record with the longest comment (APPNOTE §4.3.16). */
const LONGEST_TAIL = 22 + 65_535;

function lastOf(tail: Uint8Array, chunk: Uint8Array): Uint8Array {
  if (chunk.length >= LONGEST_TAIL) return chunk.slice(-LONGEST_TAIL);
  return new Uint8Array(Buffer.concat([tail.subarray(-(LONGEST_TAIL - chunk.length)), chunk]));
}

function entriesInDirectory(tail: Uint8Array): number | null {
  const at = Buffer.from(tail.buffer, tail.byteOffset, tail.length).lastIndexOf("PK\x05\x06", undefined, "latin1");
  if (at < 0 || at + 22 > tail.length) return null;
  return new DataView(tail.buffer, tail.byteOffset + at).getUint16(10, true);
}

function malformed(cause: unknown): GatewayError {
  return new GatewayError("ZIP_MALFORMED", `the ZIP cannot be read: ${(cause as Error).message}`);
}
