import { readFileSync } from "node:fs";
import { type Signer, SignerError, type TokenKey } from "@hocba/hsm-adapters";
import { Pkcs11Signer, type TokenStatus } from "@hocba/hsm-adapters/pkcs11";
import { parseTokenHostConfig, TokenHostClient, type TokenHostConfig } from "@hocba/hsm-adapters/token-host";

/** Exit code for bad use and unusable input, as in every command. */
export const EXIT_UNUSABLE = 3;

/** Reads and checks a token host's configuration file. @throws SignerError CONFIG_INVALID */
export function readTokenHostConfig(path: string): TokenHostConfig {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new SignerError("CONFIG_INVALID", (cause as Error).message, { details: { file: path } });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new SignerError("CONFIG_INVALID", `${path}: not JSON`, { details: { file: path } });
  }
  return parseTokenHostConfig(value);
}

/** What an operator's commands need of a signer: each token by itself, so that a broken one does not hide the others. */
export interface OperatorSigner extends Signer {
  keys(token?: string): Promise<TokenKey[]>;
  tokens(): Promise<readonly TokenStatus[]>;
}

/**
 * The tokens as an operator's command reaches them: through the token host that runs, otherwise directly. Never both at
 * once, since each login that need not be made is a login that cannot fail.
 * @throws SignerError CONFIG_INVALID when neither a socket nor a configuration is given
 */
export async function openSigner(where: { config?: string; socket?: string }): Promise<OperatorSigner> {
  if (where.socket !== undefined) return throughHost(new TokenHostClient(where.socket));
  if (where.config === undefined) {
    throw new SignerError("CONFIG_INVALID", "cần --config hoặc --socket / --config or --socket is needed");
  }
  const config = readTokenHostConfig(where.config);
  const client = new TokenHostClient(config.socket, { connectTimeoutMs: 20 });
  try {
    await client.status();
    return throughHost(client);
  } catch (error) {
    await client.close();
    if (!(error instanceof SignerError) || error.code !== "TOKEN_ABSENT") throw error;
  }
  const direct = new Pkcs11Signer(config.tokens, { stateDirectory: config.stateDirectory });
  return Object.assign(direct, { tokens: () => direct.status() });
}

const throughHost = (client: TokenHostClient): OperatorSigner =>
  Object.assign(client, { tokens: async () => (await client.status()).tokens });

/** What a person should read of a SignerError. */
export const signerErrorText: Readonly<Record<SignerError["code"], { vi: string; en: string }>> = {
  TOKEN_ABSENT: {
    vi: "không thấy thiết bị ký: cắm lại token, hoặc kiểm tra HSM và tiến trình giữ khoá",
    en: "the token is not there: plug it in, or check the HSM and the token host",
  },
  TOKEN_FAILED: { vi: "thiết bị ký báo lỗi; thử lại", en: "the token failed; try again" },
  TOKEN_TIMEOUT: { vi: "thiết bị ký không trả lời kịp", en: "the token did not answer in time" },
  TOKEN_BUSY: { vi: "thiết bị ký đang bận", en: "the token is busy" },
  PIN_INCORRECT: {
    vi: "PIN sai. PIN này không được thử lại: sửa PIN, hoặc chạy “hocba keys clear-pin-lock” nếu chắc chắn PIN đúng",
    en: "wrong PIN. It is not tried again: correct it, or run “hocba keys clear-pin-lock” if you are sure that it is right",
  },
  PIN_LOCKED: {
    vi: "PIN đã bị khoá, hoặc chỉ còn một lần thử: đăng nhập bằng công cụ của nhà cung cấp trước",
    en: "the PIN is locked or one try is left: log in with the vendor's tool first",
  },
  KEY_NOT_FOUND: { vi: "không có khoá này trên thiết bị", en: "the token has no such key" },
  MECHANISM_UNSUPPORTED: {
    vi: "khoá không ký được theo thuật toán này",
    en: "the key cannot sign with this algorithm",
  },
  MODULE_UNUSABLE: { vi: "không nạp được thư viện PKCS #11", en: "the PKCS #11 module cannot be loaded" },
  CONFIG_INVALID: { vi: "cấu hình sai", en: "the configuration is wrong" },
  REQUEST_INVALID: { vi: "yêu cầu không hợp lệ", en: "the request is not valid" },
};

/** Two lines for the terminal: what it means, then the operator's details. */
export function describeSignerError(error: SignerError): string {
  const { vi, en } = signerErrorText[error.code];
  return `${error.code}: ${vi} / ${en}\n  ${error.message}`;
}
