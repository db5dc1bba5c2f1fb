import { readFile } from "node:fs/promises";
import fontkit from "@pdf-lib/fontkit";
import type { PDFDocument, PDFFont } from "pdf-lib";
import { DrawingError } from "./errors.ts";

/** The faces the record is set in. */
export interface RecordFonts {
  readonly regular: PDFFont;
  readonly bold: PDFFont;
  readonly italic: PDFFont;
}

export type Face = keyof RecordFonts;

/** Times-like first, as the forms of the ministry are set; every family here covers Vietnamese. */
const families: readonly Record<Face, string>[] = [
  ...[
    "/usr/share/fonts/truetype/liberation2",
    "/usr/share/fonts/truetype/liberation",
    "/usr/share/fonts/liberation-serif",
    "/usr/share/fonts/liberation",
  ].map((folder) => ({
    regular: `${folder}/LiberationSerif-Regular.ttf`,
    bold: `${folder}/LiberationSerif-Bold.ttf`,
    italic: `${folder}/LiberationSerif-Italic.ttf`,
  })),
  ...["/usr/share/fonts/truetype/dejavu", "/usr/share/fonts/dejavu-serif-fonts", "/usr/share/fonts/TTF"].map(
    (folder) => ({
      regular: `${folder}/DejaVuSerif.ttf`,
      bold: `${folder}/DejaVuSerif-Bold.ttf`,
      italic: `${folder}/DejaVuSerif.ttf`,
    }),
  ),
];

let loaded: Promise<Record<Face, Uint8Array>> | null = null;

/**
 * Embeds the three faces, each as a subset of the glyphs that get used. Parsing a font costs far more than using it, so
 * the parsed faces are kept for the life of the process.
 *
 * @throws DrawingError `FONT_MISSING` when none of the known families is installed.
 */
export async function embedRecordFonts(document: PDFDocument): Promise<RecordFonts> {
  const files = await family();
  document.registerFontkit({ create: parsedFont } as unknown as Parameters<PDFDocument["registerFontkit"]>[0]);
  // Ligatures would hide letters from search and copying in readers that take the glyph for one character.
  const options = { subset: true, features: { liga: false, clig: false } };
  const [regular, bold, italic] = await Promise.all([
    document.embedFont(files.regular, options),
    document.embedFont(files.bold, options),
    document.embedFont(files.italic, options),
  ]);
  return { regular, bold, italic };
}

/** The octets of a face's file. @throws DrawingError `FONT_MISSING` */
export async function faceFile(face: Face): Promise<Uint8Array> {
  return (await family())[face];
}

/** A face parsed, for its outlines. @throws DrawingError `FONT_MISSING` */
export async function recordFace(face: Face): Promise<ReturnType<typeof fontkit.create>> {
  return parsedFont((await family())[face]);
}

function family(): Promise<Record<Face, Uint8Array>> {
  loaded ??= loadFamily();
  return loaded.catch((error: unknown) => {
    loaded = null;
    throw error;
  });
}

async function loadFamily(): Promise<Record<Face, Uint8Array>> {
  for (const family of families) {
    try {
      const [regular, bold, italic] = await Promise.all([
        readFile(family.regular),
        readFile(family.bold),
        readFile(family.italic),
      ]);
      return { regular, bold, italic };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  throw new DrawingError(
    "FONT_MISSING",
    "No font that covers Vietnamese was found. Install fonts-liberation2 (or fonts-liberation) or fonts-dejavu-core.",
    { details: { install: ["fonts-liberation2", "fonts-dejavu-core"] } },
  );
}

const parsed = new WeakMap<Uint8Array, ReturnType<typeof fontkit.create>>();

function parsedFont(bytes: Uint8Array): ReturnType<typeof fontkit.create> {
  let font = parsed.get(bytes);
  if (font === undefined) {
    font = fontkit.create(bytes);
    // fontkit remembers a glyph's characters from whoever asks for it first. Writing a subset asks for the parts of
    // accented letters by number, so "Y" would lose its character in the next document; ask by character before that.
    for (const character of repertoire) font.glyphForCodePoint(character);
    parsed.set(bytes, font);
  }
  return font;
}

/** ASCII, the letters of Vietnamese and the signs that texts in it are set with. */
export const repertoire: ReadonlySet<number> = new Set(letters());

function* letters(): Generator<number> {
  for (let ascii = 0x20; ascii < 0x7f; ascii++) yield ascii;
  for (const sign of "–—‘’“”…Đđ") yield sign.codePointAt(0) ?? 0;
  for (const letter of "AĂÂEÊIOÔƠUƯYaăâeêioôơuưy") {
    for (const tone of ["", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"]) {
      yield (letter + tone).normalize("NFC").codePointAt(0) ?? 0;
    }
  }
}
