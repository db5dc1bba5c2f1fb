export { DrawingError, type DrawingErrorCode } from "./errors.ts";
export { type PreparedFace, preparedFace } from "./prepared-face.ts";
export { embedRecordFonts, type RecordFonts } from "./record-fonts.ts";
export {
  breakLines,
  faint,
  fittingSize,
  ink,
  type Measured,
  red,
  rule,
  Sheet,
  type TextOptions,
  wash,
} from "./sheet.ts";
