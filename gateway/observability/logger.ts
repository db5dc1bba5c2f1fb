import { type Logger, pino } from "pino";
import type { Config } from "../config/index.ts";

export type { Logger };

/**
 * One JSON object a line on standard output. Callers log ids, digests, codes and times; whatever could hold a secret is
 * taken out here as well, should somebody forget.
 */
export function createLogger(
  config: Pick<Config, "log">,
  name: string,
  destination?: { write(line: string): void },
): Logger {
  const options = {
    name: `hocba-${name}`,
    level: config.log.level,
    redact: {
      paths: [
        "authorization",
        "*.authorization",
        "headers",
        "*.headers",
        "pin",
        "*.pin",
        "secret",
        "*.secret",
        "body",
        "content",
      ],
      censor: "[redacted]",
    },
    serializers: { error: serializeError, err: serializeError },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** Code, message and the chain of causes; never the enumerable properties foreign errors carry (request, payload). */
function serializeError(error: unknown, depth = 0): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error).slice(0, 200) };
  const code = (error as { code?: unknown }).code;
  return {
    type: error.name,
    ...(typeof code === "string" ? { code } : {}),
    message: error.message.slice(0, 500),
    ...(depth === 0 && code === undefined ? { stack: error.stack } : {}),
    ...(error.cause === undefined || depth >= 3 ? {} : { cause: serializeError(error.cause, depth + 1) }),
  };
}
