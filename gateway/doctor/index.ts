export { type Complaint, examine } from "./examine.ts";
export { signaturesIn } from "./signatures-in.ts";
