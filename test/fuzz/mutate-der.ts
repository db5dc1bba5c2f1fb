import { join, mutateOctets } from "./mutate-octets.ts";
import type { Random } from "./random.ts";

interface Node {
  tag: number;
  children: Node[] | null;
  value: Uint8Array;
}

const MOST_NODES = 4000;
const MOST_COPIED = 20_000;
const TAGS = [
  0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x0c, 0x13, 0x17, 0x18, 0x24, 0x30, 0x31, 0x80, 0xa0, 0xa1, 0xa3,
];

/** Changes a node of the tree and writes the lengths above it anew, so that readers come past the first check. */
export function mutateDer(bytes: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  const all: Node[] = [];
  const tree = read(bytes, 0, all);
  if (tree.length === 0 || all.length === 0) return mutateOctets(bytes, random, other);
  for (let n = 1 + random.below(2); n > 0; n--) change(random.pick(all), all, random, other);
  const lengths = { random, spoil: random.chance(0.25) ? random.below(all.length) : -1, count: 0 };
  return join(...tree.map((node) => write(node, lengths, 0)));
}

function change(node: Node, all: readonly Node[], random: Random, other: Uint8Array): void {
  switch (random.below(9)) {
    case 0:
      node.tag = random.pick(TAGS);
      break;
    case 1:
      node.children = null;
      node.value = mutateOctets(node.value, random, other);
      break;
    case 2:
      if (node.children?.length) node.children.splice(random.below(node.children.length), 1);
      else node.value = new Uint8Array(0);
      break;
    case 3: {
      // A copy: a node inside itself would have no end.
      const child = frozen(random.pick(all));
      const copies = child.value.length > MOST_COPIED ? 1 : random.pick([1, 2, 50]);
      if (node.children) for (let i = 0; i < copies; i++) node.children.push(child);
      break;
    }
    case 4:
      Object.assign(node, frozen(random.pick(all)));
      break;
    case 5:
      if (node.children) node.children.reverse();
      break;
    case 6: {
      // Deep nesting of its own kind.
      let inner = frozen(node);
      for (let depth = random.pick([1, 20, 200]); depth > 0; depth--) {
        inner = { tag: random.pick([0x30, 0xa0, 0x24]), children: null, value: encode(inner.tag, inner.value) };
      }
      Object.assign(node, inner);
      break;
    }
    case 7:
      node.children = null;
      node.value = Uint8Array.from({ length: random.pick([0, 1, 8, 600]) }, () => random.pick([0, 0xff, 0x7f, 0x80]));
      break;
    default:
      if (node.children && node.children.length > 1) {
        const [a, b] = [random.below(node.children.length), random.below(node.children.length)];
        [node.children[a], node.children[b]] = [node.children[b]!, node.children[a]!];
      } else node.value = mutateOctets(node.value, random, other);
  }
}

const frozen = (node: Node): Node => ({ tag: node.tag, children: null, value: contentOf(node, null, 0) });

function read(bytes: Uint8Array, depth: number, all: Node[]): Node[] {
  const nodes: Node[] = [];
  let at = 0;
  while (at + 2 <= bytes.length && all.length < MOST_NODES) {
    const tag = bytes[at]!;
    let length = bytes[at + 1]!;
    let head = 2;
    if (length > 0x80 && length <= 0x84) {
      const octets = length & 0x7f;
      length = 0;
      for (let i = 0; i < octets; i++) length = length * 256 + (bytes[at + 2 + i] ?? 0);
      head += octets;
    }
    if ((tag & 0x1f) === 0x1f || at + head + length > bytes.length) return depth === 0 ? nodes : [];
    const value = bytes.subarray(at + head, at + head + length);
    const node: Node = { tag, children: null, value };
    all.push(node);
    if (tag & 0x20 && depth < 30) {
      const children = read(value, depth + 1, all);
      if (children.length > 0) node.children = children;
    } else if (tag === 0x04 && value[0] === 0x30 && depth < 30) {
      // What an OCTET STRING wraps is often DER again.
      const children = read(value, depth + 1, all);
      if (children.length === 1) node.children = children;
    }
    nodes.push(node);
    at += head + length;
  }
  return at === bytes.length ? nodes : [];
}

interface Lengths {
  readonly random: Random;
  readonly spoil: number;
  count: number;
}

function contentOf(node: Node, lengths: Lengths | null, depth: number): Uint8Array {
  if (!node.children || depth > 60) return node.value;
  return join(...node.children.map((child) => write(child, lengths, depth + 1)));
}

function write(node: Node, lengths: Lengths | null, depth: number): Uint8Array {
  const spoilt = lengths !== null && lengths.count++ === lengths.spoil;
  const content = contentOf(node, lengths, depth);
  if (!spoilt || !lengths) return encode(node.tag, content);
  const { random } = lengths;
  const head = random.pick([
    [0x80],
    [0x84, 0xff, 0xff, 0xff, 0xff],
    [0x84, 0x7f, 0xff, 0xff, 0xff],
    [0x88, 1, 0, 0, 0, 0, 0, 0, 0],
    [0x82, 0, content.length & 0x7f],
    [(content.length + 1) & 0x7f],
    [Math.max(0, content.length - 1) & 0x7f],
    [0xff],
  ]);
  const tail = head[0] === 0x80 && random.chance(0.7) ? [0, 0] : [];
  return join(Uint8Array.of(node.tag, ...head), content, Uint8Array.from(tail));
}

function encode(tag: number, content: Uint8Array): Uint8Array {
  const n = content.length;
  const head =
    n < 0x80
      ? [n]
      : n < 0x100
        ? [0x81, n]
        : n < 0x10000
          ? [0x82, n >> 8, n & 255]
          : [0x83, n >> 16, (n >> 8) & 255, n & 255];
  return join(Uint8Array.of(tag, ...head), content);
}
