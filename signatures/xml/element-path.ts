import { SignaturesError } from "../errors.ts";
import type { XmlElement } from "./tree.ts";

interface Segment {
  local: string;
  attribute: { name: string; value: string } | null;
}

const SEGMENT = /^([\p{L}_][\p{L}\p{N}\p{M}_.-]*)(?:\[@([\p{L}_][\p{L}\p{N}\p{M}_.-]*)='([^'\]]*)'\])?$/u;
const MAX_SEGMENTS = 32;

function segmentsOf(path: string): Segment[] {
  const parts = path.split(/\/(?![^[]*\])/);
  if (parts.length > MAX_SEGMENTS) throw new SignaturesError("XML_LIMIT", "element path too long");
  return parts.map((part) => {
    const match = SEGMENT.exec(part);
    if (!match) throw new SignaturesError("XML_UNSUPPORTED", "not an element path", { details: { path } });
    return { local: match[1]!, attribute: match[2] === undefined ? null : { name: match[2], value: match[3]! } };
  });
}

/**
 * Elements at a path of profiles: `A/B[@name='value']/C`, relative to `from`, local names without namespace.
 * @throws SignaturesError XML_UNSUPPORTED (not such a path)
 */
export function elementsAtPath(from: XmlElement, path: string): XmlElement[] {
  let found: XmlElement[] = [from];
  for (const { local, attribute } of segmentsOf(path)) {
    found = found.flatMap((element) => element.elements(local, ""));
    if (attribute) found = found.filter((e) => e.attribute(attribute.name) === attribute.value);
  }
  return found;
}

/** The only element at a path. @throws SignaturesError XML_MISSING_ELEMENT, XML_DUPLICATE_ID, XML_UNSUPPORTED */
export function elementAtPath(from: XmlElement, path: string): XmlElement {
  const found = elementsAtPath(from, path);
  if (found.length === 0) {
    throw new SignaturesError("XML_MISSING_ELEMENT", `no element at ${path}`, { details: { path } });
  }
  if (found.length > 1) {
    throw new SignaturesError("XML_DUPLICATE_ID", `more than one element at ${path}`, { details: { path } });
  }
  return found[0]!;
}
