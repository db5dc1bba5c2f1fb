/**
 * A large file gets room for what will be appended to it, so that each further revision is written behind the one before instead of into a
 * copy of the whole.
 */
const ROOM = 4 * 1024 * 1024;
/** Smaller files cost less to copy than to think about. */
const LARGE = 1024 * 1024;

/** How far each buffer made here is in use. */
const used = new WeakMap<ArrayBufferLike, number>();

/**
 * So many octets, zero and the caller's to fill, with room behind them where they are many: `append` uses it. Memory that is not
 * written to is not taken from the machine.
 */
export function octetsWithRoom(length: number): Uint8Array<ArrayBuffer> {
  if (length < LARGE) return new Uint8Array(length);
  const buffer = new ArrayBuffer(length + ROOM);
  used.set(buffer, length);
  return new Uint8Array(buffer, 0, length);
}

/**
 * `head` with `length` zero octets behind it, the caller's to fill. In the room behind `head` where there is some and nobody has had it;
 * the result then shares its first octets with `head`, and `head` stays as it is, since nothing before its end is written to. Else in
 * a copy. So no octet that anybody was given before is ever another one afterwards.
 */
export function append(head: Uint8Array, length: number): Uint8Array {
  const { buffer } = head;
  const end = head.length + length;
  const free = head.byteOffset === 0 && used.get(buffer) === head.length && end <= buffer.byteLength;
  if (free) {
    used.set(buffer, end);
    return new Uint8Array(buffer, 0, end);
  }
  const out = octetsWithRoom(end);
  out.set(head);
  return out;
}
