import type { PdfView } from "../document.ts";
import { ownerOf } from "../field-owner.ts";
import { fieldTypeOf } from "../inherited.ts";
import { isArray, nameOf, PdfDict, PdfRef, PdfStream, type PdfValue } from "../objects.ts";

/**
 * What an object is for, by the way that leads to it from the trailer. An object reached in several ways has several roles,
 * and a change of it must be admitted in every one of them.
 */
export type RoleKind =
  | "catalog"
  | "pages"
  | "page"
  | "annotations"
  | "annotation"
  | "form"
  | "fields"
  | "field"
  | "field-value"
  | "signature-value"
  | "appearance"
  | "form-resources"
  | "security-store"
  | "metadata"
  | "info"
  | "extensions"
  | "permissions"
  | "structure"
  /** Whatever a page shows or the document does; admits nothing. */
  | "content";

export interface Role {
  readonly kind: RoleKind;
  /** Field name, for `field`, `fields`, `field-value`, `signature-value` and `appearance`. */
  readonly field: string | null;
}

export type Roles = ReadonlyMap<number, readonly Role[]>;

/** An object used in more ways than this is treated as content. */
const MAX_ROLES = 8;
const MAX_VISITS = 3_000_000;

/** Objects that back-links may point at without making them content. */
const STRUCTURAL: ReadonlySet<RoleKind> = new Set<RoleKind>([
  "catalog",
  "pages",
  "page",
  "annotation",
  "form",
  "field",
  "structure",
]);

/** Trailer entries that keep the books of the file and show nothing (ISO 32000-2 tables 15 and 17). */
export const BOOKKEEPING = new Set("Size Prev XRefStm W Index Length Filter DecodeParms Type ID DL".split(" "));

/**
 * The roles of all objects reachable from the trailer of `view`; also of numbers that are referred to and do not exist, since a
 * later definition would come to life there. Null when the file is too large to judge.
 */
export function assignRoles(view: PdfView): Roles | null {
  const walk = new RoleWalk(view);
  return walk.run() ? walk.roles : null;
}

class RoleWalk {
  readonly roles = new Map<number, Role[]>();
  private readonly view: PdfView;
  private readonly pending: { value: PdfValue; role: Role; strict: boolean }[] = [];
  /** Content waits until all structural roles are known. */
  private readonly content: { value: PdfValue; strict: boolean }[] = [];
  /** Values of trailer entries that are not of the standard: last of all. */
  private readonly others: PdfValue[] = [];
  private readonly strictSeen = new Set<number>();
  private visits = 0;

  constructor(view: PdfView) {
    this.view = view;
  }

  run(): boolean {
    this.reach(this.view.root, "catalog");
    for (const [key, value] of this.view.trailer.entries) {
      if (key === "Info") this.reach(value, "info");
      else if (key !== "Root" && !BOOKKEEPING.has(key)) this.others.push(value);
    }
    for (;;) {
      const next = this.pending.pop();
      if (next) {
        this.expand(next.value, next.role, next.strict);
      } else {
        const later = this.content.pop();
        if (later) this.follow(later.value, CONTENT, later.strict);
        else {
          const other = this.others.pop();
          if (other === undefined) return true;
          this.followOther(other);
        }
      }
      if (this.visits > MAX_VISITS) return false;
    }
  }

  /** What a maker's own trailer entry names is content only where nothing else gives it a meaning. */
  private followOther(value: PdfValue): void {
    this.visits++;
    if (isArray(value)) this.others.push(...value);
    else if (value instanceof PdfRef && (this.roles.has(value.num) || this.view.resolve(value) === null)) return;
    else this.follow(value, CONTENT, false);
  }

  private reach(value: PdfValue, kind: RoleKind, field: string | null = null, strict = false): void {
    if (kind === "content") this.content.push({ value, strict });
    else this.follow(value, { kind, field }, strict);
  }

  private follow(value: PdfValue, role: Role, strict: boolean): void {
    this.visits++;
    if (!(value instanceof PdfRef)) {
      if (typeof value === "object" && value !== null) this.pending.push({ value, role, strict });
      return;
    }
    const known = this.roles.get(value.num);
    if (role.kind === "content") {
      if (known?.some((r) => r.kind === "content") && (!strict || this.strictSeen.has(value.num))) return;
      // A destination, an action or a parent link points at a page or a field without showing it; resources do show.
      if (!strict && known?.some((r) => STRUCTURAL.has(r.kind))) return;
      if (strict) this.strictSeen.add(value.num);
    } else if (known?.some((r) => (r.kind === role.kind && r.field === role.field) || r.kind === "content")) return;
    let given = role;
    if (!known) this.roles.set(value.num, [given]);
    else {
      if (known.length >= MAX_ROLES) given = CONTENT;
      if (!known.includes(given)) known.push(given);
    }
    const target = this.view.resolve(value);
    if (typeof target === "object" && target !== null) this.pending.push({ value: target, role: given, strict });
  }

  private expand(value: PdfValue, role: Role, strict: boolean): void {
    if (value instanceof PdfStream) {
      this.expandDict(value.dict, role, strict);
      return;
    }
    if (value instanceof PdfDict) {
      this.expandDict(value, role, strict);
      return;
    }
    if (value instanceof PdfRef) {
      this.follow(value, role, strict);
      return;
    }
    if (isArray(value)) {
      for (const item of value) this.element(item, role, strict);
    }
  }

  private element(item: PdfValue, role: Role, strict: boolean): void {
    if (role.kind === "pages") {
      this.pageNode(item);
      return;
    }
    if (role.kind === "annotations") {
      const dict = this.view.dict(item);
      const widget = dict !== null && nameOf(this.view.get(dict, "Subtype")) === "Widget";
      this.reach(item, widget ? "field" : "annotation", widget ? ownerOf(this.view, item, dict).name : null);
      return;
    }
    if (role.kind === "fields") {
      const dict = this.view.dict(item);
      this.reach(item, "field", dict ? ownerOf(this.view, item, dict).name || role.field : role.field);
      return;
    }
    if (role.kind === "content") this.reach(item, "content", null, strict);
    else this.follow(item, role, strict);
  }

  private pageNode(item: PdfValue): void {
    const dict = this.view.dict(item);
    const node = dict !== null && (nameOf(this.view.get(dict, "Type")) === "Pages" || dict.entries.has("Kids"));
    this.reach(item, node ? "pages" : "page");
  }

  private expandDict(dict: PdfDict, role: Role, strict: boolean): void {
    for (const [key, value] of dict.entries) {
      if (value === null || typeof value !== "object") continue;
      this.entry(key, value, role, dict, strict);
    }
  }

  private entry(key: string, value: PdfValue, role: Role, dict: PdfDict, strict: boolean): void {
    switch (role.kind) {
      case "catalog":
        this.reach(value, CATALOG[key] ?? "content");
        return;
      case "pages":
        if (key === "Parent") return;
        this.reach(value, key === "Kids" ? "pages" : "content", null, key === "Resources");
        return;
      case "page":
        if (key === "Parent") return;
        // What is drawn is content whatever else it may pass for, such as an array that is the list of annotations too.
        this.reach(
          value,
          key === "Annots" ? "annotations" : "content",
          null,
          key === "Resources" || key === "Contents",
        );
        return;
      case "annotation":
      case "field":
        this.annotationEntry(key, value, role, dict);
        return;
      case "form":
        this.reach(value, key === "Fields" ? "fields" : key === "DR" ? "form-resources" : "content");
        return;
      case "structure":
        // Links from the structure tree to pages and annotations.
        if (key === "Pg" || key === "Obj") return;
        this.follow(value, role, strict);
        return;
      case "permissions":
        this.reach(value, "signature-value");
        return;
      case "signature-value":
        // A signature reference points back at what it transforms (table 256).
        if (key === "Data") return;
        this.follow(value, role, strict);
        return;
      case "content":
        this.reach(value, "content", null, strict || key === "Resources");
        return;
      case "appearance":
      case "form-resources":
      case "security-store":
      case "metadata":
      case "info":
      case "extensions":
      case "field-value":
      case "annotations":
      case "fields":
        if (key === "Parent" && role.kind !== "form-resources") return;
        this.follow(value, role, strict);
        return;
    }
  }

  private annotationEntry(key: string, value: PdfValue, role: Role, dict: PdfDict): void {
    if (key === "Parent" || key === "P" || key === "IRT") return;
    if (key === "AP") {
      this.reach(value, "appearance", role.field);
      return;
    }
    if (key === "Popup") {
      this.reach(value, "annotation");
      return;
    }
    if (role.kind === "field" && key === "Kids") {
      this.reach(value, "fields", role.field);
      return;
    }
    if (role.kind === "field" && key === "V") {
      const signature = fieldTypeOf(this.view, dict) === "Sig";
      this.reach(value, signature ? "signature-value" : "field-value", role.field);
      return;
    }
    this.reach(value, "content");
  }
}

const CONTENT: Role = { kind: "content", field: null };

const CATALOG: Record<string, RoleKind> = {
  Pages: "pages",
  AcroForm: "form",
  DSS: "security-store",
  Metadata: "metadata",
  Extensions: "extensions",
  Perms: "permissions",
  StructTreeRoot: "structure",
};
