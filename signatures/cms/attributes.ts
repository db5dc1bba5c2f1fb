import { type Element, readOid } from "@hocba/certs/der";
import { malformed } from "./malformed.ts";

/** Attribute (RFC 5652 §5.3): a type and a set of values. */
export interface Attribute {
  readonly type: string;
  readonly values: readonly Element[];
  readonly element: Element;
}

const MAX_ATTRIBUTES = 1000;

/** Signed or unsigned attributes in the order of the file. */
export class AttributeSet {
  readonly element: Element;
  readonly list: readonly Attribute[];

  /** @param element the `[0]` or `[1]` implicit SET @throws SignaturesError CMS_MALFORMED, CertsError DER_MALFORMED */
  constructor(element: Element) {
    this.element = element;
    const children = element.children();
    if (children.length > MAX_ATTRIBUTES) throw malformed("too many attributes");
    this.list = children.map((e) => {
      const [type, values] = e.children();
      if (!type || !values) throw malformed("an attribute without type or values");
      return { type: readOid(type), values: values.children(), element: e };
    });
  }

  /** All attributes of one type; more than one is a fault for most types. */
  all(type: string): Attribute[] {
    return this.list.filter((a) => a.type === type);
  }

  /** The values of all attributes of one type. */
  values(type: string): Element[] {
    const out: Element[] = [];
    for (const a of this.list) if (a.type === type) for (const value of a.values) out.push(value);
    return out;
  }

  /** The value of an attribute that must occur once with one value; null when absent. @throws CMS_MALFORMED otherwise */
  single(type: string): Element | null {
    const values = this.values(type);
    if (values.length > 1 || (values.length === 0 && this.all(type).length > 0)) {
      throw malformed(`attribute ${type} must have exactly one value`);
    }
    return values[0] ?? null;
  }

  has(type: string): boolean {
    return this.list.some((a) => a.type === type);
  }
}
