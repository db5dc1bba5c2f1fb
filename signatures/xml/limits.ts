/** Bounds on what is read. Every count is checked while reading, so that a hostile file costs no more than its bound. */
export interface XmlLimits {
  /** Octets of the document. */
  maxBytes: number;
  /** Nesting of elements; the tree is walked by recursion, hence the low default. */
  maxDepth: number;
  /** Elements, texts, comments and processing instructions together. */
  maxNodes: number;
  /** Attributes and namespace declarations of one element. */
  maxAttributes: number;
}

export const defaultXmlLimits: XmlLimits = {
  maxBytes: 64 * 1024 * 1024,
  maxDepth: 256,
  maxNodes: 2_000_000,
  maxAttributes: 256,
};
