import { SignaturesError } from "../errors.ts";
import { DS_NS, descendants, type XmlDocument, type XmlElement } from "../xml/index.ts";

/** Ids and places existing signatures of a document forbid. */
export interface ExistingSignatures {
  /** Throws XML_HOLDER_INSIDE_REFERENCE when writing into the element would change what a signature covers. */
  mayChange(element: XmlElement, except?: XmlElement): void;
}

/** Looks up what the signatures already in the document cover. */
export function existingSignatures(document: XmlDocument): ExistingSignatures {
  const covered: { target: XmlElement; signature: XmlElement }[] = [];
  for (const element of descendants(document)) {
    if (element.local !== "Reference" || element.uri !== DS_NS) continue;
    const info = element.parent;
    const signature = info.type === "element" && info.local === "SignedInfo" ? info.parent : null;
    if (signature?.type !== "element") continue;
    const uri = element.attribute("URI");
    if (uri === "") covered.push({ target: document.root, signature });
    else if (uri?.startsWith("#")) {
      const id = /^#xpointer\(id\(['"](.*)['"]\)\)$/.exec(uri)?.[1] ?? uri.slice(1);
      for (const target of document.ids.get(id) ?? []) covered.push({ target, signature });
    }
  }
  return {
    mayChange(element, except) {
      for (const { target, signature } of covered) {
        if (signature !== except && target.contains(element)) {
          throw new SignaturesError("XML_HOLDER_INSIDE_REFERENCE", "the place is covered by another signature", {
            details: { signature: signature.attribute("Id") },
          });
        }
      }
    },
  };
}
