import { language } from "./language.ts";

/** The parts of an RFC 4514 name by type, in the order they stand; escapes removed. */
export function nameParts(name: string): ReadonlyMap<string, readonly string[]> {
  const parts = new Map<string, string[]>();
  for (const match of name.matchAll(/(?:^|[,+])\s*([A-Za-z0-9.]+)=((?:\\.|[^,+\\])*)/gsu)) {
    const [, type = "", raw = ""] = match;
    const value = raw.replace(/((?:\\[0-9A-Fa-f]{2})+)|\\(.)/gsu, (_, octets?: string, character?: string) =>
      octets === undefined ? (character ?? "") : fromOctets(octets),
    );
    const list = parts.get(type.toUpperCase());
    if (list === undefined) parts.set(type.toUpperCase(), [value.trim()]);
    else list.push(value.trim());
  }
  return parts;
}

function fromOctets(escaped: string): string {
  const octets = escaped
    .split("\\")
    .slice(1)
    .map((hex) => Number.parseInt(hex, 16));
  return new TextDecoder().decode(Uint8Array.from(octets));
}

/** CN where there is one, else the whole name. */
export function commonName(name: string): string {
  return nameParts(name).get("CN")?.[0] ?? name;
}

/** The units and the organisation a person belongs to, nearest first, without what the common name says already. */
export function organisation(name: string): string {
  const parts = nameParts(name);
  const own = parts.get("CN")?.[0];
  return [...(parts.get("OU") ?? []), ...(parts.get("O") ?? [])].filter((part) => part !== own).join(" · ");
}

/** "15:04, 29/05/2026" in Vietnam's time, whichever zone the reader's device has; seconds on demand. */
export function localTime(iso: string, withSeconds = false): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return new Intl.DateTimeFormat(language() === "vi" ? "vi-VN" : "en-GB", {
    timeZone: "Asia/Ho_Chi_Minh",
    day: "2-digit",
    month: "2-digit",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    ...(withSeconds ? { second: "2-digit" } : {}),
  }).format(date);
}

/** "29/05/2026" in Vietnam's time. */
export function localDate(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return new Intl.DateTimeFormat(language() === "vi" ? "vi-VN" : "en-GB", {
    timeZone: "Asia/Ho_Chi_Minh",
    day: "2-digit",
    month: "2-digit",
    year: "numeric",
  }).format(date);
}

/** "1,2 MB" */
export function fileSize(bytes: number): string {
  const [value, unit] =
    bytes < 1024 ? [bytes, "B"] : bytes < 1_048_576 ? [bytes / 1024, "KB"] : [bytes / 1_048_576, "MB"];
  return `${new Intl.NumberFormat(language(), { maximumFractionDigits: unit === "MB" ? 1 : 0 }).format(value)} ${unit}`;
}
