export { type ReceiptKey, readReceipt } from "./jws.ts";
export { openReceiptIssuer, type ReceiptIssuer } from "./receipt-issuer.ts";
