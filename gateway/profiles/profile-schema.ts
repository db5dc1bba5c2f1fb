import type { Profile } from "@hocba/signatures/profiles";
import { z } from "zod";

const text = z.string().trim().min(1).max(500);
const bilingual = z.strictObject({ vi: text, en: text });
const id = z.string().regex(/^[a-z][a-z0-9-]{0,60}$/, "lower-case letters, digits and hyphens, a letter first");
const page = z
  .number()
  .int()
  .refine((n) => n !== 0 && Math.abs(n) <= 10_000, "pages count from 1, or from -1 at the end");
const length = z.number().positive().max(14_400);
const offset = z.number().min(-14_400).max(14_400);

const place = z.discriminatedUnion("by", [
  z.strictObject({
    by: z.literal("rect"),
    page,
    rect: z
      .tuple([offset, offset, offset, offset])
      .refine(([x1, y1, x2, y2]) => x1 < x2 && y1 < y2, "left, bottom, right, top: left below right, bottom below top"),
  }),
  z.strictObject({
    by: z.literal("anchor"),
    page,
    text,
    below: offset,
    right: offset.exactOptional(),
    width: length,
    height: length,
  }),
  z.strictObject({
    by: z.literal("corner"),
    page,
    corner: z.enum(["top-left", "top-right", "bottom-left", "bottom-right"]),
    margin: z.tuple([offset, offset]),
    width: length,
    height: length,
  }),
  z.strictObject({ by: z.literal("step"), step: id, share: z.number().min(0).max(1), width: length, height: length }),
]);
const places = z.array(place).min(1).max(20);

const appearance = z.strictObject({
  template: z.enum(["block", "signature-image", "seal", "agency-text"]),
  places,
  image: z
    .string()
    .regex(/^[\p{L}\p{N}_-][\p{L}\p{N} ._-]{0,120}\.png$/iu, "a plain file name that ends in .png")
    .exactOptional(),
});

const fieldName = z.string().regex(/^[^.\s][^.]{0,100}$/u, "one word without full stops (ISO 32000-2 §12.7.4.2)");
const elementPath = z.string().regex(/^[^\s/]+(\/[^\s/]+)*$/u, "element names with / between them");

const valuePattern = z
  .string()
  .max(200)
  .refine((pattern) => {
    try {
      new RegExp(`^(?:${pattern})$`, "u");
      return true;
    } catch {
      return false;
    }
  }, "a regular expression for the whole value");

const step = z.strictObject({
  id,
  role: z.enum(["subject-teacher", "homeroom-teacher", "principal", "seal"]),
  title: bilingual,
  order: z.number().int().min(0).max(1000),
  level: z.enum(["B", "T"]),
  xml: z
    .strictObject({
      each: z.strictObject({ path: elementPath, keyPath: elementPath }).exactOptional(),
      reference: z.string().regex(/^#\S+$/, "a same-document reference, as #data"),
      holder: z.string().min(1).max(1000),
      form: z.enum(["xades", "xmldsig"]).exactOptional(),
    })
    .exactOptional(),
  pdf: z
    .strictObject({
      fieldName,
      reason: text,
      appearance: appearance.exactOptional(),
      lock: z
        .strictObject({ action: z.enum(["All", "Include", "Exclude"]), fields: z.array(fieldName).max(100) })
        .exactOptional(),
    })
    .exactOptional(),
});

const shape = z.strictObject({
  name: id,
  title: bilingual,
  format: z.enum(["xml", "pdf", "cms"]),
  level: z.enum(["T", "LT", "LTA"]).exactOptional(),
  lateStamps: z.enum(["continue", "wait"]).exactOptional(),
  xml: z
    .strictObject({
      root: z.string().min(1).max(100),
      idAttribute: z.string().min(1).max(100),
      facts: z.strictObject({
        documentId: elementPath,
        schoolCode: elementPath,
        schoolName: elementPath,
        pupilName: elementPath,
        className: elementPath,
        schoolYear: elementPath,
      }),
      framing: z
        .array(
          z.strictObject({
            element: elementPath.or(z.literal("")),
            attributes: z.record(z.string().regex(/^[^\s=]{1,100}$/), valuePattern).exactOptional(),
          }),
        )
        .max(50)
        .exactOptional(),
    })
    .exactOptional(),
  pdf: z
    .strictObject({
      lookup: z.strictObject({ places, label: bilingual }).exactOptional(),
      docMdp: z.literal([1, 2, 3]).exactOptional(),
    })
    .exactOptional(),
  steps: z.array(step).min(1).max(100),
}) satisfies z.ZodType<Profile>;

type Problem = (path: PropertyKey[], message: string) => void;

/** What a profile may hold, and what of it must fit together. */
export const profileSchema = shape.superRefine((profile, context) => {
  const problem: Problem = (path, message) => context.addIssue({ code: "custom", path, message });
  const ids = new Set<string>();
  for (const [i, each] of profile.steps.entries()) {
    if (ids.has(each.id)) problem(["steps", i, "id"], `a step ${each.id} stands before`);
    ids.add(each.id);
  }
  const last = Math.max(...profile.steps.map((each) => each.order));
  if (profile.level !== undefined && !profile.steps.some((each) => each.order === last && each.level === "T")) {
    problem(["level"], `level ${profile.level} needs a last step of level T`);
  }
  if (profile.lateStamps !== undefined && !profile.steps.some((each) => each.level === "T")) {
    problem(["lateStamps"], "no step has a time stamp that could be late");
  }
  if (profile.format === "xml") checkXml(profile, problem);
  else if (profile.format === "pdf") checkPdf(profile, problem);
  else checkCms(profile, problem);
});

function checkXml(profile: Profile, problem: Problem): void {
  if (profile.xml === undefined)
    problem(["format"], 'an XML profile needs "xml": where the parts of the document stand');
  if (profile.pdf !== undefined) problem(["pdf"], "an XML profile has no pages");
  for (const [i, { xml, pdf, level }] of profile.steps.entries()) {
    if (pdf !== undefined) problem(["steps", i, "pdf"], "an XML profile has no fields of a PDF");
    if (xml === undefined) {
      problem(["steps", i], 'the step needs "xml": what is signed and where the signature goes');
      continue;
    }
    const repeated = /\{(Id|key)\}/;
    for (const key of ["reference", "holder"] as const) {
      if (xml.each === undefined && repeated.test(xml[key])) {
        problem(["steps", i, "xml", key], '{Id} and {key} mean something only in a step with "each"');
      }
    }
    if (xml.each !== undefined && !repeated.test(xml.holder)) {
      problem(["steps", i, "xml", "holder"], "a step that repeats needs {Id} or {key}, or all go to one place");
    }
    if (xml.form === "xmldsig" && level !== "B") {
      problem(["steps", i, "level"], "plain XMLDSig takes no time stamp: level B");
    }
  }
}

function checkPdf(profile: Profile, problem: Problem): void {
  if (profile.xml !== undefined) problem(["xml"], "a PDF profile has no elements");
  const fields = new Set<string>();
  const before = new Set<string>();
  const ordered = profile.steps.map((each, i) => ({ each, i })).sort((a, b) => a.each.order - b.each.order);
  if (profile.pdf?.docMdp === 1 && profile.steps.length > 1) {
    problem(["pdf", "docMdp"], "DocMDP 1 forbids every signature after the first, and there are more steps");
  }
  for (const { each, i } of ordered) {
    const { pdf } = each;
    if (each.xml !== undefined) problem(["steps", i, "xml"], "a PDF profile has no elements");
    if (pdf === undefined) {
      problem(["steps", i], 'the step needs "pdf": the signature field');
      continue;
    }
    if (fields.has(pdf.fieldName)) problem(["steps", i, "pdf", "fieldName"], `another step has ${pdf.fieldName}`);
    fields.add(pdf.fieldName);
    for (const [k, where] of (pdf.appearance?.places ?? []).entries()) {
      if (where.by === "step" && !before.has(where.step)) {
        problem(
          ["steps", i, "pdf", "appearance", "places", k, "step"],
          `no earlier step ${where.step} that is visible`,
        );
      }
    }
    if (pdf.appearance !== undefined) before.add(each.id);
    checkLock(profile, i, problem);
  }
}

function checkCms(profile: Profile, problem: Problem): void {
  for (const key of ["xml", "pdf"] as const) {
    if (profile[key] !== undefined) problem([key], "nothing is known of a file that is signed from outside");
    for (const [i, each] of profile.steps.entries()) {
      if (each[key] !== undefined) problem(["steps", i, key], "a detached signature has no place in the file");
    }
  }
  if (profile.steps.length > 1) problem(["steps", 1], "a detached signature has one signer: one step");
}

/** A lock must leave the fields of the steps after it free. */
function checkLock(profile: Profile, i: number, problem: Problem): void {
  const step = profile.steps[i]!;
  const lock = step.pdf?.lock;
  if (lock === undefined) return;
  const at = ["steps", i, "pdf", "lock"];
  if (lock.action === "All" && lock.fields.length > 0) problem([...at, "fields"], "All names no fields");
  for (const later of profile.steps) {
    const name = later.pdf?.fieldName;
    if (name === undefined || later.order <= step.order) continue;
    const locked =
      lock.action === "Include" ? lock.fields.includes(name) : lock.action === "Exclude" && !lock.fields.includes(name);
    if (locked) problem(at, `locks ${name}, which a later step signs`);
  }
}
