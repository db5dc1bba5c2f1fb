import { realpathSync } from "node:fs";
import pkcs11js from "pkcs11js";
import { SignerError } from "../signer.ts";
import { returnValueOf } from "./cryptoki-error.ts";

/** The functions of PKCS #11 in use; a test may put a counting one in the place of the real one. */
export type Cryptoki = Pick<
  pkcs11js.PKCS11,
  | "C_Initialize"
  | "C_Finalize"
  | "C_GetSlotList"
  | "C_GetTokenInfo"
  | "C_GetMechanismInfo"
  | "C_OpenSession"
  | "C_CloseSession"
  | "C_GetSessionInfo"
  | "C_Login"
  | "C_FindObjectsInit"
  | "C_FindObjects"
  | "C_FindObjectsFinal"
  | "C_GetAttributeValue"
  | "C_SignInit"
  | "C_SignAsync"
>;

/**
 * A PKCS #11 library in this process. C_Initialize counts for the whole process (PKCS #11 v2.40 §5.4), so there is one of
 * these per library, shared by all its tokens, and C_Finalize waits until none is in use.
 */
export class Pkcs11Module {
  readonly path: string;
  readonly cryptoki: Cryptoki;
  #initialized = false;
  readonly #connections = new Set<object>();
  #callsUnderWay = 0;

  constructor(path: string, cryptoki: Cryptoki) {
    this.path = path;
    this.cryptoki = cryptoki;
  }

  /** C_Initialize, once. @throws SignerError MODULE_UNUSABLE */
  initialize(): void {
    if (this.#initialized) return;
    try {
      this.cryptoki.C_Initialize({ flags: pkcs11js.CKF_OS_LOCKING_OK });
    } catch (cause) {
      const rv = returnValueOf(cause);
      if (rv !== "CKR_CRYPTOKI_ALREADY_INITIALIZED") {
        throw new SignerError("MODULE_UNUSABLE", `PKCS #11 module cannot be initialized: ${rv ?? "no reason given"}`, {
          details: { module: this.path, rv },
          cause,
        });
      }
    }
    this.#initialized = true;
  }

  /** Somebody else in this process has called C_Finalize. */
  forget(): void {
    this.#initialized = false;
  }

  /** A connection begins to use the module. */
  enter(connection: object): void {
    this.#connections.add(connection);
  }

  /** A connection has stopped using it. */
  leave(connection: object): void {
    this.#connections.delete(connection);
  }

  /** Counts a call that runs on another thread, however long it takes. */
  async during<T>(call: Promise<T>): Promise<T> {
    this.#callsUnderWay++;
    try {
      return await call;
    } finally {
      this.#callsUnderWay--;
    }
  }

  /**
   * C_Finalize and C_Initialize, the only way many modules notice a token that came back. False, and nothing done, while
   * another token is in use or a call is under way: C_Finalize under a running call is undefined (PKCS #11 v2.40 §5.4).
   * @throws SignerError MODULE_UNUSABLE
   */
  reinitialize(): boolean {
    if (!this.finalize()) return false;
    this.initialize();
    return true;
  }

  /** C_Finalize unless the module is in use. True when it is finalized afterwards. */
  finalize(): boolean {
    if (this.#connections.size > 0 || this.#callsUnderWay > 0) return false;
    if (this.#initialized) {
      this.#initialized = false;
      try {
        this.cryptoki.C_Finalize();
      } catch (cause) {
        if (returnValueOf(cause) !== "CKR_CRYPTOKI_NOT_INITIALIZED") {
          throw new SignerError("MODULE_UNUSABLE", "PKCS #11 module cannot be finalized", {
            details: { module: this.path, rv: returnValueOf(cause) },
            cause,
          });
        }
      }
    }
    return true;
  }
}

// Kept for the life of the process: unloading a library whose threads may still run crashes, and its destructor would.
const loaded = new Map<string, Pkcs11Module>();

/** The library at this path, loaded and initialized. @throws SignerError MODULE_UNUSABLE */
export function loadModule(path: string): Pkcs11Module {
  let real: string;
  try {
    real = realpathSync(path);
  } catch (cause) {
    throw new SignerError("MODULE_UNUSABLE", "PKCS #11 module not found", { details: { module: path }, cause });
  }
  let module = loaded.get(real);
  if (!module) {
    const library = new pkcs11js.PKCS11();
    try {
      library.load(real);
    } catch (cause) {
      throw new SignerError("MODULE_UNUSABLE", "PKCS #11 module cannot be loaded", {
        details: { module: path, problem: cause instanceof Error ? cause.message : String(cause) },
        cause,
      });
    }
    module = new Pkcs11Module(real, library);
    loaded.set(real, module);
  }
  module.initialize();
  return module;
}
