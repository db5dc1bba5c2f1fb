/** A canonicalisation method, resolved from its URI. */
export interface C14nMethod {
  readonly kind: "inclusive-1.0" | "inclusive-1.1" | "exclusive";
  readonly comments: boolean;
  /** Exclusive only: prefixes treated as inclusive canonicalisation does; "" stands for `#default`. */
  readonly inclusivePrefixes?: readonly string[];
}

export const C14N_10 = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
export const C14N_11 = "http://www.w3.org/2006/12/xml-c14n11";
export const EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#";

const METHODS: ReadonlyMap<string, C14nMethod> = new Map([
  [C14N_10, { kind: "inclusive-1.0", comments: false }],
  [`${C14N_10}#WithComments`, { kind: "inclusive-1.0", comments: true }],
  [C14N_11, { kind: "inclusive-1.1", comments: false }],
  [`${C14N_11}#WithComments`, { kind: "inclusive-1.1", comments: true }],
  [EXC_C14N, { kind: "exclusive", comments: false }],
  [`${EXC_C14N}WithComments`, { kind: "exclusive", comments: true }],
]);

/** The method a URI names, or null for one that is not known. */
export function c14nMethodOf(uri: string): C14nMethod | null {
  return METHODS.get(uri) ?? null;
}
