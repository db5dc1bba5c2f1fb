import { escapeAttribute, escapeText } from "../../xml/c14n-text.ts";

/** A piece of XML, escaped already. */
export interface Markup {
  readonly markup: string;
}

/** An element. Strings inside are text and get escaped; null is left out. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string>> = {},
  ...content: readonly (Markup | string | null)[]
): Markup {
  const head = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escapeAttribute(xmlCharacters(value))}"`)
    .join("");
  const body = content
    .map((part) => (part === null ? "" : typeof part === "string" ? escapeText(xmlCharacters(part)) : part.markup))
    .join("");
  return { markup: body === "" ? `<${name}${head}/>` : `<${name}${head}>${body}</${name}>` };
}

/** The text with what XML 1.0 §2.2 cannot carry replaced: names in certificates hold any octet their author liked. */
function xmlCharacters(text: string): string {
  return text.replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd");
}
