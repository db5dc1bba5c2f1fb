import { GatewayError } from "../errors.ts";

export interface FormFile {
  /** Name of the field it came in. */
  readonly field: string;
  readonly name: string;
  readonly size: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** The files and the other fields of a form that was read whole. @throws GatewayError REQUEST_INVALID */
export async function readForm(
  bytes: Uint8Array,
  contentType: string,
): Promise<{ files: FormFile[]; fields: Record<string, string> }> {
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
