import { isArray, nameOf, PdfDict, type PdfValue } from "../objects.ts";
import { addedElements, type Comparison, changedEntries, isNew, type Rule } from "./rule.ts";

/**
 * The structure tree of a tagged file (ISO 32000-2 §14.7): a new signature field brings an element of its own that holds nothing but
 * the link to its widget (§14.7.5.3), entered in /K and in the parent tree. Nothing else may change.
 */
export const structureRule: Rule = (comparison, change) => {
  const admitted = admits(comparison, change.from, change.to, 0);
  comparison.report(
    admitted ? "structure-extended" : "structure-changed",
    admitted ? "form-filling" : "suspicious",
    change.object,
  );
};

const MAX_DEPTH = 16;

function admits(comparison: Comparison, from: PdfValue, to: PdfValue, depth: number): boolean {
  if (depth > MAX_DEPTH) return false;
  if (isArray(from) && isArray(to)) return addsElements(comparison, from, to);
  if (!(from instanceof PdfDict) || !(to instanceof PdfDict)) return false;
  return changedEntries(comparison, from, to).every((entry) => {
    switch (entry.key) {
      case "K":
        return addsElements(
          comparison,
          listOf(comparison.before.resolve(entry.from)),
          listOf(comparison.after.resolve(entry.to)),
        );
      case "ParentTree":
        return admits(comparison, comparison.before.resolve(entry.from), comparison.after.resolve(entry.to), depth + 1);
      case "ParentTreeNextKey":
        return typeof entry.to === "number" && (typeof entry.from !== "number" || entry.to > entry.from);
      case "Nums":
        return addsPairs(comparison, entry.from, entry.to);
      case "Limits":
        return isArray(comparison.after.resolve(entry.to));
      default:
        return false;
    }
  });
}

const listOf = (value: PdfValue): readonly PdfValue[] => (isArray(value) ? value : value === null ? [] : [value]);

function addsElements(comparison: Comparison, from: readonly PdfValue[], to: readonly PdfValue[]): boolean {
  const added = addedElements(comparison, from, to);
  // Pairs of a number tree kept in an array of their own have numbers between the elements.
  return added?.every((item) => typeof item === "number" || isFieldElement(comparison, item)) ?? false;
}

function addsPairs(comparison: Comparison, from: PdfValue, to: PdfValue): boolean {
  const [a, b] = [comparison.before.array(from), comparison.after.array(to)];
  return a !== null && b !== null && b.length % 2 === 0 && addsElements(comparison, a, b);
}

/** A new element whose only content is object references to annotations. */
function isFieldElement(comparison: Comparison, item: PdfValue): boolean {
  const { after } = comparison;
  const dict = after.dict(item);
  if (!dict || !isNew(comparison, item) || dict.entries.has("ActualText")) return false;
  const kids = listOf(after.get(dict, "K"));
  return kids.length > 0 && kids.every((kid) => nameOf(after.dict(kid)?.get("Type") ?? null) === "OBJR");
}
