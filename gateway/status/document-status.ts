import { z } from "zod";
import type { Ledger } from "../ledger/index.ts";

export const documentStatusSchema = z
  .object({
    sha256: z.string(),
    status: z.enum(["current", "superseded", "withdrawn", "not-issued", "unknown"]).meta({
      description: "`unknown`: this gateway has issued no such file, which says nothing against it",
    }),
    asOf: z.iso.datetime(),
    since: z.iso.datetime().nullable(),
    reason: z.string().nullable(),
    replacedBySha256: z.string().nullable(),
  })
  .meta({ id: "DocumentStatus" });
export type DocumentStatus = z.output<typeof documentStatusSchema>;

/**
 * What the registry knew at `asOf` (ms since 1970) about the file with this SHA-256. Only who has the file knows its hash, so
 * the answer tells nothing to others.
 */
export async function statusOf(ledger: Ledger, sha256: string, asOf: number): Promise<DocumentStatus> {
  const base = { sha256, asOf: new Date(asOf).toISOString(), since: null, reason: null, replacedBySha256: null };
  const document = await ledger.documents.byIssuedHash(sha256);
  if (document === null) return { ...base, status: "unknown" };
  const change = (await ledger.documents.statusChanges(document.id)).filter((each) => each.at <= asOf).at(-1);
  if (change === undefined) return { ...base, status: "not-issued" };
  const current = change.kind === "issued" || change.kind === "corrected";
  const successor = change.replacedBy === null ? null : await ledger.documents.get(change.replacedBy);
  return {
    ...base,
    status: current ? "current" : change.kind === "withdrawn" ? "withdrawn" : "superseded",
    since: new Date(change.at).toISOString(),
    reason: change.reason,
    replacedBySha256: successor?.currentSha256 ?? null,
  };
}
