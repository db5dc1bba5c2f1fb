import { HocbaError } from "@hocba/certs";
import type { Bilingual } from "@hocba/signatures";
import { z } from "zod";
import { problemText } from "./catalogue.ts";

const bilingual = z.object({ vi: z.string(), en: z.string() });

/** RFC 9457 problem details, with the code, both languages and what to do as extension members. */
export const problemSchema = z.object({
  type: z.string().meta({ description: "urn:hocba:problem:CODE" }),
  title: z.string().meta({ description: "Vietnamese; English in titles.en" }),
  status: z.number().int(),
  detail: z.string().optional(),
  instance: z.string().optional(),
  code: z.string(),
  retryable: z.boolean(),
  titles: bilingual,
  whatToDo: bilingual,
  details: z.record(z.string(), z.unknown()),
});
export type Problem = z.output<typeof problemSchema>;

/** What a caller may know of an error. Anything that is not one of ours becomes INTERNAL with nothing inside. */
export function toProblem(error: unknown, instance?: string): Problem {
  const known = error instanceof HocbaError ? error : null;
  const code = known?.code ?? "INTERNAL";
  const text = problemText(code);
  const details = text.status >= 500 && text.status !== 503 && text.status !== 507 ? {} : (known?.details ?? {});
  return {
    type: `urn:hocba:problem:${code}`,
    title: text.title.vi,
    status: text.status,
    ...(known !== null && text.status < 500 ? { detail: known.message } : {}),
    ...(instance === undefined ? {} : { instance }),
    code,
    retryable: known?.retryable ?? text.status >= 500,
    titles: { ...text.title },
    whatToDo: { ...text.whatToDo },
    details: { ...details },
  };
}

/** The same for an error that was written down with a document or an item of a batch. */
export function storedProblem(error: { code: string; details: Record<string, unknown> }): {
  code: string;
  title: Bilingual;
  whatToDo: Bilingual;
  details: Record<string, unknown>;
} {
  const text = problemText(error.code);
  return { code: error.code, title: text.title, whatToDo: text.whatToDo, details: error.details };
}
