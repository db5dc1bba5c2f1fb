export { DrawingError, type DrawingErrorCode } from "./errors.ts";
export { embedRecordFont, embedRecordFonts, type RecordFonts, recordFace } from "./record-fonts.ts";
export { breakLines, faint, fittingSize, ink, red, rule, Sheet, type TextOptions, wash } from "./sheet.ts";
