import { setTimeout as delay } from "node:timers/promises";
import pkcs11js from "pkcs11js";
import { SignerError } from "../signer.ts";
import { returnValueOf } from "./cryptoki-error.ts";
import type { FoundKey } from "./find-keys.ts";
import { type FoundSlot, findSlot } from "./find-slot.ts";
import { login } from "./login.ts";
import type { Pkcs11Module } from "./module.ts";
import type { PinAttempt, PinLock } from "./pin-lock.ts";
import type { PinSource } from "./pin-source.ts";
import { SessionPool } from "./session-pool.ts";
import type { TokenConfig } from "./token-config.ts";

/** While a connection stands: the slot, the logged-in sessions, what was found. */
export interface Connection {
  readonly slot: pkcs11js.Handle;
  /** Used for finding and asking only, so that it never waits for a signature. */
  readonly control: pkcs11js.Handle;
  readonly sessions: Set<pkcs11js.Handle>;
  readonly pool: SessionPool;
  /** Sessions the module is working on: not to be closed under its hands. */
  readonly busy: Set<pkcs11js.Handle>;
  readonly attempt: PinAttempt | null;
  readonly keys: Map<string, FoundKey>;
}

export interface ConnectionRequest {
  readonly config: TokenConfig;
  readonly module: Pkcs11Module;
  readonly knownSerial: string | null;
  readonly lock: PinLock;
  readonly pin: PinSource;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/** SoftHSM writes a token's file anew at each login of any process; who reads it in that moment sees no token. */
const LOOKS_AGAIN = 3;
const LOOK_AGAIN_MS = 25;

/** The slot as the module sees it now; after a fresh start of the module where it sees none. */
function locate({ config, module, knownSerial }: ConnectionRequest): FoundSlot | null {
  const { cryptoki } = module;
  try {
    cryptoki.C_GetSlotList(true);
  } catch (error) {
    if (returnValueOf(error) !== "CKR_CRYPTOKI_NOT_INITIALIZED") throw error;
    module.forget();
    module.initialize();
  }
  const found = findSlot(cryptoki, config, knownSerial);
  return !found && module.reinitialize() ? findSlot(cryptoki, config, knownSerial) : found;
}

/**
 * Finds the token, opens its sessions and logs in once. Sessions of a failed attempt are closed again.
 * The connection counts as a user of the module until its owner calls `module.leave`.
 * @throws SignerError, and what pkcs11js throws
 */
export async function openConnection(request: ConnectionRequest): Promise<{ connection: Connection; serial: string }> {
  const { config, module, lock } = request;
  const { cryptoki } = module;
  let found = locate(request);
  for (let tries = 0; !found && tries < LOOKS_AGAIN; tries++) {
    await delay(LOOK_AGAIN_MS * 2 ** tries * (0.5 + request.random()));
    found = locate(request);
  }
  if (!found) {
    throw new SignerError("TOKEN_ABSENT", `token ${config.name}: not in any slot`, {
      retryable: true,
      details: { token: config.name },
    });
  }
  // Nothing is waited for between the look and the claim: another connection could start the module afresh.
  const { slot, serial } = found;
  const inUse = {};
  module.enter(inUse);
  const opened: pkcs11js.Handle[] = [];
  const openSession = (): pkcs11js.Handle => {
    const session = cryptoki.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION);
    opened.push(session);
    return session;
  };
  try {
    const control = openSession();
    let attempt: PinAttempt | null = null;
    if (config.loginRequired !== false) {
      attempt = { pin: request.pin(), module: module.path, serial };
      const { random } = request;
      await login({
        cryptoki,
        token: config.name,
        slot,
        session: control,
        lock,
        attempt,
        delay: (ms) => delay(ms),
        random,
      });
    }
    const sessions = Array.from({ length: config.sessions ?? 4 }, openSession);
    const pool = new SessionPool(config.name, sessions, config.queueLimit ?? 1000);
    const connection: Connection = {
      slot,
      control,
      sessions: new Set(sessions),
      pool,
      busy: new Set(),
      attempt,
      keys: new Map(),
    };
    module.enter(connection);
    return { connection, serial };
  } catch (error) {
    for (const session of opened) {
      try {
        cryptoki.C_CloseSession(session);
      } catch {
        // the reason is the error above
      }
    }
    throw error;
  } finally {
    module.leave(inUse);
  }
}
