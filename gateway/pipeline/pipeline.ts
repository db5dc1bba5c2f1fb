import { HocbaError } from "@hocba/certs";
import { SignaturesError } from "@hocba/signatures";
import { GatewayError } from "../errors.ts";
import { reach } from "../failpoint.ts";
import type { DocumentState, Dossier } from "../ledger/index.ts";
import type { Logger, Metrics } from "../observability/index.ts";
import type { Outcome } from "../queue/index.ts";
import { DocumentWork, type PipelineParts } from "./document-work.ts";
import { memoryOf } from "./memory-of.ts";
import { planDocument } from "./plan-document.ts";
import { prepareGroup } from "./prepare-group.ts";
import { signGroup } from "./sign-group.ts";
import { stampGroup } from "./stamp-group.ts";
import { verifySigned } from "./verify-signed.ts";

const stepOf: Partial<Record<DocumentState, (work: DocumentWork) => Promise<void>>> = {
  received: planDocument,
  preparing: prepareGroup,
  signing: signGroup,
  stamping: stampGroup,
  verifying: verifySigned,
};

export interface PipelineOptions {
  retryInitialMs: number;
  retryMaxMs: number;
  maxAttempts: number;
  log: Logger;
  metrics?: Pick<Metrics, "stepSeconds" | "postponed">;
  random?: () => number;
}

/** Errors that are nobody's plan are tried again a few times only. */
const UNEXPECTED_ATTEMPTS = 5;
/**
 * What only an operator can put right, at the token and for every document alike: documents wait for it, however long.
 * The adapter sees to it that waiting never means trying a PIN again.
 */
const WAIT_FOR_OPERATOR: ReadonlySet<string> = new Set(["PIN_INCORRECT", "PIN_LOCKED"]);
/** When the ledger itself cannot be written there is no place to note the try. */
const LEDGER_REST_MS = 2000;
/** Large documents that wait here for memory; more would take the places of small ones that need none. */
const LONGEST_LINE = 4;
const MEMORY_REST_MS = 1000;

/**
 * Takes a document through its next steps until it is done, waits for somebody, or has to be tried again later. Every step
 * begins with what the ledger says and ends with one transaction, so it may be called at any time, twice, or after a
 * process was killed between any two lines.
 */
export function createPipeline(parts: PipelineParts, options: PipelineOptions) {
  const random = options.random ?? Math.random;

  async function advance(documentId: string): Promise<Outcome> {
    const dossier = await parts.ledger.documents.dossier(documentId);
    if (dossier === null) return { kind: "done" };
    const octets = memoryOf(dossier.document);
    const rest = restOf(dossier);
    if (rest !== null) return rest;
    if (parts.memory.ahead(octets) >= LONGEST_LINE) return { kind: "again", at: parts.clock() + MEMORY_REST_MS };
    return parts.memory.within(octets, async (waited) => {
      const now = waited ? await parts.ledger.documents.dossier(documentId) : dossier;
      return now === null ? { kind: "done" } : (restOf(now) ?? lead(now));
    });
  }

  /** null: there is something to do now. */
  function restOf({ document }: Dossier): Outcome | null {
    const due = document.nextAttemptAt;
    if (due !== null && due > parts.clock()) return { kind: "again", at: due };
    return stepOf[document.state] === undefined ? { kind: "done" } : null;
  }

  async function lead(dossier: Dossier): Promise<Outcome> {
    reach("work.taken");
    let work: DocumentWork | null = null;
    try {
      work = new DocumentWork(parts, dossier);
      for (;;) {
        const { state } = work.document;
        const step = stepOf[state];
        if (step === undefined) return { kind: "done" };
        const started = performance.now();
        let outcome = "ok";
        try {
          await step(work);
        } catch (error) {
          outcome = error instanceof HocbaError ? error.code : "error";
          throw error;
        } finally {
          options.metrics?.stepSeconds.observe({ state, outcome }, (performance.now() - started) / 1000);
        }
      }
    } catch (error) {
      try {
        // What was reached stays reached: a signed revision that cannot be judged yet is not signed and stamped anew.
        await work?.settle();
      } catch (second) {
        return stumble(work?.written ?? dossier.document, second);
      }
      return stumble(work?.written ?? dossier.document, error);
    }
  }

  async function stumble(document: DocumentWork["document"], error: unknown): Promise<Outcome> {
    const known = error instanceof HocbaError ? error : null;
    const code = known?.code ?? "INTERNAL";
    const context = { documentId: document.id, state: document.state, code };
    // Somebody else has moved it; what they do with it is theirs.
    if (code === "LEDGER_CONFLICT") return { kind: "done" };
    if (code === "LEDGER_UNAVAILABLE") {
      options.log.error({ ...context, error }, "the ledger cannot be used");
      return { kind: "again", at: parts.clock() + LEDGER_REST_MS };
    }
    const details = { ...(known?.details ?? {}) };
    const attempts = document.attempts + 1;
    const forOperator = WAIT_FOR_OPERATOR.has(code);
    const unexpected = known === null || code === "INTERNAL";
    const limit = forOperator ? Number.POSITIVE_INFINITY : unexpected ? UNEXPECTED_ATTEMPTS : options.maxAttempts;
    const passing = unexpected || forOperator || known.retryable;
    try {
      if (passing && attempts < limit) {
        const nextAttemptAt = parts.clock() + backoff(attempts, code);
        options.log.warn({ ...context, attempts, nextAttemptAt, error }, "document postponed");
        options.metrics?.postponed.inc({ code });
        await parts.ledger.documents.postpone(document, { actor: parts.actor, code, details, nextAttemptAt });
        return { kind: "again", at: nextAttemptAt };
      }
      const reason = passing
        ? { code: "TOO_MANY_ATTEMPTS", details: { attempts, last: code, ...details } }
        : { code, details };
      const atFault =
        error instanceof SignaturesError && (document.state === "received" || document.state === "preparing");
      options.log.error({ ...context, attempts, error }, atFault ? "document rejected" : "document failed");
      const to = atFault ? "rejected" : "failed";
      await parts.ledger.documents.transition(document, to, { actor: parts.actor, error: reason });
      return { kind: "done" };
    } catch (second) {
      if (second instanceof HocbaError && second.code === "LEDGER_CONFLICT") return { kind: "done" };
      options.log.error({ ...context, error: second }, "the ledger cannot be used");
      return { kind: "again", at: parts.clock() + LEDGER_REST_MS };
    }
  }

  /** Doubles up to the limit, spread so that a thousand waiting documents do not come back in the same second. */
  function backoff(attempts: number, code: string): number {
    // A busy token is one that works: waiting long for it would leave it idle.
    const longest = code === "TOKEN_BUSY" ? Math.min(5000, options.retryMaxMs) : options.retryMaxMs;
    const wait = Math.min(options.retryInitialMs * 2 ** Math.min(attempts - 1, 20), longest);
    return Math.ceil(wait * (0.5 + random() / 2));
  }

  return {
    advance,
    /** Lets an operator take up a failed document again after the cause was removed. @throws GatewayError */
    async resume(documentId: string, actor: string): Promise<void> {
      const dossier = await parts.ledger.documents.dossier(documentId);
      if (dossier === null) throw new GatewayError("NOT_FOUND", `no document ${documentId}`);
      const to = dossier.steps.length === 0 ? "received" : "preparing";
      await parts.ledger.documents.transition(dossier.document, to, { actor, details: { resumed: true } });
    },
  };
}

export type Pipeline = ReturnType<typeof createPipeline>;
