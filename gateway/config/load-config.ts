import { readFileSync } from "node:fs";
import type { z } from "zod";
import { GatewayError } from "../errors.ts";
import { type Config, type ConfigInput, configSchema } from "./config.ts";

const environmentPrefix = "HOCBA__";

/**
 * The configuration from one JSON file and the environment, which wins: `HOCBA__REDIS__URL` sets `redis.url`, a value that
 * is JSON is read as JSON. @throws GatewayError CONFIG_INVALID, its message naming each key and what to do about it
 */
export function loadConfig(file: string | null, environment: Readonly<Record<string, string | undefined>>): Config {
  const content = file === null ? {} : readJson(file);
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(environmentPrefix) || value === undefined) continue;
    set(content, keyPath(name), value, name);
  }
  return parseConfig(content as ConfigInput);
}

/** The configuration with its defaults. @throws GatewayError CONFIG_INVALID */
export function parseConfig(content: ConfigInput): Config {
  const result = configSchema.safeParse(content);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => ({ key: keyName(issue), problem: issue.message }));
  throw new GatewayError(
    "CONFIG_INVALID",
    `the configuration is not usable:\n${problems.map(({ key, problem }) => `  ${key}: ${problem}`).join("\n")}\n` +
      "Set each key in the configuration file, or in the environment (dataDir is HOCBA__DATA_DIR, redis.url is HOCBA__REDIS__URL).",
    { details: { problems } },
  );
}

function keyName(issue: z.core.$ZodIssue): string {
  const path = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => (path === "" ? key : `${path}.${key}`)).join(", ");
  return path === "" ? "(the whole file)" : path;
}

function readJson(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new GatewayError("CONFIG_INVALID", `the configuration file ${file} cannot be read`, { cause: error });
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    // V8's message quotes the text, which may hold a password.
    const position = /position (\d+)/.exec((error as Error).message)?.[1];
    throw new GatewayError(
      "CONFIG_INVALID",
      `the configuration file ${file} is not JSON${position === undefined ? "" : ` (at character ${position})`}`,
    );
  }
  throw new GatewayError("CONFIG_INVALID", `the configuration file ${file} must hold one JSON object`);
}

/** `HOCBA__TIMESTAMPS__CLOCK_TOLERANCE_MS` → ["timestamps", "clockToleranceMs"]. */
function keyPath(name: string): string[] {
  return name
    .slice(environmentPrefix.length)
    .split("__")
    .map((part) => part.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()));
}

function set(target: Record<string, unknown>, path: readonly string[], text: string, name: string): void {
  let place = target;
  for (const key of path.slice(0, -1)) {
    if (!Object.hasOwn(place, key)) place[key] = {};
    const next = place[key];
    if (typeof next !== "object" || next === null || Array.isArray(next)) {
      throw new GatewayError("CONFIG_INVALID", `${name}: ${key} is not a group of settings`);
    }
    place = next as Record<string, unknown>;
  }
  place[path.at(-1)!] = readValue(text, name);
}

function readValue(text: string, name: string): unknown {
  if (!/^(?:[[{"]|true$|false$|null$|-?\d+$)/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new GatewayError("CONFIG_INVALID", `${name} looks like JSON and is none`, { cause: error });
  }
}
