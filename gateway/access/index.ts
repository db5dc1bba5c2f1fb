export { authenticate, hashSecret, mintApiKey, requireScope } from "./api-key.ts";
