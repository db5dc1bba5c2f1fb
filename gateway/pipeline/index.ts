export { chooseBinding } from "./choose-binding.ts";
export type { PipelineParts } from "./document-work.ts";
export { createLateSigning, type LateSigning } from "./late-signing.ts";
export { memoryOf } from "./memory-of.ts";
export { createPipeline, type Pipeline, type PipelineOptions } from "./pipeline.ts";
export { createRaiser, type Raiser, type RaiserOptions } from "./raiser.ts";
export { checkSigningCertificate } from "./signing-certificate.ts";
export type { GroupMember, PreparedGroup, SigningFormat } from "./signing-format.ts";
export { signingFormats } from "./signing-formats.ts";
