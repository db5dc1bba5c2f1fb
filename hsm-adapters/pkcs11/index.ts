export { PinLock } from "./pin-lock.ts";
export { Pkcs11Signer, type TokenStatus } from "./pkcs11-signer.ts";
export { type Pkcs11Options, Pkcs11Token, type TokenEvent } from "./pkcs11-token.ts";
export { parseTokenConfig, parseTokenConfigs, type TokenConfig } from "./token-config.ts";
