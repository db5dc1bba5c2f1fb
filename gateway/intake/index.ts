export { checkDocument } from "./check-document.ts";
export { type FormFile, readForm } from "./form-files.ts";
export { BodyBudget, chunksOf, readBody } from "./read-body.ts";
export { readUpload, receiveUpload, type Upload } from "./read-upload.ts";
export { type IntakeParts, type TakeRequest, takeDocument } from "./take-document.ts";
export { type WorkFeeder, workFeeder } from "./work-feeder.ts";
