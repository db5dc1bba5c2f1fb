import { createHash } from "node:crypto";
import { open } from "node:fs/promises";

const PIECE = 256 * 1024;

/**
 * A file from begin to end in pieces, each of its own memory. The last one is held back until all of them are found to be what `sha256` says:
 * who has the whole has the right one. @throws NodeJS.ErrnoException; what `damaged` makes
 */
export async function* filePieces(path: string, sha256: string, damaged: () => Error): AsyncGenerator<Uint8Array> {
  const file = await open(path, "r");
  try {
    const hash = createHash("sha256");
    let held: Uint8Array | null = null;
    for (;;) {
      const piece: Uint8Array = new Uint8Array(PIECE);
      const { bytesRead } = await file.read(piece, 0, PIECE);
      if (bytesRead === 0) break;
      if (held !== null) yield held;
      held = piece.subarray(0, bytesRead);
      hash.update(held);
    }
    if (hash.digest("hex") !== sha256) throw damaged();
    if (held !== null) yield held;
  } finally {
    await file.close();
  }
}
