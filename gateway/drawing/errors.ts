import { HocbaError } from "@hocba/certs";

/** `FONT_MISSING`: no font that covers Vietnamese is installed; `details.install` names the packages. */
export type DrawingErrorCode = "FONT_MISSING";

export class DrawingError extends HocbaError<DrawingErrorCode> {}
