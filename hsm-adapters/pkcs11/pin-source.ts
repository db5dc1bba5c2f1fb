import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { SignerError } from "../signer.ts";
import type { TokenConfig } from "./token-config.ts";

/** Gives the PIN of a token when a login needs it. */
export type PinSource = () => string;

const MAX_PIN_OCTETS = 1024;

function readDescriptor(fd: number): string {
  const buffer = Buffer.alloc(MAX_PIN_OCTETS + 1);
  let length = 0;
  for (;;) {
    const n = readSync(fd, buffer, length, buffer.length - length, null);
    if (n === 0) break;
    length += n;
    if (length > MAX_PIN_OCTETS) throw new Error("longer than 1024 octets");
  }
  const text = buffer.toString("utf8", 0, length).replace(/\r?\n$/, "");
  buffer.fill(0);
  return text;
}

/**
 * How the PIN of this token is read: `pinFile` afresh at each call (a corrected PIN needs no restart), `pinEnv` and
 * `pinFd` once, now. Never from the command line, where every process of the machine can see it.
 * @throws SignerError CONFIG_INVALID, also from the source itself, when there is nothing to read; never with the PIN in it
 */
export function pinSource(config: TokenConfig, env: NodeJS.ProcessEnv = process.env): PinSource {
  const complain = (from: string, cause: unknown): SignerError =>
    new SignerError("CONFIG_INVALID", `token ${config.name}: cannot read its PIN from ${from}`, {
      details: { token: config.name, from, problem: cause instanceof Error ? cause.message : "empty" },
    });
  const nonEmpty = (pin: string | undefined, from: string): string => {
    if (pin === undefined || pin === "") throw complain(from, null);
    return pin;
  };

  if (config.pinFile !== undefined) {
    const path = config.pinFile;
    return () => {
      let fd: number | undefined;
      let pin: string;
      try {
        fd = openSync(path, "r");
        if (fstatSync(fd).isDirectory()) throw new Error("is a directory");
        pin = readDescriptor(fd);
      } catch (cause) {
        throw complain(path, cause);
      } finally {
        if (fd !== undefined) closeSync(fd);
      }
      return nonEmpty(pin, path);
    };
  }
  if (config.pinEnv !== undefined) {
    const pin = nonEmpty(env[config.pinEnv], `environment variable ${config.pinEnv}`);
    return () => pin;
  }
  if (config.pinFd !== undefined) {
    let pin: string;
    try {
      pin = readDescriptor(config.pinFd);
    } catch (cause) {
      throw complain(`file descriptor ${config.pinFd}`, cause);
    }
    nonEmpty(pin, `file descriptor ${config.pinFd}`);
    return () => pin;
  }
  return () => nonEmpty(undefined, "anywhere");
}
