import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";

/** Larger than anything the verifier takes. */
const MAX_SIZE = 256 * 1024 * 1024;

/**
 * The octets of a regular file. A pipe nobody writes to, or a device without end, would hold up all files behind it.
 * @throws Error with `code`: ENOTREG for what is no regular file, EFBIG beyond the limit, and those of the system
 */
export function readRegularFile(file: string): Uint8Array {
  // Without O_NONBLOCK the opening of a pipe waits for its writer.
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw refusal(stat.isDirectory() ? "EISDIR" : "ENOTREG", "not a regular file");
    if (stat.size > MAX_SIZE) throw refusal("EFBIG", `larger than ${MAX_SIZE} octets`);
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const refusal = (code: string, message: string): NodeJS.ErrnoException => Object.assign(new Error(message), { code });
