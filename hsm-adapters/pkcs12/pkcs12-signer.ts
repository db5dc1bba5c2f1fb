import { readFile } from "node:fs/promises";
import { checkSignRequest } from "../pkcs11/mechanisms.ts";
import { pinSource } from "../pkcs11/pin-source.ts";
import { configInvalid, configObject, configText } from "../pkcs11/token-config.ts";
import { type KeyRef, type Signer, SignerError, type SigningAlgorithm, type TokenKey } from "../signer.ts";
import { openPkcs12, type Pkcs12Key } from "./open-pkcs12.ts";
import { signDigest } from "./sign-digest.ts";

/** One PKCS #12 file, taken for a token of this name. */
export interface Pkcs12Config {
  readonly name: string;
  /** Path of the .p12 or .pfx file. */
  readonly file: string;
  readonly pinFile?: string;
  readonly pinEnv?: string;
  readonly pinFd?: number;
}

/** Out of untyped JSON. @throws SignerError CONFIG_INVALID */
export function parsePkcs12Config(value: unknown, field = "token"): Pkcs12Config {
  const o = configObject(value, field);
  const known = ["name", "file", "pinFile", "pinEnv", "pinFd"];
  for (const key of Object.keys(o)) if (!known.includes(key)) throw configInvalid(`${field}.${key}`, "is not known");
  const name = configText(o.name, `${field}.name`);
  if (!/^[\w.-]{1,64}$/.test(name)) throw configInvalid(`${field}.name`, "may hold letters, digits, '-', '_', '.'");
  const sources = known.slice(2).filter((key) => o[key] !== undefined);
  if (sources.length !== 1) throw configInvalid(field, "needs exactly one of pinFile, pinEnv, pinFd");
  if (o.pinFd !== undefined && !Number.isSafeInteger(o.pinFd))
    throw configInvalid(`${field}.pinFd`, "must be a number");
  return {
    name,
    file: configText(o.file, `${field}.file`),
    ...(o.pinFile === undefined ? {} : { pinFile: configText(o.pinFile, `${field}.pinFile`) }),
    ...(o.pinEnv === undefined ? {} : { pinEnv: configText(o.pinEnv, `${field}.pinEnv`) }),
    ...(o.pinFd === undefined ? {} : { pinFd: o.pinFd as number }),
  };
}

const algorithmsOf = ({ privateKey }: Pkcs12Key): SigningAlgorithm[] => {
  const details = privateKey.asymmetricKeyDetails;
  if (privateKey.asymmetricKeyType === "rsa" && (details?.modulusLength ?? 0) >= 1024) {
    return ["rsa-pkcs1-sha256", "rsa-pss-sha256"];
  }
  const p256 = privateKey.asymmetricKeyType === "ec" && details?.namedCurve === "prime256v1";
  return p256 ? ["ecdsa-p256-sha256"] : [];
};

/** The Signer over PKCS #12 files, keys in the memory of this process: for tests and schools without a token. */
export class Pkcs12Signer implements Signer {
  readonly #configs: ReadonlyMap<string, Pkcs12Config>;
  readonly #env: NodeJS.ProcessEnv;
  readonly #opened = new Map<string, Promise<ReadonlyMap<string, Pkcs12Key>>>();
  #closed = false;

  constructor(configs: readonly Pkcs12Config[], env: NodeJS.ProcessEnv = process.env) {
    this.#configs = new Map(configs.map((config) => [config.name, config]));
    this.#env = env;
  }

  async keys(): Promise<TokenKey[]> {
    const all: TokenKey[] = [];
    for (const name of this.#configs.keys()) {
      for (const key of (await this.#open(name)).values()) {
        const { id, label, spki, certificate } = key;
        all.push({ token: name, id, label, algorithms: algorithmsOf(key), spki, certificate });
      }
    }
    return all;
  }

  async sign(ref: KeyRef, algorithm: SigningAlgorithm, digest: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    checkSignRequest(algorithm, digest);
    signal?.throwIfAborted();
    const key = (await this.#open(ref.token)).get(ref.id);
    if (!key) {
      throw new SignerError("KEY_NOT_FOUND", `token ${ref.token}: no private key with this id`, {
        details: { token: ref.token, id: String(ref.id).slice(0, 64) },
      });
    }
    const supported = algorithmsOf(key);
    if (!supported.includes(algorithm)) {
      throw new SignerError("MECHANISM_UNSUPPORTED", `token ${ref.token}: the key cannot do ${algorithm}`, {
        details: { token: ref.token, id: ref.id, algorithm, supported },
      });
    }
    signal?.throwIfAborted();
    return Uint8Array.from(signDigest(key.privateKey, algorithm, digest));
  }

  async ping(): Promise<void> {
    await Promise.all([...this.#configs.keys()].map((name) => this.#open(name)));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#opened.clear();
  }

  #open(name: string): Promise<ReadonlyMap<string, Pkcs12Key>> {
    const config = this.#configs.get(name);
    if (!config || this.#closed) {
      const code = config ? "TOKEN_ABSENT" : "KEY_NOT_FOUND";
      const why = config ? "closed" : "no token of this name is configured";
      return Promise.reject(new SignerError(code, why, { details: { token: String(name).slice(0, 64) } }));
    }
    let opened = this.#opened.get(name);
    if (!opened) {
      opened = this.#read(config);
      this.#opened.set(name, opened);
      // A file that was not there may be there at the next call; a file counts no tries.
      opened.catch(() => this.#opened.delete(name));
    }
    return opened;
  }

  async #read(config: Pkcs12Config): Promise<ReadonlyMap<string, Pkcs12Key>> {
    const { name, file } = config;
    const pin = pinSource({ ...config, module: "" }, this.#env)();
    let bytes: Uint8Array;
    try {
      bytes = await readFile(file);
    } catch (cause) {
      throw new SignerError("TOKEN_ABSENT", `token ${name}: its PKCS #12 file cannot be read`, {
        retryable: true,
        details: { token: name, file, problem: (cause as Error).message },
        cause,
      });
    }
    return new Map(openPkcs12(bytes, pin, name).map((key) => [key.id, key]));
  }
}
