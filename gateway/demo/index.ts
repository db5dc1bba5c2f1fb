export { classTable } from "./class-table.ts";
export { DEMO_TOKEN } from "./demo-signers.ts";
export { DemoError, type DemoErrorCode } from "./errors.ts";
export { type DocumentState, GatewayClient } from "./gateway-client.ts";
export {
  formatMark,
  makeClass,
  type SampleClass,
  type Transcript,
  transcriptPdf,
  transcriptXml,
} from "./sample-class/index.ts";
export { isGood, type SignedTranscript, signClass } from "./sign-class.ts";
export { type Demo, type DemoOptions, startDemo } from "./start-demo.ts";
