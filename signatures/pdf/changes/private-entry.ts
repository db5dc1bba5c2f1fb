import { PdfName, PdfString, type PdfValue } from "../objects.ts";

/** Entries the standard defines for the catalog, page tree nodes and pages (tables 29, 30 and 31). */
const STANDARD = new Set(
  `Type Version Extensions Pages PageLabels Names Dests ViewerPreferences PageLayout PageMode Outlines Threads OpenAction AA URI
  AcroForm Metadata StructTreeRoot MarkInfo Lang SpiderInfo OutputIntents PieceInfo OCProperties Perms Legal Requirements
  Collection NeedsRendering DSS AF DPartRoot Parent Kids Count Resources MediaBox CropBox BleedBox TrimBox ArtBox BoxColorInfo
  Contents Rotate Group Thumb B Dur Trans Annots StructParents ID PZ SeparationInfo Tabs TemplateInstantiated PresSteps UserUnit
  VP LastModified Hid DPart`.split(/\s+/),
);

/** A name of some maker with a plain value that leads nowhere, which readers ignore (annex E). */
export function isPrivateEntry(key: string, to: PdfValue): boolean {
  if (STANDARD.has(key)) return false;
  return to instanceof PdfString || to instanceof PdfName || typeof to === "number" || typeof to === "boolean";
}
