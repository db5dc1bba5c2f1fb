export { type DocumentStatus, documentStatusSchema, statusOf } from "./document-status.ts";
export { notCurrentSentence } from "./not-current.ts";
