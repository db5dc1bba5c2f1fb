import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { GatewayError } from "../errors.ts";

/** Pictures of signatures and seals; 600 dpi of a large seal fit well. */
const MAX_IMAGE = 2 * 1024 * 1024;
const NAME = /^[\p{L}\p{N}_-][\p{L}\p{N} ._-]{0,120}\.png$/iu;
const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Gives the PNG of this name, or null when the folder has none. @throws GatewayError CONFIG_INVALID */
export type Images = (name: string) => Uint8Array | null;

/** The operator's folder of images, each read once; null: there is none. */
export function imagesIn(folder: string | null): Images {
  const known = new Map<string, Uint8Array | null>();
  return (name) => {
    if (folder === null) return null;
    let image = known.get(name);
    if (image === undefined) {
      image = read(folder, name);
      known.set(name, image);
    }
    return image;
  };
}

function read(folder: string, name: string): Uint8Array | null {
  const unusable = (why: string, cause?: unknown) =>
    new GatewayError("CONFIG_INVALID", `the image ${name} ${why}`, { details: { image: name }, cause });
  if (!NAME.test(name)) throw unusable("has no plain file name that ends in .png");
  const path = join(folder, name);
  try {
    if (statSync(path).size > MAX_IMAGE) throw unusable(`is larger than ${MAX_IMAGE} octets`);
    const image = readFileSync(path);
    if (!SIGNATURE.every((octet, i) => image[i] === octet)) throw unusable("is not a PNG");
    return image;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    if (error instanceof GatewayError) throw error;
    throw unusable("cannot be read", error);
  }
}
