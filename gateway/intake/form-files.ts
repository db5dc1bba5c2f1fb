import { GatewayError } from "../errors.ts";

export interface FormFile {
  /** Name of the field it came in. */
  readonly field: string;
  readonly name: string;
  /** A part of the form's own octets. */
  readonly bytes: Uint8Array;
}

export interface Form {
  readonly files: FormFile[];
  readonly fields: Record<string, string>;
}

/** Parts of a form where nobody sends a class at once. */
const MOST_PARTS = 100;
/** Octets of one part's headers. */
const LONGEST_HEAD = 8 * 1024;
/** Encodings that change nothing (RFC 2045 §6.2); another one is not used in forms (RFC 7578 §4.7). */
const AS_IT_IS = /^(7bit|8bit|binary)$/i;
const CRLF = "\r\n";

/**
 * The files and the other fields of a form that was received whole (multipart/form-data, RFC 7578). Nothing is copied: a file is as long as it
 * is, once.
 * @param mostParts beyond it the form is refused: a million empty parts cost little to send
 * @throws GatewayError REQUEST_INVALID
 */
export function readForm(bytes: Uint8Array, contentType: string, mostParts = MOST_PARTS): Form {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const boundary = boundaryOf(contentType);
  const delimiter = Buffer.from(`${CRLF}--${boundary}`, "latin1");
  const form: Form = { files: [], fields: {} };
  // The first delimiter begins the body, all others a line.
  let at = delimiter.length - CRLF.length;
  if (!body.subarray(0, at).equals(delimiter.subarray(CRLF.length))) throw unreadable("it does not begin with a part");
  for (let parts = 0; !startsWith(body, at, "--"); parts++) {
    if (parts === mostParts) throw new GatewayError("REQUEST_INVALID", `the form has more than ${mostParts} parts`);
    while (body[at] === 0x20 || body[at] === 0x09) at++;
    if (!startsWith(body, at, CRLF)) throw unreadable("a delimiter does not end its line");
    const head = body.subarray(at, at + LONGEST_HEAD);
    const headEnd = head.indexOf(`${CRLF}${CRLF}`, 0, "latin1");
    if (headEnd < 0) throw unreadable("a part has no end of its headers");
    const start = at + headEnd + 4;
    // A part without content may have its delimiter right behind the empty line.
    const end = body.indexOf(delimiter, start - CRLF.length);
    if (end < 0) throw unreadable("it is cut off");
    enter(form, head.subarray(CRLF.length, headEnd).toString(), bytes.subarray(start, Math.max(start, end)));
    at = end + delimiter.length;
  }
  return form;
}

function enter(form: Form, head: string, content: Uint8Array): void {
  let disposition: string | null = null;
  for (const line of head.split(CRLF)) {
    const colon = line.indexOf(":");
    const key = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (colon < 1) throw unreadable("a part has a header that is none");
    if (key === "content-disposition") disposition = value;
    if (key === "content-transfer-encoding" && !AS_IT_IS.test(value)) throw unreadable("a part is encoded");
  }
  const parameters = disposition === null ? null : parametersOf(disposition);
  const field = parameters?.get("name");
  if (field === undefined) throw unreadable("a part has no name");
  const name = parameters!.get("filename");
  if (name !== undefined) form.files.push({ field, name, bytes: content });
  else form.fields[field] = Buffer.from(content).toString();
}

/** Parameters of `form-data; name="…"; filename="…"`; null for another disposition. */
function parametersOf(disposition: string): Map<string, string> | null {
  const found = new Map<string, string>();
  const [kind] = disposition.split(";", 1);
  if (kind!.trim().toLowerCase() !== "form-data") return null;
  for (const [, key, quoted, token] of disposition.matchAll(
    /;[ \t]*([^\s=;"]{1,40})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))/g,
  )) {
    if (!found.has(key!.toLowerCase())) found.set(key!.toLowerCase(), token ?? unquoted(quoted!));
  }
  return found;
}

/** Browsers write what may not stand in quotes as %22, %0D and %0A; older programs put a backslash before it. */
function unquoted(text: string): string {
  return text
    .replace(/\\(["\\])/g, "$1")
    .replace(/%(22|0D|0A)/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** RFC 2046 §5.1.1. */
function boundaryOf(contentType: string): string {
  const match = /;\s*boundary=(?:"([^"\r\n]{1,70})"|([^;\s"]{1,70}))/i.exec(contentType);
  if (match === null) throw unreadable("its boundary is not named");
  return match[1] ?? match[2]!;
}

function startsWith(body: Buffer, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (body[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

function unreadable(why: string): GatewayError {
  return new GatewayError("REQUEST_INVALID", `the form cannot be read: ${why}`);
}
