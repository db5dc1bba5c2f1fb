import { LruCache } from "@hocba/certs/crypto";
import { parseCertificate } from "@hocba/certs/x509";
import type { Profile } from "@hocba/signatures/profiles";
import { z } from "zod";
import type { DocumentEvidence } from "../evidence-records/index.ts";
import { type DocumentRecord, type Dossier, documentLevels, documentStates, type Ledger } from "../ledger/index.ts";
import { storedProblem } from "../problems/index.ts";

const bilingual = z.object({ vi: z.string(), en: z.string() });
const time = z.iso.datetime();

export const documentProblemSchema = z.object({
  code: z.string(),
  title: bilingual,
  whatToDo: bilingual,
  details: z.record(z.string(), z.unknown()),
});

const summary = {
  id: z.string(),
  state: z.enum(documentStates),
  profile: z.string(),
  format: z.enum(["pdf", "xml", "cms"]).meta({ description: "`cms`: any file, signed from outside (CAdES, .p7s)" }),
  school: z.string(),
  externalId: z.string().nullable(),
  className: z.string().nullable(),
  batchId: z.string().nullable(),
  replaces: z.string().nullable().meta({ description: "Id of the document that this one corrects" }),
  sha256: z.string().meta({ description: "SHA-256 of the document as it was received" }),
  currentSha256: z.string().meta({ description: "SHA-256 of the newest revision" }),
  level: z.enum(documentLevels).nullable().meta({
    description:
      "Level it was issued at: `T` when each signature that its profile wants stamped has a proven time stamp, or lies within what one with a time stamp covers",
  }),
  waitingFor: z.enum(["T", "LT", "LTA"]).nullable().meta({
    description:
      "Issued, and its time stamp was late: it will be raised to this level, the signatures staying as they are. Then `currentSha256` and the receipt are new ones; the file of before stays known as issued",
  }),
  size: z.number().int(),
  createdAt: time,
  updatedAt: time,
  attempts: z.number().int().meta({ description: "Tries of the present state that have to be repeated" }),
  nextAttemptAt: time.nullable(),
  problem: documentProblemSchema
    .nullable()
    .meta({ description: "Why it failed, was rejected, or waits for another try" }),
  links: z.record(z.string(), z.string()),
};
export const documentSummarySchema = z.object(summary).meta({ id: "DocumentSummary" });
export type DocumentSummary = z.output<typeof documentSummarySchema>;

const step = z.object({
  id: z.string(),
  role: z.enum(["subject-teacher", "homeroom-teacher", "principal", "seal"]),
  title: bilingual,
  order: z.number().int(),
  key: z.string().nullable().meta({ description: "Subject's code" }),
  state: z.enum(["planned", "signing", "stamping", "complete"]),
  signer: z.string().nullable().meta({ description: "Subject of the signing certificate" }),
  level: z.enum(["B", "T"]).nullable(),
  signingTime: time.nullable(),
  stampedAt: time.nullable(),
  tsa: z.string().nullable(),
});
export const documentSchema = z
  .object({
    ...summary,
    evidenceRecord: z
      .object({
        state: z.enum(["waiting", "proven"]),
        sha256: z.string().meta({ description: "The revision it is over" }),
        provenAt: time.nullable().meta({ description: "The revision is proven to have existed then" }),
      })
      .nullable()
      .optional()
      .meta({ description: "RFC 4998; null where the document gets none" }),
    steps: z.array(step),
    status: z.array(
      z.object({
        kind: z.enum(["issued", "corrected", "superseded", "withdrawn"]),
        at: time,
        reason: z.string().nullable(),
        replacedBy: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: "Document" });
export type DocumentView = z.output<typeof documentSchema>;

/** A document without its steps. */
export function viewSummary(document: DocumentRecord): DocumentSummary {
  const at = `/v1/documents/${document.id}`;
  return {
    id: document.id,
    state: document.state,
    profile: document.profile,
    format: document.format,
    school: document.school,
    externalId: document.externalId,
    className: document.className,
    batchId: document.batchId,
    replaces: document.replaces,
    sha256: document.sha256,
    currentSha256: document.currentSha256,
    level: document.level,
    waitingFor: document.waitingFor,
    size: document.size,
    createdAt: iso(document.createdAt),
    updatedAt: iso(document.updatedAt),
    attempts: document.attempts,
    nextAttemptAt: document.nextAttemptAt === null ? null : iso(document.nextAttemptAt),
    problem: document.error === null ? null : storedProblem(document.error),
    links: { self: at, content: `${at}/content`, receipt: `${at}/receipt` },
  };
}

/** A document with all its steps and its status. */
export async function viewDocument(
  dossier: Dossier,
  profile: Profile | undefined,
  ledger: Ledger,
): Promise<DocumentView> {
  const signatures = new Map(dossier.signatures.map((signature) => [signature.stepId, signature]));
  const titles = new Map(profile?.steps.map((each) => [each.role, each.title]));
  const steps = [];
  for (const each of dossier.steps) {
    const signature = signatures.get(each.id);
    steps.push({
      id: each.id,
      role: each.role,
      title: titles.get(each.role) ?? { vi: each.role, en: each.role },
      order: each.order,
      key: each.key,
      state: signature === undefined ? ("planned" as const) : stepStates[signature.state],
      signer: await subjectOf(each.bindingId, ledger),
      level: signature?.level ?? null,
      signingTime: signature === undefined ? null : iso(signature.signingTime),
      stampedAt: signature?.stampedAt ? iso(signature.stampedAt) : null,
      tsa: signature?.tsa ?? null,
    });
  }
  const status = (await ledger.documents.statusChanges(dossier.document.id)).map((change) => ({
    kind: change.kind,
    at: iso(change.at),
    reason: change.reason,
    replacedBy: change.replacedBy,
  }));
  return { ...viewSummary(dossier.document), steps, status };
}

export function viewEvidence(evidence: DocumentEvidence | null): DocumentView["evidenceRecord"] {
  if (evidence === null) return null;
  const { sha256, record, provenAt } = evidence;
  return {
    state: record === null ? "waiting" : "proven",
    sha256,
    provenAt: provenAt === null ? null : iso(provenAt),
  };
}

const stepStates = { intent: "signing", signed: "stamping", complete: "complete" } as const;

const subjects = new LruCache<string, string>(5000);

/** A binding never changes its certificate. */
async function subjectOf(bindingId: string, ledger: Ledger): Promise<string | null> {
  const known = subjects.get(bindingId);
  if (known !== undefined) return known;
  const binding = await ledger.registry.binding(bindingId);
  if (binding === null) return null;
  const subject = parseCertificate(binding.certificate).subject.toString();
  subjects.set(bindingId, subject);
  return subject;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
