import { HocbaError } from "@hocba/certs";

/** `FONT_MISSING`: no font that covers Vietnamese is installed; `details.install` names the packages. */
export type SampleClassErrorCode = "FONT_MISSING";

export class SampleClassError extends HocbaError<SampleClassErrorCode> {}
