import { GatewayError } from "../errors.ts";
import type { BlobStore, StoredBlob } from "../store/index.ts";

export interface CopiedDocuments {
  documents: number;
  bytes: number;
  /** Those the target did not have. */
  copied: number;
  /** Digests whose content has changed on the disk they were read from. They are not copied. */
  damaged: string[];
}

const AT_ONCE = 8;
/** Addresses are digests: how many of their first octets were seen tells how far the copy is. */
const FIRST_OCTETS = 256;

/**
 * Copies what `from` holds and `to` lacks. With `check`, what `to` holds already is read and mended where it is damaged.
 * @throws GatewayError STORE_FULL, STORE_UNAVAILABLE
 */
export async function copyDocuments(
  from: BlobStore,
  to: BlobStore,
  onProgress: (done: number, of: number) => void,
  check = false,
): Promise<CopiedDocuments> {
  const result: CopiedDocuments = { documents: 0, bytes: 0, copied: 0, damaged: [] };
  const seen = new Set<string>();
  const all = from.list()[Symbol.asyncIterator]();
  const isThere = async (sha256: string): Promise<boolean> =>
    (await to.has(sha256)) && (!check || typeof (await to.get(sha256).catch(codeOf)) !== "string");

  async function copy({ sha256, size }: StoredBlob): Promise<void> {
    result.documents++;
    result.bytes += size;
    if (!(await isThere(sha256))) {
      const content = await from.get(sha256).catch(codeOf);
      if (content === "STORE_DAMAGED") result.damaged.push(sha256);
      // What went away meanwhile was needed by nobody.
      else if (content !== "STORE_MISSING") {
        await to.put(content, sha256);
        result.copied++;
      }
    }
    const before = seen.size;
    if (seen.add(sha256.slice(0, 2)).size > before) onProgress(seen.size, FIRST_OCTETS);
  }

  const lane = async (): Promise<void> => {
    for (let next = await all.next(); !next.done; next = await all.next()) await copy(next.value);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  if (seen.size < FIRST_OCTETS) onProgress(FIRST_OCTETS, FIRST_OCTETS);
  return result;
}

function codeOf(error: unknown): "STORE_DAMAGED" | "STORE_MISSING" {
  if (error instanceof GatewayError && (error.code === "STORE_DAMAGED" || error.code === "STORE_MISSING")) {
    return error.code;
  }
  throw error;
}
