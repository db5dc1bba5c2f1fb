export type { Complaint, Problem } from "./complaint.ts";
export { examine } from "./examine.ts";
export type { DoctorParts } from "./examine-document.ts";
export { examineFiles, type UnreferencedFiles } from "./examine-files.ts";
export { examineWorkList } from "./examine-work-list.ts";
export { type StandingSignature, signaturesIn } from "./signatures-in.ts";
