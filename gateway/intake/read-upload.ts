import { GatewayError } from "../errors.ts";
import { readForm } from "./form-files.ts";
import { type BodyBudget, readBody } from "./read-body.ts";

/** One file as it was sent: as the body itself, or in the form field `file` beside other fields. */
export interface Upload {
  bytes: Uint8Array;
  name: string | null;
  fields: Readonly<Record<string, string>>;
  /** Further files of the form, by field; only of fields that were asked for. */
  beside: Readonly<Record<string, readonly Uint8Array[]>>;
  release: () => void;
}

const FORM_OVERHEAD = 64 * 1024;

/**
 * @param limit octets of all files together
 * @param others fields that may hold further files, and how many each
 * @throws GatewayError BODY_*, AT_CAPACITY, REQUEST_INVALID
 */
export async function readUpload(
  request: Request,
  limit: number,
  budget: BodyBudget,
  others: Readonly<Record<string, number>> = {},
): Promise<Upload> {
  const type = request.headers.get("content-type") ?? "";
  const isForm = /^multipart\/form-data\b/i.test(type);
  const { bytes, release } = await readBody(request, isForm ? limit + FORM_OVERHEAD : limit, budget);
  if (!isForm) return { bytes, name: null, fields: {}, beside: {}, release };
  try {
    const { files, fields } = await readForm(bytes, type);
    const [file, ...more] = files.filter(({ field }) => !Object.hasOwn(others, field));
    if (file === undefined || more.length > 0) {
      throw new GatewayError("REQUEST_INVALID", "the form must hold exactly one file, in the field file");
    }
    const beside: Record<string, Uint8Array[]> = {};
    for (const [field, most] of Object.entries(others)) {
      const found = files.filter((each) => each.field === field);
      if (found.length > most) {
        throw new GatewayError("REQUEST_INVALID", `the form holds more than ${most} files in the field ${field}`);
      }
      beside[field] = await Promise.all(found.map(async (each) => new Uint8Array(await each.arrayBuffer())));
    }
    if (file.size > limit) {
      throw new GatewayError("BODY_TOO_LARGE", `the file is longer than ${limit} octets`, { details: { limit } });
    }
    if (file.size === 0) throw new GatewayError("BODY_EMPTY", "the file is empty");
    return { bytes: new Uint8Array(await file.arrayBuffer()), name: file.name || null, fields, beside, release };
  } catch (error) {
    release();
    throw error;
  }
}
