import {
  type KeyRef,
  type Signer,
  SignerError,
  type SignerErrorCode,
  type SigningAlgorithm,
  type TokenKey,
} from "../signer.ts";
import { type Pkcs11Options, Pkcs11Token } from "./pkcs11-token.ts";
import type { TokenConfig } from "./token-config.ts";

/** How one token is doing, for an operator. */
export interface TokenStatus {
  readonly token: string;
  readonly state: "ready" | "failing";
  /** Why it fails: code and facts, as a SignerError has them. */
  readonly error: { code: SignerErrorCode; message: string; details: Readonly<Record<string, unknown>> } | null;
  readonly queued: number;
}

/** The Signer over the tokens of one configuration, in this very process. Services use the token host instead. */
export class Pkcs11Signer implements Signer {
  readonly #tokens: ReadonlyMap<string, Pkcs11Token>;

  /** @throws SignerError CONFIG_INVALID */
  constructor(configs: readonly TokenConfig[], options: Pkcs11Options) {
    this.#tokens = new Map(configs.map((config) => [config.name, new Pkcs11Token(config, options)]));
  }

  /** Keys of all tokens, or of one. Fails when one of the asked does. @throws SignerError */
  async keys(token?: string): Promise<TokenKey[]> {
    const asked = token === undefined ? [...this.#tokens.values()] : [this.#token(token)];
    return (await Promise.all(asked.map((t) => t.keys()))).flat();
  }

  async sign(key: KeyRef, algorithm: SigningAlgorithm, digest: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#token(key.token).sign(key, algorithm, digest, signal);
  }

  async ping(): Promise<void> {
    await Promise.all([...this.#tokens.values()].map((t) => t.ping()));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#tokens.values()].map((t) => t.close()));
  }

  /** Each token by itself, so that one which fails does not hide the others. Never rejects for a token's sake. */
  status(): Promise<TokenStatus[]> {
    return Promise.all(
      [...this.#tokens.values()].map(async (token): Promise<TokenStatus> => {
        try {
          await token.ping();
          return { token: token.name, state: "ready", error: null, queued: token.queued };
        } catch (error) {
          if (!(error instanceof SignerError)) throw error;
          const { code, message, details } = error;
          return { token: token.name, state: "failing", error: { code, message, details }, queued: token.queued };
        }
      }),
    );
  }

  /** Milliseconds since the oldest call that a module has not answered; 0 when there is none. */
  oldestCallMs(): number {
    return Math.max(0, ...[...this.#tokens.values()].map((t) => t.oldestCallMs()));
  }

  #token(name: string): Pkcs11Token {
    const token = this.#tokens.get(name);
    if (token) return token;
    throw new SignerError("KEY_NOT_FOUND", "no token of this name is configured", {
      details: { token: String(name).slice(0, 64) },
    });
  }
}
