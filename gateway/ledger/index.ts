export { type AuditBreak, auditGenesis, auditHash, findAuditBreak } from "./audit-hash.ts";
export type {
  AuditLedger,
  BatchLedger,
  DocumentLedger,
  Ledger,
  RaiseChange,
  Registry,
  TransitionChange,
  UnfinishedDocument,
} from "./ledger.ts";
export * from "./records.ts";
export { type BindingReader, openBindingReader } from "./sqlite/binding-reader.ts";
export { openSqliteLedger } from "./sqlite/open-sqlite-ledger.ts";
export { checkTransition, type DocumentState, documentStates, isFinal, workingStates } from "./states.ts";
