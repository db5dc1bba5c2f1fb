import type { CryptoProvider } from "@hocba/certs/crypto";
import type { Signer } from "@hocba/hsm-adapters";
import type { PlannedSignature, Profile } from "@hocba/signatures/profiles";
import type { VerificationReport } from "@hocba/signatures/verify";
import type { ByteBudget } from "../byte-budget.ts";
import { GatewayError } from "../errors.ts";
import type { Preservation } from "../extension/index.ts";
import { type Failpoint, reach } from "../failpoint.ts";
import {
  type CertificateBinding,
  checkTransition,
  type DocumentFormat,
  type DocumentRecord,
  type DocumentState,
  type Dossier,
  type Ledger,
  type SignatureRecord,
  type StepRecord,
  type TransitionChange,
} from "../ledger/index.ts";
import type { Metrics } from "../observability/index.ts";
import type { ReceiptIssuer } from "../receipts/index.ts";
import type { BlobStore } from "../store/index.ts";
import type { StampPatience, TimestampRouter } from "../timestamps/index.ts";
import { identityOf } from "./signing-certificate.ts";
import type { GroupMember, PreparedGroup, SigningFormat } from "./signing-format.ts";

/** Everything the pipeline stands on; all of it real in production and chosen by the caller. */
export interface PipelineParts {
  ledger: Ledger;
  store: BlobStore;
  /** null: this gateway holds no keys. */
  signer: Signer | null;
  timestamps: TimestampRouter;
  /** How long signing waits for time stamps. */
  patience: StampPatience;
  /** Judges a finished document as a stranger would; `detached`: what a signature apart from its content is over. */
  verify(
    document: Uint8Array,
    profile: Profile,
    fileName: string,
    detached?: Uint8Array | null,
  ): Promise<VerificationReport>;
  receipts: ReceiptIssuer;
  /** Raises documents of profiles with level LT or LTA. */
  preservation?: Pick<Preservation, "raise">;
  profiles: ReadonlyMap<string, Profile>;
  formats: Readonly<Record<DocumentFormat, SigningFormat>>;
  crypto: CryptoProvider;
  clock: () => number;
  metrics?: Pick<Metrics, "tokenSeconds">;
  /** Name in the audit log. */
  actor: string;
  /** Large documents in work at once. */
  memory: ByteBudget;
}

type Change = Omit<TransitionChange, "actor" | "before">;

/** A group of signatures in the making, over the current revision. */
export interface GroupInWork {
  steps: StepRecord[];
  prepared: PreparedGroup;
}

/**
 * One document on its way. Holds what has been read and prepared, so that an undisturbed run reads each thing once; all of
 * it can be had again from ledger and store, which is what happens after a crash.
 */
export class DocumentWork {
  readonly parts: PipelineParts;
  readonly profile: Profile;
  readonly format: SigningFormat;
  document: DocumentRecord;
  steps: StepRecord[];
  readonly signatures: Map<string, SignatureRecord>;
  group: GroupInWork | null = null;
  #written: DocumentRecord;
  readonly #unwritten: { to: DocumentState; change: Change; arrow: Failpoint }[] = [];
  #content: { sha256: string; bytes: Uint8Array } | null = null;
  #plan: ReadonlyMap<string, PlannedSignature> | null = null;
  readonly #bindings = new Map<string, CertificateBinding>();

  constructor(parts: PipelineParts, dossier: Dossier) {
    const profile = parts.profiles.get(dossier.document.profile);
    if (profile === undefined) {
      throw new GatewayError("PROFILE_UNKNOWN", `profile ${dossier.document.profile} is gone`, {
        details: { profile: dossier.document.profile },
      });
    }
    this.parts = parts;
    this.profile = profile;
    this.format = parts.formats[dossier.document.format];
    this.document = dossier.document;
    this.#written = dossier.document;
    this.steps = dossier.steps;
    this.signatures = new Map(dossier.signatures.map((signature) => [signature.stepId, signature]));
  }

  /** The current revision. @throws GatewayError STORE_* */
  async content(): Promise<Uint8Array> {
    const { currentSha256 } = this.document;
    if (this.#content?.sha256 !== currentSha256) {
      this.#content = { sha256: currentSha256, bytes: await this.parts.store.get(currentSha256) };
    }
    return this.#content.bytes;
  }

  /** What a detached signature is over: the document as it came; null where the signatures stand in the document. */
  async detached(): Promise<Uint8Array | null> {
    if (this.document.format !== "cms") return null;
    const { sha256, currentSha256 } = this.document;
    return sha256 === currentSha256 ? this.content() : this.parts.store.get(sha256);
  }

  /** Stores a new revision. It becomes the current one with the next transition. */
  async keep(bytes: Uint8Array): Promise<string> {
    const sha256 = await this.parts.store.put(bytes);
    this.#content = { sha256, bytes };
    return sha256;
  }

  async plan(): Promise<ReadonlyMap<string, PlannedSignature>> {
    if (this.#plan === null) {
      // Laid over the document as it came: what later steps put in must not change who signs.
      const { sha256, currentSha256 } = this.document;
      const original = () => (sha256 === currentSha256 ? this.content() : this.parts.store.get(sha256));
      const plan = await this.format.plan(this.profile, original);
      this.#plan = new Map(plan.map((planned) => [planned.id, planned]));
    }
    return this.#plan;
  }

  remember(binding: CertificateBinding): void {
    this.#bindings.set(binding.id, binding);
  }

  /** Steps that are to have a time stamp, by the names of their signatures in the verifier's report. */
  async stampedByName(): Promise<Map<string, StepRecord>> {
    const plan = await this.plan();
    return new Map(
      this.steps.flatMap((step) => {
        const planned = plan.get(step.id);
        return planned?.step.level === "T" ? [[this.format.nameOf(planned), step]] : [];
      }),
    );
  }

  async binding(id: string): Promise<CertificateBinding> {
    const binding = this.#bindings.get(id) ?? (await this.parts.ledger.registry.binding(id));
    if (binding === null) {
      throw new GatewayError("SIGNER_NOT_BOUND", `binding ${id} is gone`, { details: { binding: id } });
    }
    this.#bindings.set(id, binding);
    return binding;
  }

  /** Prepares `steps` over the current revision, each with its signing time. */
  async prepare(steps: readonly StepRecord[], signingTime: (step: StepRecord) => number): Promise<GroupInWork> {
    const plan = await this.plan();
    const members: GroupMember[] = [];
    for (const step of steps) {
      const planned = plan.get(step.id);
      if (planned === undefined) {
        throw new GatewayError("INTERNAL", `the profile has changed: step ${step.id} is not in the plan`);
      }
      const binding = await this.binding(step.bindingId);
      members.push({
        planned,
        profile: this.profile,
        signingTime: signingTime(step),
        identity: identityOf(binding),
        original: this.document.sha256,
      });
    }
    return { steps: [...steps], prepared: await this.format.prepare(await this.content(), members) };
  }

  /** Written when it returns, and whatever was left for it. @throws GatewayError LEDGER_*; nothing of it was written then */
  async move(to: DocumentState, change: Change): Promise<void> {
    const { actor, ledger } = this.parts;
    const before = this.#unwritten.map((each) => ({ to: each.to, change: { actor, ...each.change } }));
    this.document = await ledger.documents.transition(this.#written, to, { actor, ...change, before });
    this.#written = this.document;
    for (const { arrow } of this.#unwritten.splice(0)) reach(arrow);
  }

  /**
   * A move that may be forgotten: what it says can be had again, and the process dying before the next move is as if it had
   * died before this one. A commit costs a flush of the disk; here the next one carries both. `arrow` is reached when it is written.
   */
  moveWithNext(to: DocumentState, change: Change, arrow: Failpoint): void {
    checkTransition(this.document.state, to);
    this.#unwritten.push({ to, change, arrow });
    this.document = {
      ...this.document,
      state: to,
      version: this.document.version + 1,
      currentSha256: change.currentSha256 ?? this.document.currentSha256,
      attempts: 0,
      nextAttemptAt: null,
      error: null,
    };
  }

  /** Writes what was left for the next move when there will be none. @throws GatewayError LEDGER_* */
  async settle(): Promise<void> {
    const last = this.#unwritten.pop();
    if (last === undefined) return;
    await this.move(last.to, last.change);
    reach(last.arrow);
  }

  /** As the ledger has it. */
  get written(): DocumentRecord {
    return this.#written;
  }

  /** Steps without a signature in a stored revision, in their order. */
  openSteps(): StepRecord[] {
    return this.steps.filter((step) => this.signatures.get(step.id)?.state !== "complete");
  }
}
