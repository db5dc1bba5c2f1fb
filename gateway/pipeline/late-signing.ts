import { createHash } from "node:crypto";
import type { SigningAlgorithm } from "@hocba/hsm-adapters";
import { GatewayError } from "../errors.ts";
import type { DocumentRecord, StepRecord } from "../ledger/index.ts";
import { DocumentWork, type PipelineParts } from "./document-work.ts";
import { memoryOf } from "./memory-of.ts";
import { algorithmFor, checkSigningCertificate } from "./signing-certificate.ts";

/** What a person's token is given to sign. */
export interface SigningTask {
  stepId: string;
  toBeSigned: Uint8Array;
  algorithm: SigningAlgorithm;
  signingTime: number;
  /** DER of the certificate whose key must sign. */
  certificate: Uint8Array;
}

/** The part of people who sign with a token of their own, now or in a week; the document waits and holds nothing meanwhile. */
export interface LateSigning {
  /**
   * The octets to sign for a step, over the revision of now. Asking again gives a new signing time and voids what was given
   * before. @throws GatewayError NOT_FOUND, LEDGER_TRANSITION_FORBIDDEN when it is not this step's turn, CERTIFICATE_*
   */
  prepare(documentId: string, stepId: string, actor: string): Promise<SigningTask>;
  /**
   * Takes the signature value, if it is one of the step's certificate over what was given to sign.
   * @throws GatewayError NOT_FOUND, LEDGER_TRANSITION_FORBIDDEN, LEDGER_CONFLICT when another signature came in between and the
   * step must be prepared again, CERTIFICATE_KEY_MISMATCH
   */
  submit(documentId: string, stepId: string, value: Uint8Array, actor: string): Promise<DocumentRecord>;
  /** The signer will not sign; the document is rejected with the reason. @throws GatewayError */
  refuse(documentId: string, stepId: string, reason: string, actor: string): Promise<DocumentRecord>;
}

export function createLateSigning(parts: PipelineParts): LateSigning {
  async function turnOf(
    documentId: string,
    stepId: string,
    actor: string,
  ): Promise<{ work: DocumentWork; step: StepRecord }> {
    const dossier = await parts.ledger.documents.dossier(documentId);
    const step = dossier?.steps.find((each) => each.id === stepId);
    if (dossier === null || step === undefined) throw new GatewayError("NOT_FOUND", "there is no such step");
    const work = new DocumentWork({ ...parts, actor }, dossier);
    const [next] = work.openSteps();
    const { state } = dossier.document;
    const done = !work.openSteps().includes(step);
    if (
      state !== "awaiting-signature" ||
      done ||
      step.order !== next?.order ||
      (await work.binding(step.bindingId)).key !== null
    ) {
      throw new GatewayError("LEDGER_TRANSITION_FORBIDDEN", `it is not the turn of ${stepId}`, { details: { state } });
    }
    return { work, step };
  }

  /** A token's answer may come at any time, and many at once. */
  async function held<T>(documentId: string, work: () => Promise<T>): Promise<T> {
    const document = await parts.ledger.documents.get(documentId);
    return parts.memory.within(document === null ? 0 : memoryOf(document), work);
  }

  const prepareAndSubmit: Pick<LateSigning, "prepare" | "submit"> = {
    async prepare(documentId, stepId, actor) {
      const { work, step } = await turnOf(documentId, stepId, actor);
      const binding = await work.binding(step.bindingId);
      const certificate = checkSigningCertificate(binding, parts.clock());
      const signingTime = Math.floor(parts.clock() / 1000) * 1000;
      const { prepared } = await work.prepare([step], () => signingTime);
      const toBeSigned = prepared.toBeSigned[0]!;
      const intent = {
        stepId,
        bindingId: binding.id,
        algorithm: binding.algorithm,
        signingTime,
        inputSha256: work.document.currentSha256,
        toBeSignedSha256: sha256(toBeSigned),
      };
      await work.move("awaiting-signature", { intents: [intent] });
      return { stepId, toBeSigned, algorithm: binding.algorithm, signingTime, certificate: certificate.raw };
    },

    async submit(documentId, stepId, value, actor) {
      const { work, step } = await turnOf(documentId, stepId, actor);
      const binding = await work.binding(step.bindingId);
      const certificate = checkSigningCertificate(binding, parts.clock());
      const intent = work.signatures.get(stepId);
      const stale = new GatewayError("LEDGER_CONFLICT", "the step must be prepared again", {
        details: { step: stepId },
      });
      if (intent === undefined || intent.inputSha256 !== work.document.currentSha256) throw stale;
      const { prepared } = await work.prepare([step], () => intent.signingTime);
      const toBeSigned = prepared.toBeSigned[0]!;
      if (sha256(toBeSigned) !== intent.toBeSignedSha256) throw stale;
      if (!parts.crypto.verify(certificate.spki, algorithmFor(binding.algorithm), [toBeSigned], value)) {
        throw new GatewayError(
          "CERTIFICATE_KEY_MISMATCH",
          "the value is no signature of this certificate over what was given",
          {
            details: { binding: binding.id, role: binding.role },
          },
        );
      }
      await work.move("signing", { values: [{ stepId, value }] });
      return work.document;
    },
  };

  return {
    prepare: (...task) => held(task[0], () => prepareAndSubmit.prepare(...task)),
    submit: (...task) => held(task[0], () => prepareAndSubmit.submit(...task)),

    async refuse(documentId, stepId, reason, actor) {
      const { work } = await turnOf(documentId, stepId, actor);
      await work.move("rejected", { error: { code: "SIGNER_REFUSED", details: { step: stepId, reason } } });
      return work.document;
    },
  };
}

function sha256(octets: Uint8Array): string {
  return createHash("sha256").update(octets).digest("hex");
}
