import { GatewayError } from "../errors.ts";

export interface FormFile {
  /** Name of the field it came in. */
  readonly field: string;
  readonly name: string;
  readonly size: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** Parts of a form where nobody sends a class at once. */
const MOST_PARTS = 100;

/**
 * The files and the other fields of a form that was read whole.
 * @param mostParts beyond it the form is refused before it is taken apart: a million empty parts cost little to send
 * @throws GatewayError REQUEST_INVALID
 */
export async function readForm(
  bytes: Uint8Array,
  contentType: string,
  mostParts = MOST_PARTS,
): Promise<{ files: FormFile[]; fields: Record<string, string> }> {
  if (hasMoreParts(bytes, contentType, mostParts)) {
    throw new GatewayError("REQUEST_INVALID", `the form has more than ${mostParts} parts`);
  }
  const body = new Response(bytes as Uint8Array<ArrayBuffer>, { headers: { "content-type": contentType } });
  const form = await body.formData().catch((error: unknown) => {
    throw new GatewayError("REQUEST_INVALID", "the form cannot be read", { cause: error });
  });
  const files: FormFile[] = [];
  const fields: Record<string, string> = {};
  for (const [name, value] of form.entries()) {
    if (typeof value === "string") fields[name] = value;
    else {
      const file = value as Pick<FormFile, "name" | "size" | "arrayBuffer">;
      files.push({ field: name, name: file.name, size: file.size, arrayBuffer: () => file.arrayBuffer() });
    }
  }
  return { files, fields };
}

/** Counts delimiters (RFC 2046 §5.1.1); content that happens to hold one counts as well. */
function hasMoreParts(bytes: Uint8Array, contentType: string, most: number): boolean {
  const match = /boundary=(?:"([^"]{1,70})"|([^;\s]{1,70}))/i.exec(contentType);
  if (!match) return false;
  const delimiter = Buffer.from(`--${match[1] ?? match[2]}`, "latin1");
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  // The last delimiter closes the form.
  let left = most + 1;
  for (let at = buffer.indexOf(delimiter); at >= 0; at = buffer.indexOf(delimiter, at + delimiter.length)) {
    if (--left < 0) return true;
  }
  return false;
}
