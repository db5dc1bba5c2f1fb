import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pkcs11js from "pkcs11js";
import { findKeys } from "../pkcs11/find-keys.ts";
import { login } from "../pkcs11/login.ts";
import { loadModule } from "../pkcs11/module.ts";
import { PinLock } from "../pkcs11/pin-lock.ts";
import type { TokenConfig } from "../pkcs11/token-config.ts";
import { SignerError } from "../signer.ts";
import { certificateNames } from "./certificate-names.ts";

/** Kinds of keys made inside the token. */
export type KeyKind = "rsa-2048" | "rsa-3072" | "rsa-4096" | "ec-p256";

export interface SoftHsmKey {
  /** CKA_ID in lower-case hex, at most 64 octets. */
  readonly id: string;
  readonly label: string;
  readonly algorithm: KeyKind;
}

export interface SoftHsmRequest {
  /** Directory for this token only; made when absent (0700). */
  readonly dataDir: string;
  /** CKA_LABEL of the token, at most 32 octets. */
  readonly label: string;
  readonly pin: string;
  readonly soPin: string;
  readonly keys: readonly SoftHsmKey[];
  /** Path of libsofthsm2.so. Default: where Debian puts it. */
  readonly module?: string;
}

export interface SoftHsmToken {
  readonly module: string;
  /** Path of the softhsm2.conf. Every process that loads the module needs it in its environment as SOFTHSM2_CONF. */
  readonly configFile: string;
  readonly env: { readonly SOFTHSM2_CONF: string };
  readonly label: string;
  readonly serial: string;
  /** SubjectPublicKeyInfo in DER by key id. */
  readonly publicKeys: ReadonlyMap<string, Uint8Array>;
  /** How many keys did not exist before. */
  readonly created: number;
  /** Puts the certificate on the token beside the key with this id, in place of the same one. @throws SignerError */
  storeCertificate(id: string, der: Uint8Array): Promise<void>;
  /** The part of a token's configuration that finds it. */
  tokenConfig(name: string, rest: Omit<TokenConfig, "name" | "module" | "tokenLabel" | "serial" | "slot">): TokenConfig;
}

export const SOFTHSM_MODULE = "/usr/lib/softhsm/libsofthsm2.so";
const P256 = Buffer.from("06082a8648ce3d030107", "hex");

/** Text of a softhsm2.conf for tokens under `directory`. */
const configText = (directory: string): string =>
  [`directories.tokendir = ${directory}`, "objectstore.backend = file", "log.level = ERROR", ""].join("\n");

/** Uses the module with this configuration and nothing else open, then lets go of it. One at a time in this process. */
async function withSoftHsm<T>(
  module: string,
  configFile: string,
  use: (p11: pkcs11js.PKCS11) => Promise<T>,
): Promise<T> {
  const turn = queue.then(async () => {
    const before = process.env.SOFTHSM2_CONF;
    process.env.SOFTHSM2_CONF = configFile; // read by C_Initialize only
    try {
      const loaded = loadModule(module);
      if (!loaded.reinitialize()) {
        throw new SignerError("TOKEN_BUSY", "SoftHSM is in use in this process with another configuration", {
          retryable: true,
        });
      }
      const inUse = {};
      loaded.enter(inUse);
      try {
        return await use(loaded.cryptoki as pkcs11js.PKCS11);
      } finally {
        loaded.leave(inUse);
        loaded.finalize();
      }
    } finally {
      if (before === undefined) delete process.env.SOFTHSM2_CONF;
      else process.env.SOFTHSM2_CONF = before;
    }
  });
  queue = turn.catch(() => {});
  return turn;
}
let queue: Promise<unknown> = Promise.resolve();

const trimmed = (padded: string): string => padded.replace(/[\0 ]+$/, "");

function findToken(p11: pkcs11js.PKCS11, label: string): { slot: pkcs11js.Handle; serial: string } | null {
  for (const slot of p11.C_GetSlotList(true)) {
    const info = p11.C_GetTokenInfo(slot);
    const initialized = (info.flags & pkcs11js.CKF_TOKEN_INITIALIZED) !== 0;
    if (initialized && trimmed(info.label) === label) return { slot, serial: trimmed(info.serialNumber) };
  }
  return null;
}

function initToken(p11: pkcs11js.PKCS11, { label, pin, soPin }: SoftHsmRequest): void {
  const free = p11.C_GetSlotList(false).find((slot) => {
    return (p11.C_GetTokenInfo(slot).flags & pkcs11js.CKF_TOKEN_INITIALIZED) === 0;
  });
  if (!free) throw new SignerError("MODULE_UNUSABLE", "SoftHSM offers no free slot");
  // C_InitToken reads exactly 32 octets (PKCS #11 v2.40 §5.5) and pkcs11js does not pad.
  const padding = 32 - Buffer.byteLength(label);
  if (padding < 0) throw new SignerError("REQUEST_INVALID", "a token's label has at most 32 octets");
  p11.C_InitToken(free, soPin, label + " ".repeat(padding));
  const session = p11.C_OpenSession(free, pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION);
  try {
    p11.C_Login(session, pkcs11js.CKU_SO, soPin);
    p11.C_InitPIN(session, pin);
    p11.C_Logout(session);
  } finally {
    p11.C_CloseSession(session);
  }
}

async function generate(p11: pkcs11js.PKCS11, session: pkcs11js.Handle, key: SoftHsmKey): Promise<void> {
  const id = Buffer.from(key.id, "hex");
  const common = [
    { type: pkcs11js.CKA_TOKEN, value: true },
    { type: pkcs11js.CKA_ID, value: id },
    { type: pkcs11js.CKA_LABEL, value: key.label },
  ];
  const rsa = key.algorithm !== "ec-p256";
  const parameters = rsa
    ? [
        { type: pkcs11js.CKA_MODULUS_BITS, value: Number(key.algorithm.slice(4)) },
        { type: pkcs11js.CKA_PUBLIC_EXPONENT, value: Buffer.of(1, 0, 1) },
      ]
    : [{ type: pkcs11js.CKA_EC_PARAMS, value: P256 }];
  await p11.C_GenerateKeyPairAsync(
    session,
    { mechanism: rsa ? pkcs11js.CKM_RSA_PKCS_KEY_PAIR_GEN : pkcs11js.CKM_EC_KEY_PAIR_GEN },
    [...common, { type: pkcs11js.CKA_VERIFY, value: true }, ...parameters],
    [
      ...common,
      { type: pkcs11js.CKA_PRIVATE, value: true },
      { type: pkcs11js.CKA_SENSITIVE, value: true },
      { type: pkcs11js.CKA_EXTRACTABLE, value: false },
      { type: pkcs11js.CKA_SIGN, value: true },
    ],
  );
}

/** Opens a read-write session as the user, once, with SoftHSM's failing logins tried again. */
async function loggedIn<T>(
  p11: pkcs11js.PKCS11,
  label: string,
  pin: string,
  use: (session: pkcs11js.Handle, token: { slot: pkcs11js.Handle; serial: string }) => Promise<T>,
): Promise<T> {
  const token = findToken(p11, label);
  if (!token) throw new SignerError("TOKEN_ABSENT", `no SoftHSM token labelled ${label}`, { retryable: true });
  const session = p11.C_OpenSession(token.slot, pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION);
  try {
    await login({
      cryptoki: p11,
      token: label,
      slot: token.slot,
      session,
      lock: new PinLock(null, label, Date.now),
      attempt: { pin, module: "", serial: token.serial },
      delay: (ms) => delay(ms),
      random: Math.random,
    });
    return await use(session, token);
  } finally {
    p11.C_CloseSession(session);
  }
}

/**
 * A SoftHSM token of its own under `dataDir`, with these keys made inside it. What exists already is found and kept, so
 * the second run is quick and the keys are the same. For the demo, tests and trying out; no place for a school's seal.
 * @throws SignerError
 */
export async function provisionSoftHsm(request: SoftHsmRequest): Promise<SoftHsmToken> {
  const module = request.module ?? SOFTHSM_MODULE;
  const tokens = join(request.dataDir, "tokens");
  const configFile = join(request.dataDir, "softhsm2.conf");
  mkdirSync(tokens, { recursive: true, mode: 0o700 });
  writeFileSync(configFile, configText(tokens), { mode: 0o600 });
  for (const { id } of request.keys) {
    if (!/^([0-9a-f]{2}){1,64}$/.test(id)) {
      throw new SignerError("REQUEST_INVALID", "a key id is 1 to 64 octets in lower-case hex", { details: { id } });
    }
  }

  const made = await withSoftHsm(module, configFile, async (p11) => {
    if (!findToken(p11, request.label)) initToken(p11, request);
    return loggedIn(p11, request.label, request.pin, async (session, { slot, serial }) => {
      const known = new Set(findKeys(p11, slot, session).map((key) => key.id));
      const missing = request.keys.filter((key) => !known.has(key.id));
      // All at once: the library's threads make as many keys in parallel as there are cores.
      await Promise.all(missing.map((key) => generate(p11, session, key)));
      const publicKeys = new Map<string, Uint8Array>();
      for (const key of findKeys(p11, slot, session)) if (key.spki) publicKeys.set(key.id, key.spki);
      return { serial, publicKeys, created: missing.length };
    });
  });

  return {
    module,
    configFile,
    env: { SOFTHSM2_CONF: configFile },
    label: request.label,
    ...made,
    storeCertificate: (id, der) =>
      withSoftHsm(module, configFile, (p11) =>
        loggedIn(p11, request.label, request.pin, async (session) => storeCertificate(p11, session, id, der)),
      ),
    tokenConfig: (name, rest) => ({ name, module, tokenLabel: request.label, ...rest }),
  };
}

function storeCertificate(p11: pkcs11js.PKCS11, session: pkcs11js.Handle, id: string, der: Uint8Array): void {
  const { subject, issuer, serial } = certificateNames(der);
  const value = Buffer.from(der);
  p11.C_FindObjectsInit(session, [
    { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_CERTIFICATE },
    { type: pkcs11js.CKA_ID, value: Buffer.from(id, "hex") },
    { type: pkcs11js.CKA_VALUE, value },
  ]);
  const same = p11.C_FindObjects(session, 1);
  p11.C_FindObjectsFinal(session);
  if (same.length > 0) return;
  p11.C_CreateObject(session, [
    { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_CERTIFICATE },
    { type: pkcs11js.CKA_CERTIFICATE_TYPE, value: pkcs11js.CKC_X_509 },
    { type: pkcs11js.CKA_TOKEN, value: true },
    { type: pkcs11js.CKA_PRIVATE, value: false },
    { type: pkcs11js.CKA_ID, value: Buffer.from(id, "hex") },
    { type: pkcs11js.CKA_SUBJECT, value: subject },
    { type: pkcs11js.CKA_ISSUER, value: issuer },
    { type: pkcs11js.CKA_SERIAL_NUMBER, value: serial },
    { type: pkcs11js.CKA_VALUE, value },
  ]);
}
