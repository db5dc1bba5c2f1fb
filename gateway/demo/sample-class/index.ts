export { type Award, type CommentResult, formatMark, type Level, levelName, type SubjectResult } from "./assessment.ts";
export {
  makeClass,
  type PeriodSummary,
  type PupilBiography,
  type SampleClass,
  type SampleClassOptions,
  type Transcript,
} from "./make-class.ts";
export {
  type CertificateSubject,
  makeStaff,
  type School,
  type Staff,
  type StaffMember,
  type StaffRole,
  sampleSchool,
} from "./staff.ts";
export { lowerSecondarySubjects, type Subject } from "./subjects.ts";
export { transcriptPdf } from "./transcript-pdf.ts";
export { transcriptXml } from "./transcript-xml.ts";
export { transcriptSignaturePlaces } from "./year-page.ts";
