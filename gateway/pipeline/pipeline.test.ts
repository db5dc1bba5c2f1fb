import { createHash } from "node:crypto";
import { parseCertificate } from "@hocba/certs/x509";
import { SignerError } from "@hocba/hsm-adapters";
import { openPdf, signatureFields } from "@hocba/signatures/pdf";
import { shippedProfiles } from "@hocba/signatures/profiles";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { transcriptPdf } from "../demo/sample-class/index.ts";
import type { CertificateBinding, Ledger } from "../ledger/index.ts";
import { newId } from "../new-id.ts";
import type { SharedDeps } from "../open-parts.ts";
import { openReceiptIssuer, readReceipt } from "../receipts/index.ts";
import type { BlobStore } from "../store/index.ts";
import { type SigningSite, startSigningSite } from "../testing/index.ts";

describe("the pipeline, with a real token, PKI and time stamps", () => {
  let site: SigningSite;
  let pdf: Uint8Array;
  let number = 0;
  beforeAll(async () => {
    site = await startSigningSite({ pupils: 1 });
    pdf = await transcriptPdf(site.sample.pupils[0]!);
  }, 120_000);
  afterAll(() => site?.close());
  afterEach(async () => {
    site.pki.faults.tsa = {};
    site.pki.faults.crl = {};
    site.pki.faults.ocsp = {};
    await site.stopParts();
  });

  async function accept(changes: { school?: string; className?: string | null } = {}): Promise<string> {
    const sha256 = await site.store.put(pdf);
    const { document } = await site.ledger.documents.accept({
      id: newId("doc", Date.now()),
      sha256,
      size: pdf.length,
      format: "pdf",
      profile: "hocba-pdf",
      school: changes.school ?? site.sample.school.code,
      externalId: null,
      idempotencyKey: null,
      className: changes.className === undefined ? site.sample.className : changes.className,
      batchId: null,
      actor: "test",
    });
    return document.id;
  }
  const advance = async (id: string, deps?: SharedDeps) => (await site.worker({}, deps)).pipeline.advance(id);
  const dossier = async (id: string) => (await site.ledger.documents.dossier(id))!;
  /** Until nothing is left to do now; waits out postponements, which are short here. */
  async function untilRest(id: string, deps?: SharedDeps) {
    const { pipeline } = await site.worker({}, deps);
    for (let turn = 0; turn < 50; turn++) {
      const outcome = await pipeline.advance(id);
      if (outcome.kind === "done") return (await dossier(id)).document;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, outcome.at - Date.now())));
    }
    throw new Error(`never came to rest: ${JSON.stringify((await dossier(id)).document)}`);
  }
  async function fieldsOf(id: string): Promise<string[]> {
    const { document } = await dossier(id);
    const content = await site.store.get(document.currentSha256);
    expect(Buffer.from(content).subarray(0, pdf.length).equals(pdf), "the original stands untouched").toBe(true);
    return signatureFields(openPdf(content)).map((signature) => signature.fieldName);
  }
  const patient = new Map(
    [...shippedProfiles].map(([name, profile]) => [name, { ...profile, lateStamps: "wait" as const }]),
  );
  const everyField = ["GVCN", "CBQL", "KY_PHAT_HANH"];

  it("signs once by each signer and gives a receipt that anybody can check", async () => {
    const id = await accept();
    expect(await advance(id)).toEqual({ kind: "done" });
    const { document, steps, signatures, receipt } = await dossier(id);
    expect(document).toMatchObject({ state: "signed", error: null });
    expect(await fieldsOf(id)).toEqual(everyField);
    expect(signatures).toHaveLength(3);
    const payload = readReceipt(receipt!, openReceiptIssuer(site.root).key)!;
    expect(payload).toMatchObject({
      sub: id,
      received: { sha256: createHash("sha256").update(pdf).digest("hex") },
      signed: { sha256: document.currentSha256, verdict: "TOTAL-PASSED" },
    });
    expect((payload.signatures as { step: string }[]).map((each) => each.step)).toEqual(steps.map((step) => step.id));
    const [head, body, value] = receipt!.split(".");
    const forged = `${head}.${Buffer.from(JSON.stringify({ ...payload, sub: "other" })).toString("base64url")}.${value}`;
    expect(body).not.toBe("");
    expect(readReceipt(forged, openReceiptIssuer(site.root).key)).toBeNull();
  }, 30_000);

  it("does nothing to a document that is signed, or that does not exist", async () => {
    const id = await accept();
    await advance(id);
    const before = await dossier(id);
    expect(await advance(id)).toEqual({ kind: "done" });
    expect(await dossier(id)).toEqual(before);
    expect(await advance("doc_none")).toEqual({ kind: "done" });
  }, 30_000);

  it("comes to one signature a step when two workers take the same document", async () => {
    const id = await accept();
    await Promise.all([advance(id), advance(id), advance(id)]);
    await untilRest(id);
    expect((await dossier(id)).document.state).toBe("signed");
    expect(await fieldsOf(id)).toEqual(everyField);
  }, 30_000);

  it("waits with its values while no time stamp is to be had, if its profile says so; no key is used again", async () => {
    let used = 0;
    const counting = {
      ...wrap(site.signer),
      sign: (...args: Parameters<typeof site.signer.sign>) => {
        used++;
        return site.signer.sign(...args);
      },
    };
    site.pki.faults.tsa = { refuse: true };
    const id = await accept();
    for (let turn = 0; turn < 4; turn++) {
      const outcome = await advance(id, { signer: counting, profiles: patient });
      expect(outcome.kind).toBe("again");
      await new Promise((resolve) => setTimeout(resolve, 210));
    }
    const waiting = await dossier(id);
    expect(waiting.document).toMatchObject({ state: "stamping", error: { code: "TSA_UNAVAILABLE" } });
    expect(waiting.document.attempts).toBeGreaterThan(1);
    expect(used).toBe(1);
    const value = waiting.signatures[0]!.value;
    site.pki.faults.tsa = {};
    await untilRest(id, { signer: counting, profiles: patient });
    const signed = await dossier(id);
    expect(signed.document.state).toBe("signed");
    expect(signed.signatures.find((each) => each.stepId === waiting.signatures[0]!.stepId)?.value).toEqual(value);
    expect(used).toBe(3);
  }, 30_000);

  it.each([
    ["wrong nonce", { wrongNonce: true }],
    ["a clock 759 s slow", { clockSkewMs: -759_000 }],
    ["a stranger's certificate", { wrongCertificate: true }],
  ])(
    "takes no time stamp with %s",
    async (_, faults) => {
      site.pki.faults.tsa = faults;
      const id = await accept();
      expect((await advance(id, { profiles: patient })).kind).toBe("again");
      expect((await dossier(id)).document).toMatchObject({ state: "stamping", error: { code: "TSA_UNAVAILABLE" } });
    },
    30_000,
  );

  it("calls nothing signed while revocation cannot be asked, and goes on when it can", async () => {
    site.pki.faults.crl = { down: true };
    site.pki.faults.ocsp = { down: true };
    const id = await accept();
    expect((await advance(id)).kind).toBe("again");
    expect((await dossier(id)).document).toMatchObject({
      state: "verifying",
      error: { code: "VERIFICATION_INDETERMINATE" },
    });
    site.pki.faults.crl = {};
    site.pki.faults.ocsp = {};
    expect((await untilRest(id)).state).toBe("signed");
  }, 30_000);

  it("fails by name when nobody is registered, and goes on when the operator has seen to it", async () => {
    await site.ledger.registry.putSchool({ code: "EMPTY", name: "Trường trống" }, "test");
    const id = await accept({ school: "EMPTY" });
    await advance(id);
    expect((await dossier(id)).document).toMatchObject({
      state: "failed",
      error: { code: "SIGNER_NOT_BOUND", details: { role: "homeroom-teacher" } },
    });
    const signer = { id: "empty", kind: "person" as const, name: "Một người", school: "EMPTY" };
    await site.ledger.registry.putSigner(signer, "test");
    for (const role of ["homeroom-teacher", "principal", "seal"] as const) {
      const own = (await site.ledger.registry.bindingsFor(site.sample.school.code, role, Date.now()))[0]!;
      await site.ledger.registry.addBinding(
        { ...own, id: `empty/${role}`, school: "EMPTY", signerId: "empty", classes: null },
        "test",
      );
    }
    const { pipeline } = await site.worker();
    await pipeline.resume(id, "operator");
    expect((await untilRest(id)).state).toBe("signed");
  }, 30_000);

  describe("refuses to use a key", () => {
    async function schoolWith(change: (own: CertificateBinding) => Partial<CertificateBinding>): Promise<string> {
      const school = `K${++number}`;
      await site.ledger.registry.putSchool({ code: school, name: "Trường" }, "test");
      await site.ledger.registry.putSigner({ id: `${school}-p`, kind: "person", name: "Người", school }, "test");
      for (const role of ["homeroom-teacher", "principal", "seal"] as const) {
        const own = (await site.ledger.registry.bindingsFor(site.sample.school.code, role, Date.now()))[0]!;
        const binding = { ...own, id: `${school}/${role}`, school, signerId: `${school}-p`, classes: null };
        await site.ledger.registry.addBinding({ ...binding, ...change(own) }, "test");
      }
      return accept({ school });
    }
    const issue = (own: CertificateBinding, request: object) =>
      site.pki.issue({ publicKeySpki: certificateSpki(own), subject: { commonName: "Hà Thử" }, ...request });

    it("that is not the certificate's", async () => {
      const [other] = await site.ledger.registry.bindingsFor(site.sample.school.code, "principal", Date.now());
      const id = await schoolWith(() => ({ key: other!.key, certificate: certificateOf("seal") }));
      await advance(id);
      expect((await dossier(id)).document).toMatchObject({
        state: "failed",
        error: { code: "CERTIFICATE_KEY_MISMATCH" },
      });
      expect((await dossier(id)).signatures.every((signature) => signature.value === null)).toBe(true);
    }, 30_000);

    it.each([
      ["that the token does not hold", "KEY_NOT_FOUND", async () => ({ key: { token: "demo", ckaId: "ffff" } })],
      [
        "whose certificate has expired",
        "CERTIFICATE_EXPIRED",
        async (own: CertificateBinding) => ({
          certificate: await issue(own, {
            notBefore: new Date(Date.now() - 9e8),
            notAfter: new Date(Date.now() - 1000),
          }),
        }),
      ],
      [
        "whose certificate is not valid yet",
        "CERTIFICATE_NOT_YET_VALID",
        async (own: CertificateBinding) => ({
          certificate: await issue(own, { notBefore: new Date(Date.now() + 1e7) }),
        }),
      ],
      [
        "whose certificate is not for signatures",
        "CERTIFICATE_KEY_USAGE",
        async (own: CertificateBinding) => ({ certificate: await issue(own, { keyUsage: ["keyEncipherment"] }) }),
      ],
      [
        "with an algorithm that is not its own",
        "CERTIFICATE_UNUSABLE",
        async () => ({ algorithm: "ecdsa-p256-sha256" as const }),
      ],
    ])(
      "%s",
      async (_, code, change) => {
        const [own] = await site.ledger.registry.bindingsFor(site.sample.school.code, "homeroom-teacher", Date.now());
        const changed = await change(own!);
        const id = await schoolWith((binding) => (binding.role === "homeroom-teacher" ? changed : {}));
        await advance(id);
        expect((await dossier(id)).document).toMatchObject({ state: "failed", error: { code } });
      },
      30_000,
    );

    it("anew for a document that waits for its PIN, and goes on when the operator has put it right", async () => {
      // As the adapters answer: they remember a refused PIN and do not try it again.
      const refusing = {
        ...wrap(site.signer),
        sign: async (): Promise<Uint8Array> => {
          throw new SignerError("PIN_INCORRECT", "the PIN was refused");
        },
      };
      const id = await accept();
      expect((await advance(id, { signer: refusing })).kind).toBe("again");
      const waiting = await dossier(id);
      expect(waiting.document).toMatchObject({ state: "signing", error: { code: "PIN_INCORRECT" } });
      expect(waiting.signatures).toMatchObject([{ state: "intent", value: null }]);
      expect((await untilRest(id)).state).toBe("signed");
      expect(await fieldsOf(id)).toEqual(everyField);
    }, 30_000);

    function certificateOf(role: string): Uint8Array {
      return bindings.find((binding) => binding.role === role)!.certificate;
    }
    let bindings: CertificateBinding[];
    beforeAll(async () => {
      bindings = await site.ledger.registry.bindings(site.sample.school.code);
    });
  });

  it("ends with one signature a step wherever the process is killed, before or after any effect", async () => {
    const points = await countEffects();
    // For each of three signatures: a key, a revision, the intent and the value; and the issue.
    expect(points).toBe(3 * 4 + 1);
    for (let at = 0; at < points; at++) {
      for (const when of ["before", "after"] as const) {
        const id = await accept();
        const dying = mortal(at, when);
        await advance(id, dying.deps).catch(() => {});
        expect(dying.died(), `killed ${when} effect ${at}`).toBe(true);
        const document = await untilRest(id);
        expect(document.state, `killed ${when} effect ${at}`).toBe("signed");
        expect(await fieldsOf(id)).toEqual(everyField);
        const { signatures, steps } = await dossier(id);
        expect(signatures.map((each) => each.state)).toEqual(steps.map(() => "complete"));
      }
      await site.stopParts();
    }
  }, 120_000);

  async function countEffects(): Promise<number> {
    const living = mortal(Number.POSITIVE_INFINITY, "before");
    await advance(await accept(), living.deps);
    return living.effects();
  }

  /** A process that is killed at the n-th effect it has on the world: from then on nothing it does reaches anything. */
  function mortal(at: number, when: "before" | "after") {
    let n = -1;
    let dead = false;
    const effect = <A extends unknown[], R>(act: (...args: A) => Promise<R>) => {
      return async (...args: A): Promise<R> => {
        if (dead) throw new Error("killed");
        const mine = ++n;
        if (mine === at && when === "before") dead = true;
        if (dead) throw new Error("killed");
        const result = await act(...args);
        if (mine === at) dead = true;
        if (dead) throw new Error("killed");
        return result;
      };
    };
    const { documents } = site.ledger;
    const ledger: Ledger = {
      ...site.ledger,
      documents: {
        ...documents,
        transition: effect(documents.transition),
        postpone: effect(documents.postpone),
      },
    };
    const store: BlobStore = { ...site.store, put: effect(site.store.put) };
    const signer = { ...wrap(site.signer), sign: effect(site.signer.sign.bind(site.signer)) };
    return { deps: { ledger, store, signer }, died: () => dead, effects: () => n + 1 };
  }

  function wrap(signer: typeof site.signer): typeof site.signer {
    return {
      keys: () => signer.keys(),
      sign: (...args) => signer.sign(...args),
      ping: () => signer.ping(),
      close: async () => {},
    };
  }
});

function certificateSpki(binding: CertificateBinding): Uint8Array {
  return parseCertificate(binding.certificate).spki;
}
