import pkcs11js from "pkcs11js";
import { SignerError } from "../signer.ts";
import { returnValueOf, signerErrorOf } from "./cryptoki-error.ts";
import type { Cryptoki } from "./module.ts";
import type { PinAttempt, PinLock } from "./pin-lock.ts";

export interface LoginRequest {
  readonly cryptoki: Cryptoki;
  readonly token: string;
  readonly slot: pkcs11js.Handle;
  readonly session: pkcs11js.Handle;
  readonly lock: PinLock;
  readonly attempt: PinAttempt;
  /** Waits between tries that failed for another reason than the PIN. */
  readonly delay: (ms: number) => Promise<void>;
  /** From 0 to below 1. */
  readonly random: () => number;
}

const MAX_TRIES = 8;
/** SoftHSM answers CKR_GENERAL_ERROR when another process logs in at that moment; the PIN was not judged. */
const NOT_JUDGED = new Set(["CKR_GENERAL_ERROR", "CKR_FUNCTION_FAILED", "CKR_DEVICE_ERROR", "CKR_FUNCTION_CANCELED"]);

const pinError = (code: "PIN_INCORRECT" | "PIN_LOCKED", token: string, why: string, rest: object = {}): SignerError =>
  new SignerError(code, `token ${token}: ${why}`, { details: { token, ...rest } });

/** CK_TOKEN_INFO.flags, or null when the token does not say right now. */
function tokenFlags({ cryptoki, slot }: LoginRequest): number | null {
  try {
    return cryptoki.C_GetTokenInfo(slot).flags;
  } catch {
    return null; // asked again, or C_Login itself fails with the reason
  }
}

/** Refuses before anything is tried where a try could lock the token or has been made already. */
function refuseUpFront(request: LoginRequest, flags: number | null): void {
  const { token, lock, attempt } = request;
  if (flags !== null && flags & pkcs11js.CKF_USER_PIN_LOCKED) {
    throw pinError("PIN_LOCKED", token, "its PIN is locked", { flag: "CKF_USER_PIN_LOCKED" });
  }
  if (flags !== null && flags & pkcs11js.CKF_USER_PIN_FINAL_TRY) {
    throw pinError("PIN_LOCKED", token, "one more wrong PIN would lock it; log in by hand first", {
      flag: "CKF_USER_PIN_FINAL_TRY",
    });
  }
  const { state, at } = lock.state(attempt);
  // A process was killed in C_Login. If the token counts a wrong try since the last good one, it may well be that one.
  const suspicious = state === "interrupted" && (flags === null || (flags & pkcs11js.CKF_USER_PIN_COUNT_LOW) !== 0);
  if (state === "refused" || suspicious) {
    throw pinError("PIN_INCORRECT", token, "this PIN was refused before and is not tried again", {
      refusedAt: at,
      tried: false,
    });
  }
}

/**
 * C_Login as CKU_USER, one PIN at most once refused. Failures that say nothing about the PIN are tried again a few times.
 * @throws SignerError PIN_INCORRECT (`details.tried` tells whether C_Login was called now), PIN_LOCKED, TOKEN_ABSENT, TOKEN_FAILED
 */
export async function login(request: LoginRequest): Promise<void> {
  const { cryptoki, token, session, lock, attempt } = request;
  const before = tokenFlags(request);
  refuseUpFront(request, before);
  lock.begin(attempt);
  for (let tries = 1; ; tries++) {
    try {
      cryptoki.C_Login(session, pkcs11js.CKU_USER, attempt.pin);
      lock.clear();
      return;
    } catch (cause) {
      const rv = returnValueOf(cause);
      if (rv === "CKR_USER_ALREADY_LOGGED_IN") {
        lock.clear();
        return;
      }
      const error = signerErrorOf(cause, token, "C_Login");
      if (error.code === "PIN_INCORRECT" || error.code === "PIN_LOCKED") {
        lock.refuse(attempt);
        throw pinError(error.code, token, `PIN refused with ${rv}`, { rv, tried: true });
      }
      if (rv === null || !NOT_JUDGED.has(rv)) {
        lock.clear();
        throw error;
      }
      // A module that hides a refusal behind a general error betrays it by its count of wrong tries.
      const after = tokenFlags(request);
      const low = pkcs11js.CKF_USER_PIN_COUNT_LOW;
      if (after !== null && (after & low) !== 0 && (before === null || (before & low) === 0)) {
        lock.refuse(attempt);
        throw pinError("PIN_INCORRECT", token, `login failed with ${rv} and the token counts a wrong PIN`, {
          rv,
          tried: true,
        });
      }
      if (tries >= MAX_TRIES) {
        lock.clear();
        throw error;
      }
      await request.delay(5 * 2 ** tries * (0.5 + request.random()));
    }
  }
}
