/** Where a value stands in a text, from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface PositionedJson {
  readonly value: unknown;
  /** Position of each value, by its path as JSON (`["steps",0,"id"]`); of a member, that of its key. */
  positionOf(path: readonly PropertyKey[]): Position;
}

export class JsonSyntaxError extends Error {
  readonly position: Position;

  constructor(message: string, position: Position) {
    super(message);
    this.position = position;
  }
}

const MAX_DEPTH = 50;
const SPACE = /[ \t\r\n]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;

/**
 * Reads JSON (RFC 8259) and remembers where each value stands, so that an operator is told the line. A key that stands twice in an
 * object is an error: which of the two counts would be a guess. @throws JsonSyntaxError
 */
export function parseJsonWithPositions(text: string): PositionedJson {
  const places = new Map<string, number>();
  let at = 0;

  const position = (offset: number): Position => {
    const before = text.slice(0, offset);
    const line = before.split("\n").length;
    return { line, column: offset - before.lastIndexOf("\n") };
  };
  const fail = (message: string, offset = at): never => {
    throw new JsonSyntaxError(message, position(offset));
  };
  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return null;
    at += match[0].length;
    return match[0];
  };
  const expect = (sign: string, what: string): void => {
    take(SPACE);
    if (text[at] !== sign) fail(at >= text.length ? `the text ends where ${what} should stand` : `expected ${what}`);
    at++;
  };
  const next = (sign: string): boolean => {
    take(SPACE);
    if (text[at] !== sign) return false;
    at++;
    return true;
  };
  const string = (): string => JSON.parse(take(STRING) ?? fail("expected a string in double quotes")) as string;

  const value = (path: readonly PropertyKey[]): unknown => {
    if (path.length > MAX_DEPTH) fail("nested too deeply");
    take(SPACE);
    const key = JSON.stringify(path);
    if (!places.has(key)) places.set(key, at);
    if (next("{")) return object(path);
    if (next("[")) return array(path);
    if (text[at] === '"') return string();
    for (const [word, meaning] of [
      ["true", true],
      ["false", false],
      ["null", null],
    ] as const) {
      if (text.startsWith(word, at)) {
        at += word.length;
        return meaning;
      }
    }
    const number = take(NUMBER);
    return number === null
      ? fail(at >= text.length ? "the text ends where a value should stand" : "not a JSON value")
      : Number(number);
  };

  const object = (path: readonly PropertyKey[]): Record<string, unknown> => {
    const out: Record<string, unknown> = {};
    if (next("}")) return out;
    do {
      take(SPACE);
      const start = at;
      const key = string();
      if (Object.hasOwn(out, key)) fail(`"${key}" stands here a second time`, start);
      const inner = [...path, key];
      places.set(JSON.stringify(inner), start);
      expect(":", "a colon after the key");
      Object.defineProperty(out, key, { value: value(inner), enumerable: true, writable: true, configurable: true });
    } while (next(","));
    expect("}", 'a comma or "}"');
    return out;
  };

  const array = (path: readonly PropertyKey[]): unknown[] => {
    const out: unknown[] = [];
    if (next("]")) return out;
    do out.push(value([...path, out.length]));
    while (next(","));
    expect("]", 'a comma or "]"');
    return out;
  };

  const result = value([]);
  take(SPACE);
  if (at < text.length) fail("there is something after the end");
  return {
    value: result,
    positionOf(path) {
      // What is missing has no place of its own: the object that lacks it has.
      for (let length = path.length; length >= 0; length--) {
        const offset = places.get(JSON.stringify(path.slice(0, length)));
        if (offset !== undefined) return position(offset);
      }
      return { line: 1, column: 1 };
    },
  };
}
