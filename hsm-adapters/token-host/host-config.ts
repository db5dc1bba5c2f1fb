import { dirname } from "node:path";
import {
  configInvalid,
  configObject,
  configText,
  parseTokenConfigs,
  type TokenConfig,
} from "../pkcs11/token-config.ts";

/** What a token host is started with. Holds no secret, so it may be kept beside other configuration. */
export interface TokenHostConfig {
  /** Absolute path of the Unix domain socket. Its directory is made 0700 and must belong to this user alone. */
  readonly socket: string;
  /** Where refused PINs are remembered; it should outlive a restart of the machine. Default: the socket's directory. */
  readonly stateDirectory: string;
  readonly tokens: readonly TokenConfig[];
}

/** sun_path of Linux holds 108 octets with its terminator. */
const MAX_SOCKET_PATH = 107;

/** A token host's configuration out of untyped JSON. @throws SignerError CONFIG_INVALID with `details.field` */
export function parseTokenHostConfig(value: unknown): TokenHostConfig {
  const o = configObject(value, "configuration");
  for (const key of Object.keys(o)) {
    if (!["socket", "stateDirectory", "tokens"].includes(key)) throw configInvalid(key, "is not known");
  }
  const socket = configText(o.socket, "socket");
  if (!socket.startsWith("/")) throw configInvalid("socket", "must be an absolute path");
  if (Buffer.byteLength(socket) > MAX_SOCKET_PATH) {
    throw configInvalid("socket", `must have at most ${MAX_SOCKET_PATH} octets`);
  }
  const stateDirectory =
    o.stateDirectory === undefined ? dirname(socket) : configText(o.stateDirectory, "stateDirectory");
  return { socket, stateDirectory, tokens: parseTokenConfigs(o.tokens) };
}
