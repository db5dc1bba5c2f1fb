import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { parseTrustAnchors } from "@hocba/certs/trust";
import { type Demo, type DemoOptions, startDemo, transcriptPdf, transcriptXml } from "@hocba/gateway/demo";
import { type DocumentFormat, findAuditBreak, type Ledger, openSqliteLedger } from "@hocba/gateway/ledger";
import { parseSignedData } from "@hocba/signatures/cms";
import { openPdf, signatureFields } from "@hocba/signatures/pdf";
import { type VerificationReport, verifyDocument } from "@hocba/signatures/verify";
import { findXmlSignatures, parseXml } from "@hocba/signatures/xml";
import { expect } from "vitest";

/** The built command line: the parts of a demo are processes of their own. */
export const MAIN = fileURLToPath(new URL("../../gateway/dist/cli/main.js", import.meta.url));

export interface Problem {
  code: string;
  title: string | { vi: string; en: string };
  details: Record<string, unknown>;
}
export interface DocumentView {
  id: string;
  state: string;
  attempts: number;
  problem: Problem | null;
  steps: { id: string; role: string; state: string; level: string | null }[];
}
export interface Answer<T = DocumentView & Problem> {
  status: number;
  body: T;
}
export interface Submission {
  content: Uint8Array;
  profile: string;
  className?: string;
  school?: string;
  externalId?: string;
  idempotencyKey?: string;
  apiKey?: string;
}

export const FINAL: ReadonlySet<string> = new Set(["signed", "failed", "rejected"]);

/** Quick tries and short rests, so that a fault and its end show within seconds. */
const IMPATIENT = {
  worker: { retryInitialMs: 100, retryMaxMs: 1000, reconcileEveryMs: 500, lockMs: 2000 },
  // Patient where a slow machine is no fault: who tests late time stamps asks for less.
  timestamps: {
    breakerRestMs: 500,
    patienceMs: 60_000,
    raising: { everyMs: 100, retryInitialMs: 100, retryMaxMs: 500 },
  },
  log: { level: "warn" as const },
};

export type DemoSite = Awaited<ReturnType<typeof startDemoSite>>;

/** A demo in a directory of its own, all parts real processes, and what tests ask of it. */
export async function startDemoSite(options: Partial<DemoOptions> = {}) {
  if (!existsSync(MAIN)) throw new Error("build first: npm run build");
  const root = mkdtempSync(join(tmpdir(), "hocba-test-"));
  const demo = await startDemo({
    dataDir: root,
    port: 0,
    pupils: 2,
    pkiKeyBits: 2048,
    ...options,
    config: { ...IMPATIENT, ...options.config },
  });
  const ledger: Ledger = openSqliteLedger({ path: join(root, "gateway", "ledger.sqlite"), clock: Date.now });
  return siteOf(demo, root, ledger);
}

const signaturesIn: Record<DocumentFormat, (bytes: Uint8Array) => readonly unknown[]> = {
  pdf: (bytes) => signatureFields(openPdf(bytes)),
  xml: (bytes) => findXmlSignatures(parseXml(bytes)),
  cms: (bytes) => parseSignedData(bytes).signerInfos,
};

function siteOf(demo: Demo, root: string, ledger: Ledger) {
  const { sample } = demo;

  async function request<T>(path: string, init: RequestInit = {}, apiKey = demo.apiKey): Promise<Answer<T>> {
    const headers = { ...(init.headers as Record<string, string>), authorization: `Bearer ${apiKey}` };
    const answer = await fetch(`${demo.baseUrl}${path}`, { ...init, headers });
    return { status: answer.status, body: (await answer.json()) as T };
  }

  const site = {
    demo,
    root,
    ledger,
    sample,
    pdf: (pupil = 0) => transcriptPdf(sample.pupils[pupil]!),
    xml: (pupil = 0) => transcriptXml(sample.pupils[pupil]!),

    submit(document: Submission): Promise<Answer> {
      const { content, profile, className = sample.className, school, externalId, idempotencyKey } = document;
      const query = new URLSearchParams({ profile, className });
      if (school !== undefined) query.set("school", school);
      if (externalId !== undefined) query.set("externalId", externalId);
      return request(
        `/v1/documents?${query}`,
        {
          method: "POST",
          body: content as Uint8Array<ArrayBuffer>,
          headers: {
            "content-type": /pdf|xml/.test(profile) ? `application/${profile.slice(-3)}` : "application/octet-stream",
            ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
          },
        },
        document.apiKey,
      );
    },

    /** Submits what must be accepted. @returns its id */
    async accept(document: Submission): Promise<string> {
      const { status, body } = await site.submit(document);
      expect(status, JSON.stringify(body)).toBe(202);
      return body.id;
    },

    /** One PDF and one XML of each pupil. */
    async acceptClass(name: string): Promise<string[]> {
      const ids: string[] = [];
      for (const i of sample.pupils.keys()) {
        ids.push(await site.accept({ content: site.xml(i), profile: "hocba-xml", externalId: `${name}-${i}-xml` }));
        ids.push(
          await site.accept({ content: await site.pdf(i), profile: "hocba-pdf", externalId: `${name}-${i}-pdf` }),
        );
      }
      return ids;
    },

    view: async (id: string): Promise<DocumentView> => (await request<DocumentView>(`/v1/documents/${id}`)).body,

    /** Polls the ledger until `seen` holds for the document. */
    async until(
      id: string,
      seen: (document: NonNullable<Awaited<ReturnType<Ledger["documents"]["get"]>>>) => boolean,
      timeoutMs = 60_000,
    ) {
      for (const end = Date.now() + timeoutMs; ; await delay(50)) {
        const document = await ledger.documents.get(id);
        if (document !== null && seen(document)) return document;
        if (Date.now() > end) {
          throw new Error(`${id} stays ${document?.state}: ${JSON.stringify(document?.error)}; logs in ${root}/logs`);
        }
      }
    },

    untilState: (id: string, state: string, timeoutMs?: number) =>
      site.until(id, (document) => document.state === state || FINAL.has(document.state), timeoutMs),

    async content(id: string, query = ""): Promise<{ status: number; bytes: Uint8Array }> {
      const get = () =>
        fetch(`${demo.baseUrl}/v1/documents/${id}/content${query}`, {
          headers: { authorization: `Bearer ${demo.apiKey}` },
        });
      // A connection that was kept may be closed by the other side in the moment it is used.
      const answer = await get().catch(get);
      return { status: answer.status, bytes: new Uint8Array(await answer.arrayBuffer()) };
    },

    /** The evidence record of a document that has one. */
    async evidenceRecord(id: string): Promise<Uint8Array> {
      const answer = await fetch(`${demo.baseUrl}/v1/documents/${id}/evidence-record`, {
        headers: { authorization: `Bearer ${demo.apiKey}` },
      });
      expect(answer.status, `evidence record of ${id}`).toBe(200);
      return new Uint8Array(await answer.arrayBuffer());
    },

    /** The verdict of the public endpoint. */
    async verdict(content: Uint8Array): Promise<VerificationReport> {
      const answer = await fetch(`${demo.baseUrl}/v1/verifications`, {
        method: "POST",
        body: content as Uint8Array<ArrayBuffer>,
      });
      return (await answer.json()) as VerificationReport;
    },

    /**
     * The document is signed, exactly once for each planned step, in the file and in the ledger, and a stranger who holds
     * the root and the revocation lists finds it genuine.
     */
    async expectSignedOnce(id: string): Promise<Uint8Array> {
      const { state, error } = await site.untilState(id, "signed");
      expect(`${id} ${state} ${JSON.stringify(error)}`).toBe(`${id} signed null`);
      const dossier = (await ledger.documents.dossier(id))!;
      const { document, steps, signatures } = dossier;
      const planned = { pdf: 3, xml: sample.pupils[0]!.results.length + 3, cms: 1 }[document.format];
      expect(steps.map((step) => step.id).length).toBe(planned);
      expect(new Set(signatures.map((signature) => signature.stepId))).toEqual(new Set(steps.map((step) => step.id)));
      expect(signatures.length).toBe(planned);
      for (const signature of signatures) {
        expect(signature).toMatchObject({ state: "complete", level: "T" });
      }
      const { status, bytes } = await site.content(id);
      expect(status).toBe(200);
      expect(signaturesIn[document.format](bytes).length, "signatures in the file").toBe(planned);
      const detached = document.format === "cms" ? (await site.content(id, "?revision=original")).bytes : undefined;
      const report = await site.judge(bytes, detached);
      expect(`${report.indication} ${report.signatures.length}`).toBe(`TOTAL-PASSED ${planned}`);
      expect(report.signatures.every((signature) => signature.level === "T")).toBe(true);
      const entries = await ledger.audit.entries({ after: 0, limit: 10_000, documentId: id });
      const issued = entries.filter((entry) => entry.action === "document.signed");
      expect(issued.length, "times it was issued").toBe(1);
      return bytes;
    },

    /** The time stamp of an issued document was late: it is raised, once, by no other signatures, and a stranger finds it genuine. */
    async expectRaisedOnce(id: string): Promise<Uint8Array> {
      await site.until(id, ({ state, waitingFor }) => state !== "signed" || waitingFor === null);
      const { document, steps, signatures } = (await ledger.documents.dossier(id))!;
      expect(document).toMatchObject({ state: "signed", level: "T", waitingFor: null });
      expect(signatures.map(({ stepId, state }) => [stepId, state]).sort()).toEqual(
        steps.map((step) => [step.id, "complete"]).sort(),
      );
      const { bytes } = await site.content(id);
      const stamps = document.format === "pdf" ? 1 : 0;
      expect(signaturesIn[document.format](bytes).length, "signatures in the file").toBe(steps.length + stamps);
      const detached = document.format === "cms" ? (await site.content(id, "?revision=original")).bytes : undefined;
      const report = await site.judge(bytes, detached);
      expect(`${report.indication} ${report.signatures.length}`).toBe(`TOTAL-PASSED ${steps.length + stamps}`);
      // In XML a stamp within what a later signature covers would break that one.
      const open = document.format === "xml" ? report.signatures.slice(-2) : report.signatures.slice(0, steps.length);
      expect(open.map((each) => `${each.level} ${each.bestSignatureTime !== null}`)).toEqual(open.map(() => "T true"));
      const entries = await ledger.audit.entries({ after: 0, limit: 10_000, documentId: id });
      for (const action of ["document.signed", "document.raised"]) {
        expect(entries.filter((entry) => entry.action === action).length, action).toBe(1);
      }
      return bytes;
    },

    /** Our verifier as a library, with the dev root and its current revocation lists only. */
    async judge(bytes: Uint8Array, detached?: Uint8Array): Promise<VerificationReport> {
      const crls = [await demo.pki.crl("root"), await demo.pki.crl("issuing")];
      return verifyDocument(bytes, {
        crypto: nodeCrypto,
        policy: "vn-official",
        time: new Date(),
        anchors: parseTrustAnchors(demo.pki.root.certificate),
        certificates: [],
        crls,
        ocspResponses: [],
        fileName: "",
        ...(detached ? { detachedContent: detached } : {}),
      }).report;
    },

    /** The hash chain of the audit log holds from its first entry to its last. */
    async expectAuditIntact(): Promise<void> {
      const entries = [];
      for (let after = 0; ; ) {
        const page = await ledger.audit.entries({ after, limit: 5000 });
        entries.push(...page);
        if (page.length < 5000) break;
        after = page.at(-1)!.seq;
      }
      expect(entries.length).toBeGreaterThan(0);
      expect(findAuditBreak(entries)).toBeNull();
    },

    log: (part: string): string => readFileSync(join(root, "logs", `${part}.log`), "utf8"),

    async close(): Promise<void> {
      await ledger.close();
      await demo.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
  return site;
}
