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
import type { NodeList } from "./node-set.ts";
import type { XmlDocument, XmlElement, XmlNode, XmlParent, XPathNode } from "./tree.ts";

/** What the nearest element in the output left behind for its descendants. */
interface Context {
  /** Inclusive: the namespace nodes of that element which are in the set. Exclusive: what the output has in scope. */
  namespaces: ReadonlyMap<string, string>;
  /** Whether the element's own parent is in the output. */
  parentIn: boolean;
}

/** Canonical form of an arbitrary node-set (C14N 1.0 §2.3 and §2.4, C14N 1.1, Exclusive C14N §3). */
export function canonicalizeNodes(set: NodeList, method: C14nMethod): string {
  return new NodesWriter(set.nodes, method).run(set.document);
}

class NodesWriter {
  private readonly nodes: ReadonlySet<XPathNode>;
  private readonly method: C14nMethod;
  private out = "";
  private inherited: InheritedXmlAttributes | undefined;

  constructor(nodes: ReadonlySet<XPathNode>, method: C14nMethod) {
    this.nodes = nodes;
    this.method = method;
  }

  run(top: XmlParent): string {
    const context: Context = { namespaces: new Map(), parentIn: false };
    if (top.type === "document") this.document(top, context);
    else this.node(top, context);
    return this.out;
  }

  private document(document: XmlDocument, context: Context): void {
    let afterRoot = false;
    for (const child of document.children) {
      if (child.type === "element") {
        afterRoot = true;
        this.node(child, context);
        continue;
      }
      const before = this.out;
      this.out = "";
      this.node(child, context);
      const text = this.out;
      this.out = before + (text === "" ? "" : afterRoot ? `\n${text}` : `${text}\n`);
    }
  }

  private node(node: XmlNode, context: Context): void {
    if (node.type === "element") this.element(node, context);
    else if (!this.nodes.has(node)) return;
    else if (node.type === "text") this.out += escapeText(node.value);
    else if (node.type === "pi") this.out += piText(node);
    else if (this.method.comments) this.out += commentText(node);
  }

  private element(element: XmlElement, context: Context): void {
    const isIn = this.nodes.has(element);
    let below = context;
    if (isIn) {
      this.out += `<${element.name}`;
      const namespaces =
        this.method.kind === "exclusive"
          ? this.exclusiveNamespaces(element, context.namespaces)
          : this.inclusiveNamespaces(element, context.namespaces);
      below = { namespaces, parentIn: true };
      this.attributes(element, context.parentIn);
      this.out += ">";
    } else {
      below = { namespaces: context.namespaces, parentIn: false };
      // Namespace and attribute nodes in the set whose element is not: written as they come (C14N 1.0 §2.3, element nodes).
      this.orphanNamespaces(element, context.namespaces);
      const orphans = element.attributes.filter((a) => this.nodes.has(a)).sort(compareAttributes);
      for (const a of orphans) this.out += attributeText(a.name, a.value);
    }
    for (const child of element.children) this.node(child, below);
    if (isIn) this.out += `</${element.name}>`;
  }

  private inclusiveNamespaces(element: XmlElement, above: ReadonlyMap<string, string>): Map<string, string> {
    const own = new Map<string, string>();
    const write: [string, string][] = [];
    for (const [prefix, node] of element.namespaceAxis()) {
      if (prefix === "xml" || !this.nodes.has(node)) continue;
      own.set(prefix, node.uri);
      if (above.get(prefix) !== node.uri) write.push([prefix, node.uri]);
    }
    if (!own.has("") && above.has("") && above.get("") !== "") write.push(["", ""]);
    this.declarations(write);
    return own;
  }

  private exclusiveNamespaces(element: XmlElement, rendered: ReadonlyMap<string, string>): Map<string, string> {
    const scope = new Map(rendered);
    const write: [string, string][] = [];
    const axis = element.namespaceAxis();
    const add = (prefix: string) => {
      if (prefix === "xml") return;
      const node = axis.get(prefix);
      const uri = node && this.nodes.has(node) ? node.uri : prefix === "" ? "" : null;
      if (uri === null) {
        // Used here without its namespace node: descendants declare it again (Exclusive C14N §3, 3.b).
        scope.delete(prefix);
        return;
      }
      if ((scope.get(prefix) ?? "") === uri) return;
      scope.set(prefix, uri);
      write.push([prefix, uri]);
    };
    add(element.prefix);
    for (const a of element.attributes) if (a.prefix !== "" && this.nodes.has(a)) add(a.prefix);
    for (const prefix of this.method.inclusivePrefixes ?? []) {
      if (prefix !== "" || axis.has("") || (scope.get("") ?? "") !== "") add(prefix);
    }
    this.declarations(write);
    return scope;
  }

  private orphanNamespaces(element: XmlElement, above: ReadonlyMap<string, string>): void {
    const listed = this.method.inclusivePrefixes ?? [];
    const write: [string, string][] = [];
    for (const [prefix, node] of element.namespaceAxis()) {
      if (prefix === "xml" || !this.nodes.has(node) || above.get(prefix) === node.uri) continue;
      if (this.method.kind !== "exclusive" || listed.includes(prefix)) write.push([prefix, node.uri]);
    }
    this.declarations(write);
  }

  private declarations(write: [string, string][]): void {
    write.sort((a, b) => compareCodePoints(a[0], b[0]));
    for (const [prefix, uri] of write) this.out += namespaceText(prefix, uri);
  }

  private attributes(element: XmlElement, parentIn: boolean): void {
    let attributes = element.attributes.filter((a) => this.nodes.has(a));
    if (!parentIn && this.method.kind !== "exclusive" && element.parent.type === "element") {
      this.inherited ??= new InheritedXmlAttributes(this.method.kind, (ancestor) => this.nodes.has(ancestor));
      const inherited = this.inherited.of(element);
      const names = new Set(inherited.map((a) => a.name));
      attributes = [...attributes.filter((a) => !names.has(a.name)), ...inherited];
    }
    attributes.sort(compareAttributes);
    for (const a of attributes) this.out += attributeText(a.name, a.value);
  }
}
