import type { TokenStatus } from "../pkcs11/pkcs11-signer.ts";
import { SignerError, type SignerErrorCode, type SigningAlgorithm, type TokenKey } from "../signer.ts";

/**
 * The first message on each connection, from the host. Before it has come nobody serves the connection: a host that was
 * killed leaves its socket connectable for a moment.
 */
export interface Hello {
  readonly hello: typeof PROTOCOL_VERSION;
}
export const PROTOCOL_VERSION = 1;

/** What a client sends. `id` is the client's own number for the request; answers carry it and come in any order. */
export type Request =
  | { readonly id: number; readonly op: "ping" | "status" }
  /** Keys of all tokens, or of the one named. */
  | { readonly id: number; readonly op: "keys"; readonly token?: string }
  | {
      readonly id: number;
      readonly op: "sign";
      readonly token: string;
      readonly key: string;
      readonly algorithm: SigningAlgorithm;
      /** Base64. */
      readonly digest: string;
    }
  /** Takes back the request with this id if the module has not begun it; it has no answer of its own. */
  | { readonly id: number; readonly op: "cancel" };

export type Answer = { readonly id: number; readonly ok: unknown } | { readonly id: number; readonly error: WireError };

/** A SignerError on its way through the socket. */
export interface WireError {
  readonly code: SignerErrorCode;
  readonly message: string;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Answer to "status". */
export interface HostStatus {
  readonly pid: number;
  readonly tokens: readonly TokenStatus[];
}

/** A TokenKey with its octets in base64. */
export type WireKey = Omit<TokenKey, "spki" | "certificate"> & {
  readonly spki: string | null;
  readonly certificate: string | null;
};

export const MAX_REQUEST_OCTETS = 16 * 1024;
export const MAX_ANSWER_OCTETS = 64 * 1024 * 1024;

const toBase64 = (bytes: Uint8Array | null): string | null => (bytes ? Buffer.from(bytes).toString("base64") : null);
const fromBase64 = (text: string | null): Uint8Array | null =>
  text === null ? null : Uint8Array.from(Buffer.from(text, "base64"));

export const wireKey = (key: TokenKey): WireKey => ({
  ...key,
  spki: toBase64(key.spki),
  certificate: toBase64(key.certificate),
});

export const tokenKey = (key: WireKey): TokenKey => ({
  ...key,
  spki: fromBase64(key.spki),
  certificate: fromBase64(key.certificate),
});

/** What a client may know of an error; anything that is not a SignerError stays in the host's log. */
export function wireError(error: unknown): WireError {
  if (error instanceof SignerError) {
    const { code, message, retryable, details } = error;
    return { code, message, retryable, details };
  }
  return { code: "TOKEN_FAILED", message: "the token host failed", retryable: true, details: {} };
}

export const signerError = ({ code, message, retryable, details }: WireError): SignerError =>
  new SignerError(code, message, { retryable, details });
