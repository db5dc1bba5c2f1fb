import { SignaturesError } from "../errors.ts";
import {
  elementAtPath,
  elementById,
  elementsAtPath,
  parseXml,
  type XmlDocument,
  type XmlElement,
} from "../xml/index.ts";
import type { PlannedSignature, Profile, ProfileStep, XmlShape } from "./profile.ts";

const MAX_REPEATS = 200;
const KEY = /^[\p{L}\p{N}_.-]{1,64}$/u;

/**
 * The signatures a document needs by its profile, in the order of signing. For XML the document must have every part: each
 * reference and holder exists exactly once.
 * @param document octets of the document, or a parsed one; not looked at for PDF
 * @throws SignaturesError XML_MISSING_ELEMENT, XML_DUPLICATE_ID (details name which), XML_LIMIT, XML_UNSUPPORTED, and what parsing throws
 */
export function planSignatures(profile: Profile, document: Uint8Array | XmlDocument | null): PlannedSignature[] {
  const steps = [...profile.steps].sort((a, b) => a.order - b.order);
  if (profile.format !== "xml") return steps.map((step) => ({ id: step.id, step, key: null, xml: null }));
  if (!profile.xml || document === null) {
    throw new SignaturesError("XML_MISSING_ELEMENT", "an XML profile is laid over a document");
  }
  const parsed = document instanceof Uint8Array ? parseXml(document) : document;
  const { root } = parsed;
  if (root.local !== profile.xml.root || root.uri !== "") {
    throw new SignaturesError("XML_MISSING_ELEMENT", `the document element is not ${profile.xml.root}`, {
      details: { path: profile.xml.root },
    });
  }
  const planned = steps.flatMap((step) => planStep(step, root, profile.xml!));
  for (const { xml } of planned) {
    if (!xml) continue;
    elementById(parsed, xml.reference.slice(1));
    elementAtPath(root, xml.holder);
  }
  return planned;
}

function planStep(step: ProfileStep, root: XmlElement, shape: XmlShape): PlannedSignature[] {
  const { xml } = step;
  if (!xml) throw new SignaturesError("XML_MISSING_ELEMENT", `the profile names no place for ${step.id}`);
  if (!xml.each) {
    return [{ id: step.id, step, key: null, xml: { reference: xml.reference, holder: xml.holder } }];
  }
  const { path, keyPath } = xml.each;
  const elements = elementsAtPath(root, path);
  if (elements.length === 0) {
    throw new SignaturesError("XML_MISSING_ELEMENT", `no element at ${path}`, { details: { path } });
  }
  if (elements.length > MAX_REPEATS) throw new SignaturesError("XML_LIMIT", `more than ${MAX_REPEATS} at ${path}`);
  const keys = new Set<string>();
  return elements.map((element) => {
    const key = elementAtPath(element, keyPath).textContent.trim();
    const id = element.attribute(shape.idAttribute);
    if (id === null) {
      throw new SignaturesError("XML_MISSING_ELEMENT", `an element at ${path} has no ${shape.idAttribute}`, {
        details: { path },
      });
    }
    // The key becomes part of a path: nothing that could mean something there is let in.
    if (!KEY.test(key)) throw new SignaturesError("XML_UNSUPPORTED", `a key at ${path}/${keyPath} is not a code`);
    if (keys.has(key)) {
      throw new SignaturesError("XML_DUPLICATE_ID", `two elements at ${path} with key ${key}`, { details: { key } });
    }
    keys.add(key);
    const fill = (text: string) => text.replaceAll("{Id}", id).replaceAll("{key}", key);
    return { id: `${step.id}:${key}`, step, key, xml: { reference: fill(xml.reference), holder: fill(xml.holder) } };
  });
}

/** What a document says about itself, where its profile says; null for what is not there exactly once. */
export type DocumentFacts = { readonly [Name in keyof XmlShape["facts"]]: string | null };

/**
 * Reads the facts a profile names. Facts are of the document's own telling: whether they are covered by a signature is for
 * the verifier to say.
 */
export function readFacts(profile: Profile, document: Uint8Array | XmlDocument): DocumentFacts {
  const parsed = document instanceof Uint8Array ? parseXml(document) : document;
  const paths = profile.xml?.facts;
  const read = (path: string | undefined): string | null => {
    const found = path === undefined ? [] : elementsAtPath(parsed.root, path);
    return found.length === 1 ? found[0]!.textContent.trim() : null;
  };
  return {
    documentId: read(paths?.documentId),
    schoolCode: read(paths?.schoolCode),
    schoolName: read(paths?.schoolName),
    pupilName: read(paths?.pupilName),
    className: read(paths?.className),
    schoolYear: read(paths?.schoolYear),
  };
}
