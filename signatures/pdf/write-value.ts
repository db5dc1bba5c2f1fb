import { append } from "./append-room.ts";
import { isArray, PdfDict, PdfName, PdfRef, PdfStream, PdfString, type PdfValue } from "./objects.ts";

/** Collects octets of a PDF body and knows the offset reached. */
export class PdfWriter {
  private readonly parts: Uint8Array[] = [];
  private text = "";
  private written = 0;
  private readonly base: number;

  /** `base`: offset in the file of the first octet written here. */
  constructor(base = 0) {
    this.base = base;
  }

  /** Offset in the file of the next octet. */
  get offset(): number {
    return this.base + this.written + this.text.length;
  }

  /** Appends text, one octet per char (Latin-1). */
  put(text: string): this {
    this.text += text;
    return this;
  }

  bytes(octets: Uint8Array): this {
    this.flush();
    this.parts.push(octets);
    this.written += octets.length;
    return this;
  }

  value(value: PdfValue): this {
    if (value instanceof PdfStream) {
      const dict = value.dict.with({ Length: value.end - value.start });
      return this.value(dict).put("\nstream\n").bytes(value.raw).put("\nendstream");
    }
    return this.put(serialise(value));
  }

  /** Everything written, behind `prefix`, in one buffer: that of `prefix` where it has room, see `append`. */
  finish(prefix: Uint8Array = new Uint8Array(0)): Uint8Array {
    this.flush();
    const out = append(prefix, this.written);
    let at = prefix.length;
    for (const part of this.parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }

  private flush(): void {
    if (this.text === "") return;
    const { text } = this;
    const octets = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) octets[i] = text.charCodeAt(i);
    this.parts.push(octets);
    this.written += octets.length;
    this.text = "";
  }
}

/** An object in the syntax of ISO 32000-2 §7.3, one char per octet. Streams are written by `PdfWriter.value`. */
export function serialise(value: PdfValue): string {
  if (value === null) return "null";
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value === "number") return serialiseNumber(value);
  if (value instanceof PdfName) return serialiseName(value.value);
  if (value instanceof PdfRef) return `${value.num} ${value.gen} R`;
  if (value instanceof PdfString) return serialiseString(value);
  if (value instanceof PdfDict) {
    let out = "<<";
    for (const [key, item] of value.entries) out += `${serialiseName(key)} ${serialise(item)}`;
    return `${out}>>`;
  }
  if (isArray(value)) return `[${value.map(serialise).join(" ")}]`;
  throw new TypeError("a stream must be an indirect object");
}

function serialiseNumber(value: number): string {
  if (Number.isInteger(value)) return value.toFixed(0);
  // Exponents are no part of the syntax (§7.3.3).
  return value.toFixed(10).replace(/0+$/, "").replace(/\.$/, "");
}

function serialiseName(name: string): string {
  let out = "/";
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i) & 0xff;
    const regular = c > 32 && c < 127 && !"()<>[]{}/%#".includes(name[i]!);
    out += regular ? name[i] : `#${c.toString(16).padStart(2, "0")}`;
  }
  return out;
}

function serialiseString(string: PdfString): string {
  const { bytes } = string;
  let text = "";
  for (const octet of bytes) {
    if (octet < 32 || octet > 126 || string.hex) return serialiseHex(bytes);
    if (octet === 40 || octet === 41 || octet === 92) text += "\\";
    text += String.fromCharCode(octet);
  }
  return `(${text})`;
}

const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));

function serialiseHex(bytes: Uint8Array): string {
  let out = "<";
  for (const octet of bytes) out += HEX[octet];
  return `${out}>`;
}
