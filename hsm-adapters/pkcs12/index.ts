export { type Pkcs12Config, Pkcs12Signer, parsePkcs12Config } from "./pkcs12-signer.ts";
