import type { ByteBudget } from "../byte-budget.ts";
import { GatewayError } from "../errors.ts";
import type { BlobStore, ReceivedBlob } from "../store/index.ts";
import { type Form, type FormFile, readForm } from "./form-files.ts";
import { type BodyBudget, readBody, receiveBody } from "./read-body.ts";

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
const isForm = (type: string): boolean => /^multipart\/form-data\b/i.test(type);

/** One file to take in. */
export interface ReceivedUpload {
  /** In memory, or, where it was large and the body itself, received by the store. */
  readonly content: Uint8Array | ReceivedBlob;
  readonly fields: Readonly<Record<string, string>>;
}

/**
 * One file as `readUpload` takes it, for `use` as long as that goes on; a large body is not held in memory while it comes, and a large
 * form only when there is room for it. @param limit octets of the file
 * @throws GatewayError BODY_*, AT_CAPACITY, STORE_*, REQUEST_INVALID; what `use` throws
 */
export async function receiveUpload<T>(
  request: Request,
  limit: number,
  parts: { budget: BodyBudget; memory: ByteBudget; store: Pick<BlobStore, "receive"> },
  use: (upload: ReceivedUpload) => Promise<T>,
): Promise<T> {
  const type = request.headers.get("content-type") ?? "";
  const { content, release } = await receiveBody(
    request,
    isForm(type) ? limit + FORM_OVERHEAD : limit,
    parts.budget,
    parts.store,
  );
  try {
    if (!isForm(type)) return await use({ content, fields: {} });
    const fromForm = async (bytes: Uint8Array) => {
      const { file, fields } = fileOfForm(bytes, type, limit);
      return use({ content: file.bytes, fields });
    };
    if (content instanceof Uint8Array) return await fromForm(content);
    return await parts.memory.within(content.size, async () => fromForm(await content.content()));
  } finally {
    await release();
  }
}

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
  const { bytes, release } = await readBody(request, isForm(type) ? limit + FORM_OVERHEAD : limit, budget);
  if (!isForm(type)) return { bytes, name: null, fields: {}, beside: {}, release };
  try {
    const { file, files, fields } = fileOfForm(bytes, type, limit, others);
    const beside: Record<string, Uint8Array[]> = {};
    for (const [field, most] of Object.entries(others)) {
      const found = files.filter((each) => each.field === field);
      if (found.length > most) {
        throw new GatewayError("REQUEST_INVALID", `the form holds more than ${most} files in the field ${field}`);
      }
      beside[field] = found.map((each) => each.bytes);
    }
    return { bytes: file.bytes, name: file.name || null, fields, beside, release };
  } catch (error) {
    release();
    throw error;
  }
}

/** The one file of a form that stands in no field of `others`, its octets a part of `bytes`. @throws GatewayError REQUEST_INVALID, BODY_* */
function fileOfForm(
  bytes: Uint8Array,
  type: string,
  limit: number,
  others: Readonly<Record<string, number>> = {},
): Form & { file: FormFile } {
  const { files, fields } = readForm(bytes, type);
  const [file, ...more] = files.filter(({ field }) => !Object.hasOwn(others, field));
  if (file === undefined || more.length > 0) {
    throw new GatewayError("REQUEST_INVALID", "the form must hold exactly one file, in the field file");
  }
  if (file.bytes.length > limit) {
    throw new GatewayError("BODY_TOO_LARGE", `the file is longer than ${limit} octets`, { details: { limit } });
  }
  if (file.bytes.length === 0) throw new GatewayError("BODY_EMPTY", "the file is empty");
  return { file, files, fields };
}
