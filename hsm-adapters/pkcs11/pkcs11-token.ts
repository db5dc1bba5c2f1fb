import pkcs11js from "pkcs11js";
import { type KeyRef, SignerError, type SigningAlgorithm, type TokenKey } from "../signer.ts";
import { consequenceOf, signerErrorOf } from "./cryptoki-error.ts";
import { type FoundKey, findKey, findKeys } from "./find-keys.ts";
import { checkSignRequest, inputOf, mechanismOf, outputOf } from "./mechanisms.ts";
import { type Cryptoki, loadModule, type Pkcs11Module } from "./module.ts";
import { type Connection, openConnection } from "./open-connection.ts";
import { PinLock } from "./pin-lock.ts";
import { type PinSource, pinSource } from "./pin-source.ts";
import type { TokenConfig } from "./token-config.ts";

/** Something an operator wants in the log. Never holds a PIN or a digest. */
export interface TokenEvent {
  readonly event: "token-connected" | "token-lost" | "token-refused" | "call-timed-out";
  readonly token: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface Pkcs11Options {
  /** Where refused PINs are remembered. Null forgets them with the process; a service must not do that. */
  readonly stateDirectory: string | null;
  readonly onEvent?: (event: TokenEvent) => void;
  readonly env?: NodeJS.ProcessEnv;
  /** PINs by token name, taken before any source of the configuration. */
  readonly pins?: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly random?: () => number;
  /** For tests: the loaded library of a path. */
  readonly load?: (path: string) => Pkcs11Module;
}

/** CK_STATE of a session whose user is logged in (PKCS #11 v2.40 §3.3); pkcs11js does not name them. */
const CKS_RO_USER_FUNCTIONS = 1;
const CKS_RW_USER_FUNCTIONS = 3;

/** After a failed connection the same answer is given for this long, so that a crowd of callers makes one attempt. */
const FAILURE_KEPT_MS = 500;
/** Longest signature of a mechanism in use: RSA-8192. */
const MAX_SIGNATURE_OCTETS = 1024;

/** One token behind a PKCS #11 module: one login, a few sessions, reconnecting by itself when the token comes back. */
export class Pkcs11Token {
  readonly name: string;
  readonly #config: TokenConfig;
  readonly #options: Pkcs11Options;
  readonly #pin: PinSource;
  readonly #lock: PinLock;
  readonly #now: () => number;
  #connection: Connection | null = null;
  #connecting: Promise<Connection> | null = null;
  #failure: { error: SignerError; until: number } | null = null;
  #serial: string | null = null;
  #closed = false;
  /** Start of each call the module has not answered yet. */
  readonly #underWay = new Set<{ since: number }>();

  /** Loads nothing yet. @throws SignerError CONFIG_INVALID when the PIN cannot be had */
  constructor(config: TokenConfig, options: Pkcs11Options) {
    this.name = config.name;
    this.#config = config;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    const given = options.pins?.[config.name];
    this.#pin = given !== undefined ? () => given : pinSource(config, options.env);
    this.#lock = new PinLock(options.stateDirectory, config.name, this.#now);
  }

  /** Milliseconds since the oldest call that the module has not answered, 0 when there is none. */
  oldestCallMs(): number {
    let oldest = this.#now();
    for (const call of this.#underWay) oldest = Math.min(oldest, call.since);
    return this.#now() - oldest;
  }

  /** Calls waiting for a session. */
  get queued(): number {
    return this.#connection?.pool.waiting ?? 0;
  }

  /** @throws SignerError */
  async keys(): Promise<TokenKey[]> {
    const found = await this.#withControl("C_FindObjects", ({ cryptoki }, connection) =>
      findKeys(cryptoki, connection.slot, connection.control),
    );
    return found.map(({ id, label, algorithms, spki, certificate }) => ({
      token: this.name,
      id,
      label,
      algorithms,
      spki,
      certificate,
    }));
  }

  /** C_GetTokenInfo and C_GetSessionInfo: the token is in its slot and our login stands. @throws SignerError */
  async ping(): Promise<void> {
    await this.#withControl("C_GetSessionInfo", ({ cryptoki }, connection) => {
      cryptoki.C_GetTokenInfo(connection.slot);
      const { state } = cryptoki.C_GetSessionInfo(connection.control);
      const loggedIn = state === CKS_RO_USER_FUNCTIONS || state === CKS_RW_USER_FUNCTIONS;
      if (this.#config.loginRequired !== false && !loggedIn) throw new Error("CKR_USER_NOT_LOGGED_IN");
    });
  }

  /** @throws SignerError */
  async sign(key: KeyRef, algorithm: SigningAlgorithm, digest: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    checkSignRequest(algorithm, digest);
    signal?.throwIfAborted();
    const module = this.#module();
    const connection = await this.#connect();
    const session = await connection.pool.acquire(this.#config.queueTimeoutMs ?? 30_000, signal);
    let call: Promise<Buffer>;
    try {
      call = this.#begin(module, connection, session, key.id, algorithm, digest);
    } catch (error) {
      connection.pool.release(session);
      throw this.#judge(error, connection, "C_SignInit");
    }
    return this.#finish(call, connection, session, algorithm, signal);
  }

  /** Closes the sessions; a later call fails. Calls under way are left to end by themselves. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#connecting?.catch(() => {});
    if (this.#connection) this.#drop(this.#connection, this.#closedError());
    if (this.#loaded) this.#loaded.finalize();
  }

  // --- signing ---

  /** C_SignInit and the start of C_Sign; one fresh look for the key when its handle turns out stale. */
  #begin(
    module: Pkcs11Module,
    connection: Connection,
    session: pkcs11js.Handle,
    id: string,
    algorithm: SigningAlgorithm,
    digest: Uint8Array,
  ): Promise<Buffer> {
    const { cryptoki } = module;
    let key = this.#key(module, connection, id);
    if (!key.algorithms.includes(algorithm)) {
      throw new SignerError("MECHANISM_UNSUPPORTED", `token ${this.name}: the key cannot do ${algorithm}`, {
        details: { token: this.name, id, algorithm, supported: key.algorithms },
      });
    }
    try {
      cryptoki.C_SignInit(session, mechanismOf(algorithm), key.handle);
    } catch (error) {
      if (consequenceOf(error) !== "stale-key") throw error;
      connection.keys.delete(id);
      key = this.#key(module, connection, id);
      cryptoki.C_SignInit(session, mechanismOf(algorithm), key.handle);
    }
    if (key.alwaysAuthenticate) this.#loginForOneSignature(cryptoki, connection, session);
    connection.busy.add(session);
    const mark = { since: this.#now() };
    this.#underWay.add(mark);
    return module
      .during(cryptoki.C_SignAsync(session, inputOf(algorithm, digest), Buffer.alloc(MAX_SIGNATURE_OCTETS)))
      .finally(() => this.#underWay.delete(mark));
  }

  /** The login that CKA_ALWAYS_AUTHENTICATE asks for; refused once, it is as final as the first one. */
  #loginForOneSignature(cryptoki: Cryptoki, connection: Connection, session: pkcs11js.Handle): void {
    try {
      cryptoki.C_Login(session, pkcs11js.CKU_CONTEXT_SPECIFIC, connection.attempt?.pin ?? this.#pin());
    } catch (error) {
      const { code } = signerErrorOf(error, this.name, "C_Login");
      if (connection.attempt && (code === "PIN_INCORRECT" || code === "PIN_LOCKED")) {
        this.#lock.refuse(connection.attempt);
      }
      throw error;
    }
  }

  /** The module has let go of the session. */
  #free(connection: Connection, session: pkcs11js.Handle): void {
    connection.busy.delete(session);
    if (this.#connection === connection) connection.pool.release(session);
    else this.#closeSession(session);
  }

  /** As `#free` after a failed C_Sign: whether an operation is still active in that session is anybody's guess. */
  #replace(connection: Connection, session: pkcs11js.Handle): void {
    connection.busy.delete(session);
    this.#closeSession(session);
    connection.sessions.delete(session);
    if (this.#connection !== connection) return;
    try {
      const fresh = this.#module().cryptoki.C_OpenSession(connection.slot, pkcs11js.CKF_SERIAL_SESSION);
      connection.sessions.add(fresh);
      connection.pool.release(fresh);
    } catch (error) {
      this.#drop(connection, signerErrorOf(error, this.name, "C_OpenSession"));
    }
  }

  #closeSession(session: pkcs11js.Handle): void {
    try {
      this.#loaded?.cryptoki.C_CloseSession(session);
    } catch {
      // it died with the token, and what is wrong with the token is told elsewhere
    }
  }

  /** Waits for the signature, no longer than allowed. The session returns to the pool only when the module lets go of it. */
  #finish(
    call: Promise<Buffer>,
    connection: Connection,
    session: pkcs11js.Handle,
    algorithm: SigningAlgorithm,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const limit = this.#config.signTimeoutMs ?? 10_000;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => settle(() => reject(signal!.reason));
      const timer = setTimeout(() => {
        this.#tell("call-timed-out", { call: "C_Sign", limitMs: limit });
        settle(() =>
          reject(
            new SignerError("TOKEN_TIMEOUT", `token ${this.name}: no answer from C_Sign in ${limit} ms`, {
              retryable: true,
              details: { token: this.name, call: "C_Sign", limitMs: limit },
            }),
          ),
        );
      }, limit);
      const settle = (outcome: () => void): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        outcome();
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      call.then(
        (raw) => {
          this.#free(connection, session);
          settle(() => {
            try {
              resolve(outputOf(algorithm, raw));
            } catch (error) {
              reject(error);
            }
          });
        },
        (error) => {
          const judged = this.#judge(error, connection, "C_Sign");
          this.#replace(connection, session);
          settle(() => reject(judged));
        },
      );
    });
  }

  #key(module: Pkcs11Module, connection: Connection, id: string): FoundKey {
    const known = connection.keys.get(id);
    if (known) return known;
    const key = /^([0-9a-f]{2}){1,255}$/.test(id)
      ? findKey(module.cryptoki, connection.slot, connection.control, this.name, id)
      : null;
    if (!key) {
      // A token that was pulled can look like one without keys; only one that answers is believed.
      module.cryptoki.C_GetTokenInfo(connection.slot);
      throw new SignerError("KEY_NOT_FOUND", `token ${this.name}: no private key with this CKA_ID`, {
        details: { token: this.name, id: id.slice(0, 64) },
      });
    }
    connection.keys.set(id, key);
    return key;
  }

  // --- connection ---

  #loaded: Pkcs11Module | null = null;

  #module(): Pkcs11Module {
    if (this.#closed) throw this.#closedError();
    // While a connection stands its module does: to look for the file anew would cost each signature a few system calls.
    if (this.#connection && this.#loaded) return this.#loaded;
    const module = (this.#options.load ?? loadModule)(this.#config.module);
    module.initialize();
    this.#loaded = module;
    return module;
  }

  async #withControl<T>(call: string, use: (module: Pkcs11Module, connection: Connection) => T): Promise<T> {
    const module = this.#module();
    const connection = await this.#connect();
    try {
      return use(module, connection);
    } catch (error) {
      throw this.#judge(error, connection, call);
    }
  }

  /**
   * The error as a SignerError, the connection dropped where the error means that it is gone. A failure that names no reason
   * is looked into: a token that no longer answers is an absent one, whatever the module called it.
   */
  #judge(error: unknown, connection: Connection, call: string): SignerError {
    let judged = signerErrorOf(error, this.name, call);
    let gone = consequenceOf(error) === "stale-session";
    if (!gone && judged.code === "TOKEN_FAILED") {
      try {
        this.#loaded?.cryptoki.C_GetTokenInfo(connection.slot);
      } catch (cause) {
        gone = true;
        judged = new SignerError("TOKEN_ABSENT", `token ${this.name}: ${call} failed and the token does not answer`, {
          retryable: true,
          details: { ...judged.details },
          cause,
        });
      }
    }
    if (gone) this.#drop(connection, judged);
    return judged;
  }

  #drop(connection: Connection, error: SignerError): void {
    if (this.#connection !== connection) return;
    this.#connection = null;
    connection.pool.close(error);
    for (const session of [connection.control, ...connection.sessions]) {
      if (!connection.busy.has(session)) this.#closeSession(session);
    }
    this.#loaded?.leave(connection);
    if (!this.#closed) this.#tell("token-lost", { code: error.code, ...error.details });
  }

  #connect(): Promise<Connection> {
    if (this.#connection) return Promise.resolve(this.#connection);
    if (this.#failure && this.#now() < this.#failure.until) return Promise.reject(this.#failure.error);
    this.#connecting ??= this.#open().then(
      (connection) => {
        this.#connecting = null;
        this.#failure = null;
        this.#connection = connection;
        this.#tell("token-connected", { serial: this.#serial, sessions: connection.pool.size });
        if (this.#closed) this.#drop(connection, this.#closedError());
        return connection;
      },
      (cause) => {
        this.#connecting = null;
        const error = signerErrorOf(cause, this.name, "connect");
        this.#failure = { error, until: this.#now() + FAILURE_KEPT_MS };
        this.#tell("token-refused", { code: error.code, ...error.details });
        throw error;
      },
    );
    return this.#connecting;
  }

  async #open(): Promise<Connection> {
    const { connection, serial } = await openConnection({
      config: this.#config,
      module: this.#module(),
      knownSerial: this.#serial,
      lock: this.#lock,
      pin: this.#pin,
      random: this.#options.random ?? Math.random,
    });
    this.#serial = serial;
    return connection;
  }

  #closedError(): SignerError {
    return new SignerError("TOKEN_ABSENT", `token ${this.name}: closed`, { details: { token: this.name } });
  }

  #tell(event: TokenEvent["event"], details: Record<string, unknown>): void {
    this.#options.onEvent?.({ event, token: this.name, details });
  }
}
