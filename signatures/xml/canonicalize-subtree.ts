import type { C14nMethod } from "./c14n-methods.ts";
import {
  attributeText,
  commentText,
  compareAttributes,
  compareCodePoints,
  escapeText,
  namespaceText,
  piText,
} from "./c14n-text.ts";
import { InheritedXmlAttributes } from "./inherited-attributes.ts";
import type { Subtree } from "./node-set.ts";
import type { XmlAttribute, XmlDocument, XmlElement } from "./tree.ts";

/** Namespace declarations the output has in scope: a chain, since copying what is above would be quadratic. */
interface Scope {
  readonly above: Scope | null;
  readonly own: ReadonlyMap<string, string>;
}

/** Name bound to the prefix in the output, "" for none. */
function bound(scope: Scope | null, prefix: string): string {
  for (let at = scope; at !== null; at = at.above) {
    const uri = at.own.get(prefix);
    if (uri !== undefined) return uri;
  }
  return "";
}

/** Canonical form of a subtree: every node of it is in the set, so that declarations alone decide. */
export function canonicalizeSubtree(set: Subtree, method: C14nMethod): string {
  return new SubtreeWriter(set, method).run();
}

class SubtreeWriter {
  private readonly set: Subtree;
  private readonly method: C14nMethod;
  private readonly comments: boolean;
  private readonly inclusivePrefixes: readonly string[];
  private out = "";

  constructor(set: Subtree, method: C14nMethod) {
    this.set = set;
    this.method = method;
    this.comments = method.comments && set.comments;
    this.inclusivePrefixes = method.inclusivePrefixes ?? [];
  }

  run(): string {
    const { apex } = this.set;
    if (apex.type === "document") this.document(apex);
    else if (!this.set.without.has(apex)) this.element(apex, null, true);
    return this.out;
  }

  private document(document: XmlDocument): void {
    let afterRoot = false;
    for (const child of document.children) {
      if (child.type === "element") {
        afterRoot = true;
        if (!this.set.without.has(child)) this.element(child, null, true);
      } else if (child.type === "pi" || (child.type === "comment" && this.comments)) {
        const text = child.type === "pi" ? piText(child) : commentText(child);
        this.out += afterRoot ? `\n${text}` : `${text}\n`;
      }
    }
  }

  private element(element: XmlElement, rendered: Scope | null, apex: boolean): void {
    const declare =
      this.method.kind === "exclusive"
        ? this.utilized(element, rendered)
        : this.declared(element, rendered, apex ? element.namespacesInScope() : null);
    let scope = rendered;
    this.out += `<${element.name}`;
    if (declare) {
      scope = { above: rendered, own: declare };
      const sorted = declare.size > 1 ? [...declare].sort((a, b) => compareCodePoints(a[0], b[0])) : declare;
      for (const [prefix, uri] of sorted) this.out += namespaceText(prefix, uri);
    }
    this.attributes(element, apex);
    this.out += ">";
    for (const child of element.children) {
      if (child.type === "element") {
        if (this.set.without.size === 0 || !this.set.without.has(child)) this.element(child, scope, false);
      } else if (child.type === "text") this.out += escapeText(child.value);
      else if (child.type === "pi") this.out += piText(child);
      else if (this.comments) this.out += commentText(child);
    }
    this.out += `</${element.name}>`;
  }

  private attributes(element: XmlElement, apex: boolean): void {
    let attributes: readonly XmlAttribute[] = element.attributes;
    if (apex && this.method.kind !== "exclusive" && element.parent.type === "element") {
      const inherited = new InheritedXmlAttributes(this.method.kind, () => false).of(element);
      if (inherited.length > 0) {
        const names = new Set(inherited.map((a) => a.name));
        attributes = [...attributes.filter((a) => !names.has(a.name)), ...inherited];
      }
    }
    if (attributes.length > 1) attributes = [...attributes].sort(compareAttributes);
    for (const a of attributes) this.out += attributeText(a.name, a.value);
  }

  /** Inclusive: what the element declares and the output does not have in scope already (C14N 1.0 §2.3). */
  private declared(
    element: XmlElement,
    rendered: Scope | null,
    inScope: Map<string, string> | null,
  ): Map<string, string> | null {
    let out: Map<string, string> | null = null;
    if (inScope) {
      for (const [prefix, uri] of inScope) {
        out ??= new Map();
        out.set(prefix, uri);
      }
      return out;
    }
    for (const { prefix, uri } of element.declarations) {
      if (prefix === "xml" || bound(rendered, prefix) === uri) continue;
      out ??= new Map();
      out.set(prefix, uri);
    }
    return out;
  }

  /** Exclusive: what the element visibly utilises (Exclusive C14N §3). */
  private utilized(element: XmlElement, rendered: Scope | null): Map<string, string> | null {
    let out: Map<string, string> | null = null;
    const add = (prefix: string, uri: string) => {
      if (prefix === "xml" || bound(rendered, prefix) === uri) return;
      out ??= new Map();
      out.set(prefix, uri);
    };
    add(element.prefix, element.uri);
    for (const a of element.attributes) if (a.prefix !== "") add(a.prefix, a.uri);
    for (const prefix of this.inclusivePrefixes) {
      const uri = element.lookupNamespace(prefix);
      if (uri !== undefined) add(prefix, uri);
    }
    return out;
  }
}
