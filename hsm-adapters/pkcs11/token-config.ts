import { SignerError } from "../signer.ts";

/** One token of a configuration. Exactly one of `tokenLabel`, `serial`, `slot` picks it among those of the module. */
export interface TokenConfig {
  /** The operator's name for it, used in every `KeyRef`: letters, digits, `-`, `_`, `.`; at most 64. */
  readonly name: string;
  /** Absolute path of the PKCS #11 library. */
  readonly module: string;
  /** CK_TOKEN_INFO.label without its padding. */
  readonly tokenLabel?: string;
  /** CK_TOKEN_INFO.serialNumber without its padding. */
  readonly serial?: string;
  /** CK_SLOT_ID. The serial number found first is then the only one accepted, so no PIN goes to a stranger's token. */
  readonly slot?: number;
  /** File that holds the PIN; a line end after it is cut off. Read again at every login. */
  readonly pinFile?: string;
  /** Environment variable that holds the PIN. */
  readonly pinEnv?: string;
  /** Open file descriptor to read the PIN from, once. */
  readonly pinFd?: number;
  /** Sessions that sign at the same time, 1 to 64. Default 4; a USB token gains nothing from more than one. */
  readonly sessions?: number;
  /** False where the token signs without C_Login. Default true. */
  readonly loginRequired?: boolean;
  /** Longest C_Sign in milliseconds before the call fails as TOKEN_TIMEOUT. Default 10 000. */
  readonly signTimeoutMs?: number;
  /** Longest wait for a free session in milliseconds before TOKEN_TIMEOUT. Default 30 000. */
  readonly queueTimeoutMs?: number;
  /** Calls that may wait for a session before TOKEN_BUSY. Default 1 000. */
  readonly queueLimit?: number;
}

const PIN_SOURCES = ["pinFile", "pinEnv", "pinFd"] as const;
const SELECTORS = ["tokenLabel", "serial", "slot"] as const;
const KNOWN = new Set<string>([
  "name",
  "module",
  ...SELECTORS,
  ...PIN_SOURCES,
  "sessions",
  "loginRequired",
  "signTimeoutMs",
  "queueTimeoutMs",
  "queueLimit",
]);

/** Fails as CONFIG_INVALID at a place such as `tokens[0].pinFile`. */
export function configInvalid(field: string, problem: string): SignerError {
  return new SignerError("CONFIG_INVALID", `${field}: ${problem}`, { details: { field, problem } });
}

/** A plain object, or CONFIG_INVALID. @throws SignerError */
export function configObject(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw configInvalid(field, "must be an object");
  }
  return value as Record<string, unknown>;
}

/** A non-empty text of at most 4096 characters. @throws SignerError */
export function configText(value: unknown, field: string): string {
  if (typeof value !== "string" || value === "" || value.length > 4096 || value.includes("\0")) {
    throw configInvalid(field, "must be a non-empty text");
  }
  return value;
}

/** A whole number between the bounds, both allowed. @throws SignerError */
export function configNumber(value: unknown, field: string, low: number, high: number): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < low || value > high) {
    throw configInvalid(field, `must be a whole number from ${low} to ${high}`);
  }
  return value;
}

/**
 * One token's configuration out of untyped JSON. A PIN written into the configuration itself is refused: configurations
 * are copied, printed and kept in version control. @throws SignerError CONFIG_INVALID
 */
export function parseTokenConfig(value: unknown, field = "token"): TokenConfig {
  const o = configObject(value, field);
  if ("pin" in o) throw configInvalid(`${field}.pin`, "a PIN does not belong here; use pinFile, pinEnv or pinFd");
  for (const key of Object.keys(o)) if (!KNOWN.has(key)) throw configInvalid(`${field}.${key}`, "is not known");

  const name = configText(o.name, `${field}.name`);
  if (!/^[\w.-]{1,64}$/.test(name)) throw configInvalid(`${field}.name`, "may hold letters, digits, '-', '_', '.'");
  const module = configText(o.module, `${field}.module`);
  if (!module.startsWith("/")) throw configInvalid(`${field}.module`, "must be an absolute path");

  const selectors = SELECTORS.filter((s) => o[s] !== undefined);
  if (selectors.length !== 1) throw configInvalid(field, `needs exactly one of ${SELECTORS.join(", ")}`);
  if (o.loginRequired !== undefined && typeof o.loginRequired !== "boolean") {
    throw configInvalid(`${field}.loginRequired`, "must be true or false");
  }
  const sources = PIN_SOURCES.filter((s) => o[s] !== undefined);
  if (sources.length > 1 || (sources.length === 0 && o.loginRequired !== false)) {
    throw configInvalid(field, `needs exactly one of ${PIN_SOURCES.join(", ")} (or loginRequired: false)`);
  }
  if (o.pinEnv !== undefined && !/^[A-Za-z_]\w*$/.test(configText(o.pinEnv, `${field}.pinEnv`))) {
    throw configInvalid(`${field}.pinEnv`, "is not a name of an environment variable");
  }

  const number = (key: string, low: number, high: number): Record<string, number> =>
    o[key] === undefined ? {} : { [key]: configNumber(o[key], `${field}.${key}`, low, high) };
  const text = (key: string): Record<string, string> =>
    o[key] === undefined ? {} : { [key]: configText(o[key], `${field}.${key}`) };
  return {
    name,
    module,
    ...text("tokenLabel"),
    ...text("serial"),
    ...number("slot", 0, Number.MAX_SAFE_INTEGER),
    ...text("pinFile"),
    ...text("pinEnv"),
    ...number("pinFd", 0, 1024),
    ...number("sessions", 1, 64),
    ...(o.loginRequired === undefined ? {} : { loginRequired: o.loginRequired }),
    ...number("signTimeoutMs", 10, 600_000),
    ...number("queueTimeoutMs", 10, 600_000),
    ...number("queueLimit", 1, 100_000),
  };
}

/** Several tokens, their names different. @throws SignerError CONFIG_INVALID */
export function parseTokenConfigs(value: unknown, field = "tokens"): TokenConfig[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > 64) {
    throw configInvalid(field, "must be a list of 1 to 64 tokens");
  }
  const tokens = value.map((token, i) => parseTokenConfig(token, `${field}[${i}]`));
  const seen = new Set<string>();
  for (const [i, token] of tokens.entries()) {
    if (seen.has(token.name)) throw configInvalid(`${field}[${i}].name`, `"${token.name}" occurs twice`);
    seen.add(token.name);
  }
  return tokens;
}
