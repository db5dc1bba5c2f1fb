import { SignaturesError } from "../../errors.ts";

export interface Token {
  kind: "operator" | "number" | "literal" | "name" | "star" | "symbol" | "end";
  text: string;
}

const NAME = "[\\p{L}_][\\p{L}\\p{N}\\p{M}_.\\-·]*";
const TOKEN = new RegExp(
  `\\s*(?:("[^"]*"|'[^']*')|(\\d+(?:\\.\\d*)?|\\.\\d+)|(//|::|\\.\\.|!=|<=|>=|[()\\[\\].@,/|+\\-=<>*$])|(${NAME}(?::(?!:)(?:${NAME}|\\*))?))`,
  "uy",
);
const OPERATOR_NAMES = new Set(["and", "or", "mod", "div"]);
const OPERATORS = new Set(["|", "+", "-", "=", "!=", "<", "<=", ">", ">=", "/", "//"]);

/**
 * Tokens of an XPath 1.0 expression, disambiguated by the rules of §3.7.
 * @throws SignaturesError XML_UNSUPPORTED (no XPath 1.0 expression), XML_LIMIT (longer than 8,192 characters)
 */
export function tokenize(expression: string): Token[] {
  if (expression.length > 8192) throw new SignaturesError("XML_LIMIT", "XPath expression too long");
  const out: Token[] = [];
  TOKEN.lastIndex = 0;
  const end = expression.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(expression);
    if (!match) throw new SignaturesError("XML_UNSUPPORTED", `XPath expression, offset ${at}`);
    out.push(token(match, out[out.length - 1]));
  }
  out.push({ kind: "end", text: "" });
  return out;
}

function token(match: RegExpExecArray, previous: Token | undefined): Token {
  const [, literal, number, symbol, name] = match;
  if (literal !== undefined) return { kind: "literal", text: literal.slice(1, -1) };
  if (number !== undefined) return { kind: "number", text: number };
  // After an operand, "*" multiplies and "and", "or", "mod", "div" are operators.
  const afterOperand =
    previous !== undefined &&
    previous.kind !== "operator" &&
    !(previous.kind === "symbol" && ["@", "::", "(", "[", ",", "$"].includes(previous.text));
  if (symbol !== undefined) {
    if (symbol === "*") return { kind: afterOperand ? "operator" : "star", text: "*" };
    return { kind: OPERATORS.has(symbol) ? "operator" : "symbol", text: symbol };
  }
  if (afterOperand && OPERATOR_NAMES.has(name!)) return { kind: "operator", text: name! };
  return { kind: "name", text: name! };
}
