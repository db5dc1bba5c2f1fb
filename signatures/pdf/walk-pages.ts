import { SignaturesError } from "../errors.ts";
import type { PdfView } from "./document.ts";
import { integerOf, nameOf, type PdfDict, PdfRef, type PdfValue } from "./objects.ts";

/** One page of the page tree (ISO 32000-2 §7.7.3). */
export interface PdfPage {
  /** Reference to the page; null where it stands directly among /Kids. */
  readonly ref: PdfRef | null;
  readonly dict: PdfDict;
}

const MAX_NODES = 500_000;
const MAX_DEPTH = 256;

/** The pages in order, read as they are asked for. Circular and too deep branches are left out. @throws SignaturesError PDF_LIMIT */
export function* walkPages(view: PdfView): Generator<PdfPage> {
  const seen = new Set<number>();
  const pending: { item: PdfValue; depth: number }[] = [{ item: view.catalog.get("Pages"), depth: 0 }];
  let visited = 0;
  for (let next = pending.pop(); next; next = pending.pop()) {
    if (++visited > MAX_NODES) throw new SignaturesError("PDF_LIMIT", "too many pages");
    const ref = next.item instanceof PdfRef ? next.item : null;
    if (ref && seen.has(ref.num)) {
      view.document.anomalies.add("page-tree-circular");
      continue;
    }
    if (ref) seen.add(ref.num);
    const dict = view.dict(next.item);
    if (!dict) continue;
    const kids = nameOf(view.get(dict, "Type")) === "Page" ? null : view.array(dict.get("Kids"));
    if (!kids) yield { ref, dict };
    else if (next.depth < MAX_DEPTH) {
      for (let i = kids.length - 1; i >= 0; i--) pending.push({ item: kids[i] as PdfValue, depth: next.depth + 1 });
    } else view.document.anomalies.add("page-tree-too-deep");
  }
}

/**
 * Page number `index` from 0, or from the end when negative; null when there is none. Branches before it are skipped by
 * their /Count.
 */
export function pageAt(view: PdfView, index: number): PdfPage | null {
  let at: PdfValue = view.catalog.get("Pages");
  const total = integerOf(view.get(view.dict(at) ?? view.catalog, "Count"));
  let left = index >= 0 ? index : (total ?? 0) + index;
  for (let depth = 0; depth < MAX_DEPTH && left >= 0; depth++) {
    const dict = view.dict(at);
    if (!dict) return null;
    const kids = nameOf(view.get(dict, "Type")) === "Page" ? null : view.array(dict.get("Kids"));
    if (!kids) return left === 0 ? { ref: at instanceof PdfRef ? at : null, dict } : null;
    let chosen: PdfValue = null;
    for (const kid of kids) {
      const node = view.dict(kid);
      if (!node) continue;
      const leaf = nameOf(view.get(node, "Type")) === "Page" || !node.entries.has("Kids");
      const count = leaf ? 1 : Math.max(0, integerOf(view.get(node, "Count")) ?? 0);
      if (left < count) {
        chosen = kid;
        break;
      }
      left -= count;
    }
    if (chosen === null) return null;
    at = chosen;
  }
  return null;
}
