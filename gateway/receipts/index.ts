export { openReceiptIssuer, type ReceiptIssuer, type ReceiptKey, readReceipt } from "./receipt-issuer.ts";
