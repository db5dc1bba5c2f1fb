import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findAuditBreak } from "./audit-hash.ts";
import type { Ledger } from "./ledger.ts";
import type { CertificateBinding, NewDocument } from "./records.ts";

const hash = (digit: string) => digit.repeat(64);

/** What every ledger must hold to. `open` gives a fresh one at a clock that the suite moves. */
export function ledgerContract(name: string, open: (clock: () => number) => Promise<Ledger> | Ledger): void {
  describe(`ledger contract: ${name}`, () => {
    let ledger: Ledger;
    let now: number;
    beforeEach(async () => {
      now = 1_780_000_000_000;
      ledger = await open(() => now);
      await ledger.registry.putSchool({ code: "S1", name: "Trường thử một" }, "test");
      await ledger.registry.putSchool({ code: "S2", name: "Trường thử hai" }, "test");
      await ledger.registry.putSigner({ id: "p1", kind: "person", name: "Người Ký", school: "S1" }, "test");
      await ledger.registry.addBinding(binding("b1"), "test");
    });
    afterEach(() => ledger.close());

    const document = (id: string, more: Partial<NewDocument> = {}): NewDocument => ({
      id,
      sha256: hash("a"),
      size: 10,
      format: "pdf",
      profile: "hocba-pdf",
      school: "S1",
      externalId: null,
      idempotencyKey: null,
      className: null,
      batchId: null,
      actor: "key_1",
      ...more,
    });
    const step = { id: "seal", position: 0, role: "seal" as const, order: 1, key: null, bindingId: "b1" };
    const intent = {
      stepId: "seal",
      bindingId: "b1",
      algorithm: "rsa-pkcs1-sha256" as const,
      signingTime: 1_780_000_000_500,
      inputSha256: hash("a"),
      toBeSignedSha256: hash("b"),
    };

    async function inSigning(id: string) {
      const { document: received } = await ledger.documents.accept(document(id));
      const preparing = await ledger.documents.transition(received, "preparing", { actor: "worker", steps: [step] });
      return ledger.documents.transition(preparing, "signing", { actor: "worker", intents: [intent] });
    }

    it("keeps what it took in", async () => {
      const { document: taken, created } = await ledger.documents.accept(document("d1", { externalId: "x" }));
      expect(created).toBe(true);
      expect(await ledger.documents.get("d1")).toEqual(taken);
      expect(taken).toMatchObject({ state: "received", version: 1, currentSha256: hash("a"), createdAt: now });
      expect(await ledger.documents.get("d2")).toBeNull();
    });

    it("answers a repeated idempotency key with the document of then, in the same school only", async () => {
      await ledger.documents.accept(document("d1", { idempotencyKey: "k" }));
      const again = await ledger.documents.accept(document("d2", { idempotencyKey: "k" }));
      expect(again).toMatchObject({ created: false, document: { id: "d1" } });
      const elsewhere = await ledger.documents.accept(document("d3", { idempotencyKey: "k", school: "S2" }));
      expect(elsewhere.created).toBe(true);
    });

    it("refuses an idempotency key that stands for another document or profile", async () => {
      await ledger.documents.accept(document("d1", { idempotencyKey: "k" }));
      for (const other of [{ sha256: hash("c") }, { profile: "other" }]) {
        await expect(ledger.documents.accept(document("d2", { idempotencyKey: "k", ...other }))).rejects.toMatchObject({
          code: "IDEMPOTENCY_CONFLICT",
          details: { documentId: "d1" },
        });
      }
    });

    it("takes a repeated key once when both come at the same time", async () => {
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, i) => ledger.documents.accept(document(`d${i}`, { idempotencyKey: "k" }))),
      );
      expect(results.filter((result) => result.created)).toHaveLength(1);
      expect(new Set(results.map((result) => result.document.id)).size).toBe(1);
    });

    it("leads a document from received to signed, with its steps, signature and receipt", async () => {
      const signing = await inSigning("d1");
      const stamping = await ledger.documents.transition(signing, "stamping", {
        actor: "worker",
        values: [{ stepId: "seal", value: new Uint8Array([1, 2, 3]) }],
      });
      now += 50;
      const verifying = await ledger.documents.transition(stamping, "verifying", {
        actor: "worker",
        currentSha256: hash("d"),
        completed: [{ stepId: "seal", level: "T", stampedAt: now, tsa: "CN=TSA" }],
      });
      await ledger.documents.transition(verifying, "signed", {
        actor: "worker",
        receipt: "r.e.c",
        status: { kind: "issued", reason: null, replacedBy: null },
      });
      const dossier = await ledger.documents.dossier("d1");
      expect(dossier).toEqual({
        document: expect.objectContaining({ state: "signed", version: 6, currentSha256: hash("d"), sha256: hash("a") }),
        steps: [step],
        signatures: [
          {
            ...intent,
            state: "complete",
            value: new Uint8Array([1, 2, 3]),
            level: "T",
            stampedAt: now,
            tsa: "CN=TSA",
            outputSha256: hash("d"),
          },
        ],
        receipt: "r.e.c",
      });
      expect(await ledger.documents.statusChanges("d1")).toMatchObject([{ kind: "issued", at: now }]);
    });

    it("refuses a transition the state machine does not know, and writes nothing of it", async () => {
      const { document: received } = await ledger.documents.accept(document("d1"));
      await expect(
        ledger.documents.transition(received, "signed", { actor: "worker", steps: [step], receipt: "r" }),
      ).rejects.toMatchObject({ code: "LEDGER_TRANSITION_FORBIDDEN" });
      expect(await ledger.documents.dossier("d1")).toMatchObject({
        document: { state: "received" },
        steps: [],
        receipt: null,
      });
    });

    it("lets only one of two workers move a document", async () => {
      const { document: received } = await ledger.documents.accept(document("d1"));
      const moves = await Promise.allSettled([
        ledger.documents.transition(received, "preparing", { actor: "worker 1", steps: [step] }),
        ledger.documents.transition(received, "preparing", { actor: "worker 2", steps: [step] }),
      ]);
      expect(moves.map((move) => move.status).sort()).toEqual(["fulfilled", "rejected"]);
      expect(moves.find((move) => move.status === "rejected")).toMatchObject({ reason: { code: "LEDGER_CONFLICT" } });
    });

    it("never overwrites a signature value with a new intent", async () => {
      const signing = await inSigning("d1");
      const preparing = await ledger.documents.transition(signing, "preparing", {
        actor: "worker",
        values: [{ stepId: "seal", value: new Uint8Array([9]) }],
      });
      await expect(
        ledger.documents.transition(preparing, "signing", { actor: "worker", intents: [intent] }),
      ).rejects.toMatchObject({ code: "LEDGER_CONFLICT" });
      const dossier = await ledger.documents.dossier("d1");
      expect(dossier?.document.state).toBe("preparing");
      expect(dossier?.signatures).toMatchObject([{ state: "signed", value: new Uint8Array([9]) }]);
    });

    it("discards a value that stands in no document, and never one that does", async () => {
      const value = { stepId: "seal", value: new Uint8Array([9]) };
      const stamping = await ledger.documents.transition(await inSigning("d1"), "stamping", {
        actor: "worker",
        values: [value],
      });
      const anew = await ledger.documents.transition(stamping, "preparing", { actor: "worker", discarded: ["seal"] });
      const again = await ledger.documents.transition(anew, "signing", { actor: "worker", intents: [intent] });
      const done = await ledger.documents.transition(again, "stamping", { actor: "worker", values: [value] });
      const complete = await ledger.documents.transition(done, "preparing", {
        actor: "worker",
        completed: [{ stepId: "seal", level: "B", stampedAt: null, tsa: null }],
      });
      await expect(
        ledger.documents.transition(complete, "verifying", { actor: "worker", discarded: ["seal"] }),
      ).rejects.toMatchObject({ code: "LEDGER_CONFLICT" });
    });

    it("takes a value once, and completes only what has a value", async () => {
      const signing = await inSigning("d1");
      await expect(
        ledger.documents.transition(signing, "preparing", {
          actor: "worker",
          completed: [{ stepId: "seal", level: "B", stampedAt: null, tsa: null }],
        }),
      ).rejects.toMatchObject({ code: "LEDGER_CONFLICT" });
      const value = { stepId: "seal", value: new Uint8Array([1]) };
      const stamping = await ledger.documents.transition(signing, "stamping", { actor: "worker", values: [value] });
      await expect(
        ledger.documents.transition(stamping, "preparing", { actor: "worker", values: [value] }),
      ).rejects.toMatchObject({ code: "LEDGER_CONFLICT" });
    });

    async function issued(id: string, digit: string, more: Partial<NewDocument> = {}) {
      const { document: received } = await ledger.documents.accept(document(id, more));
      const preparing = await ledger.documents.transition(received, "preparing", { actor: "worker" });
      const verifying = await ledger.documents.transition(preparing, "verifying", {
        actor: "worker",
        currentSha256: hash(digit),
      });
      const kind = more.replaces ? ("corrected" as const) : ("issued" as const);
      return ledger.documents.transition(verifying, "signed", {
        actor: "worker",
        status: { kind, reason: null, replacedBy: null },
      });
    }

    it("supersedes a document in the moment its correction is signed", async () => {
      await issued("d1", "1");
      await issued("d2", "2", { replaces: "d1" });
      expect(await ledger.documents.get("d1")).toMatchObject({ state: "superseded" });
      expect(await ledger.documents.statusChanges("d1")).toMatchObject([
        { kind: "issued" },
        { kind: "superseded", replacedBy: "d2" },
      ]);
      expect(await ledger.documents.statusChanges("d2")).toMatchObject([{ kind: "corrected" }]);
      expect(Object.fromEntries(await ledger.documents.countByState())).toEqual({ signed: 1, superseded: 1 });
    });

    it("takes no correction of what is not issued, is superseded already or is of another school", async () => {
      await ledger.documents.accept(document("d0"));
      await issued("d1", "1");
      await issued("d2", "2", { replaces: "d1" });
      for (const [replaces, school, code] of [
        ["d0", "S1", "LEDGER_TRANSITION_FORBIDDEN"],
        ["d1", "S1", "LEDGER_TRANSITION_FORBIDDEN"],
        ["d2", "S2", "NOT_FOUND"],
        ["d9", "S1", "NOT_FOUND"],
      ] as const) {
        await expect(ledger.documents.accept(document("d3", { replaces, school }))).rejects.toMatchObject({ code });
      }
    });

    it("finds what was issued by the hash of its content, withdrawn or not, and nothing unfinished", async () => {
      const d1 = await issued("d1", "1");
      await ledger.documents.accept(document("d2", { sha256: hash("2") }));
      expect(await ledger.documents.byIssuedHash(hash("1"))).toMatchObject({ id: "d1", state: "signed" });
      expect(await ledger.documents.byIssuedHash(hash("2"))).toBeNull();
      await ledger.documents.transition(d1, "withdrawn", {
        actor: "key_1",
        status: { kind: "withdrawn", reason: "sai điểm", replacedBy: null },
      });
      expect(await ledger.documents.byIssuedHash(hash("1"))).toMatchObject({ id: "d1", state: "withdrawn" });
      const sent = (await ledger.documents.get("d1"))!.sha256;
      expect(await ledger.documents.byLookup(sent.slice(0, 15))).toMatchObject({ id: "d1" });
      expect(await ledger.documents.byLookup(hash("2").slice(0, 15))).toBeNull();
    });

    it("counts tries, hides a postponed document until it is due, forgets the tries when it moves", async () => {
      const { document: received } = await ledger.documents.accept(document("d1"));
      const postponed = await ledger.documents.postpone(received, {
        actor: "worker",
        code: "TSA_UNAVAILABLE",
        details: { endpoint: "one" },
        nextAttemptAt: now + 1000,
      });
      expect(postponed).toMatchObject({ state: "received", attempts: 1, error: { code: "TSA_UNAVAILABLE" } });
      expect(await ledger.documents.get("d1")).toEqual(postponed);
      expect(await ledger.documents.unfinished(now, 10, null)).toEqual([]);
      expect((await ledger.documents.unfinished(now + 1000, 10, null)).map(({ id }) => id)).toEqual(["d1"]);
      const moved = await ledger.documents.transition(postponed, "preparing", { actor: "worker" });
      expect(moved).toMatchObject({ attempts: 0, nextAttemptAt: null, error: null });
      expect(await ledger.documents.get("d1")).toEqual(moved);
    });

    it("lists what is unfinished in pages, without what is done or waits for a person", async () => {
      for (const id of ["d1", "d2", "d3", "d4"]) await ledger.documents.accept(document(id));
      const d2 = await ledger.documents.get("d2");
      await ledger.documents.transition(d2!, "rejected", { actor: "test", error: { code: "X", details: {} } });
      expect((await ledger.documents.unfinished(now, 2, null)).map(({ id }) => id)).toEqual(["d1", "d3"]);
      expect((await ledger.documents.unfinished(now, 2, "d3")).map(({ id }) => id)).toEqual(["d4"]);
    });

    it("counts a school's unfinished documents as they move, and takes none beyond the quota", async () => {
      const ranks = [];
      for (const id of ["d1", "d2"]) ranks.push((await ledger.documents.accept(document(id), 2)).rank);
      expect(ranks).toEqual([1, 2]);
      await expect(ledger.documents.accept(document("d3"), 2)).rejects.toMatchObject({
        code: "AT_CAPACITY",
        retryable: true,
        details: { unfinished: 2, quota: 2 },
      });
      expect(await ledger.documents.get("d3")).toBeNull();
      expect((await ledger.documents.accept(document("other", { school: "S2" }), 2)).rank).toBe(1);
      const d1 = (await ledger.documents.get("d1"))!;
      const preparing = await ledger.documents.transition(d1, "preparing", { actor: "test" });
      expect(await ledger.documents.unfinishedOf("S1")).toBe(2);
      // One that waits for a person holds nothing, and takes no room either.
      const waiting = await ledger.documents.transition(preparing, "awaiting-signature", { actor: "test" });
      expect(await ledger.documents.unfinishedOf("S1")).toBe(1);
      expect((await ledger.documents.accept(document("d3"), 2)).rank).toBe(2);
      await ledger.documents.transition(waiting, "signing", { actor: "test" });
      expect(await ledger.documents.unfinishedOf("S1")).toBe(3);
      expect(await ledger.documents.unfinishedOf("nobody")).toBe(0);
    });

    it("counts by state as documents move", async () => {
      await ledger.documents.accept(document("d1"));
      const { document: second } = await ledger.documents.accept(document("d2"));
      await ledger.documents.transition(second, "preparing", { actor: "worker" });
      expect(Object.fromEntries(await ledger.documents.countByState())).toEqual({ received: 1, preparing: 1 });
    });

    /** Issued at level B, its time stamp being late. */
    async function issuedBare(id: string) {
      const signing = await inSigning(id);
      const verifying = await ledger.documents.transition(signing, "verifying", {
        actor: "worker",
        values: [{ stepId: "seal", value: new Uint8Array([1]) }],
        currentSha256: hash("d"),
        completed: [{ stepId: "seal", level: "B", stampedAt: null, tsa: null }],
      });
      return ledger.documents.transition(verifying, "signed", {
        actor: "worker",
        receipt: "first",
        level: "B",
        waitingFor: "T",
        status: { kind: "issued", reason: null, replacedBy: null },
      });
    }
    const raised = {
      actor: "worker",
      currentSha256: hash("e"),
      level: "T" as const,
      waitingFor: null,
      receipt: "second",
      stamped: [{ stepId: "seal", stampedAt: 1_780_000_009_000, tsa: "CN=TSA" }],
    };

    it("raises an issued document once: new revision, receipt and level; the earlier one stays known as issued", async () => {
      const issued = await issuedBare("d1");
      expect(issued).toMatchObject({ state: "signed", level: "B", waitingFor: "T" });
      expect(await ledger.documents.waiting()).toEqual({ documents: 1, since: now, failing: 0 });
      now += 5000;
      const after = await ledger.documents.raise(issued, raised);
      expect(await ledger.documents.get("d1")).toEqual(after);
      expect(await ledger.documents.dossier("d1")).toMatchObject({
        document: {
          state: "signed",
          level: "T",
          waitingFor: null,
          currentSha256: hash("e"),
          version: issued.version + 1,
        },
        signatures: [{ level: "T", stampedAt: 1_780_000_009_000, tsa: "CN=TSA", value: new Uint8Array([1]) }],
        receipt: "second",
      });
      expect((await ledger.documents.byIssuedHash(hash("d")))?.id).toBe("d1");
      expect((await ledger.documents.byIssuedHash(hash("e")))?.id).toBe("d1");
      expect(await ledger.documents.earlierIssues("d1")).toEqual([hash("d")]);
      expect(await ledger.documents.waiting()).toEqual({ documents: 0, since: null, failing: 0 });
      expect((await ledger.audit.last())?.details).toMatchObject({
        previous: hash("d"),
        sha256: hash("e"),
        level: "T",
      });
      expect(await ledger.documents.statusChanges("d1")).toHaveLength(1);
      for (const seen of [issued, after]) {
        const again = ledger.documents.raise(seen, raised);
        const code = seen === issued ? "LEDGER_CONFLICT" : "LEDGER_TRANSITION_FORBIDDEN";
        await expect(again).rejects.toMatchObject({ code });
      }
    });

    it("gives a waiting document to one worker at a time, the longest due first, and again when its lease is over", async () => {
      await issuedBare("d1");
      now += 10;
      await issuedBare("d2");
      expect(await ledger.documents.claimWaiting(now - 11, now, 10)).toEqual([]);
      const claims = await Promise.all([1, 2, 3].map(() => ledger.documents.claimWaiting(now, now + 100, 1)));
      expect(claims.flat().map(({ id }) => id)).toEqual(["d1", "d2"]);
      await ledger.documents.holdWaiting(["d2"], now + 200);
      expect(await ledger.documents.claimWaiting(now + 150, now + 900, 10)).toEqual([{ id: "d1", attempts: 0 }]);
      await ledger.documents.postponeWaiting("d1", now + 1000, null);
      await ledger.documents.postponeWaiting("d2", now + 1000, "VERIFICATION_FAILED");
      expect(await ledger.documents.claimWaiting(now + 999, now + 2000, 10)).toEqual([]);
      const due = await ledger.documents.claimWaiting(now + 1000, now + 2000, 10);
      expect(new Map(due.map(({ id, attempts }) => [id, attempts]))).toEqual(
        new Map([
          ["d1", 0],
          ["d2", 1],
        ]),
      );
      expect(await ledger.documents.waiting()).toEqual({ documents: 2, since: now - 10, failing: 1 });
    });

    it("raises no more what was withdrawn", async () => {
      const issued = await issuedBare("d1");
      const withdrawn = await ledger.documents.transition(issued, "withdrawn", {
        actor: "key_1",
        status: { kind: "withdrawn", reason: "sai", replacedBy: null },
      });
      expect(withdrawn).toMatchObject({ level: "B", waitingFor: null });
      expect(await ledger.documents.claimWaiting(now + 1, now + 2, 10)).toEqual([]);
      await expect(ledger.documents.raise(withdrawn, raised)).rejects.toMatchObject({
        code: "LEDGER_TRANSITION_FORBIDDEN",
      });
      expect(await ledger.documents.waiting()).toEqual({ documents: 0, since: null, failing: 0 });
    });

    it("keeps an audit chain without a break, and shows a document's own entries", async () => {
      await Promise.all([inSigning("d1"), inSigning("d2"), inSigning("d3")]);
      const entries = await ledger.audit.entries({ after: 0, limit: 1000 });
      expect(findAuditBreak(entries)).toBeNull();
      const own = await ledger.audit.entries({ after: 0, limit: 1000, documentId: "d2" });
      expect(own.map((entry) => entry.action)).toEqual(["document.received", "document.preparing", "document.signing"]);
      const changed = entries.map((entry) => (entry.seq === 5 ? { ...entry, actor: "somebody" } : entry));
      expect(findAuditBreak(changed)).toEqual({ seq: 5, problem: "hash" });
      expect(findAuditBreak(entries.filter((entry) => entry.seq !== 6))).toEqual({ seq: 7, problem: "gap" });
    });

    it("finds an API key by the hash of its secret and knows when it was revoked", async () => {
      const key = {
        id: "key_1",
        secretHash: hash("e"),
        school: "S1",
        scopes: ["documents:write", "documents:read"] as const,
        label: "phần mềm quản lý",
        createdAt: now,
      };
      await ledger.registry.addApiKey(key, "test");
      expect(await ledger.registry.apiKeyByHash(hash("e"))).toEqual({ ...key, revokedAt: null });
      expect(await ledger.registry.apiKeyByHash(hash("f"))).toBeNull();
      expect(await ledger.registry.revokeApiKey("key_1", "test")).toBe(true);
      expect(await ledger.registry.revokeApiKey("key_1", "test")).toBe(false);
      expect((await ledger.registry.apiKeyByHash(hash("e")))?.revokedAt).toBe(now);
    });

    it("gives the bindings of a role that may be used at a time", async () => {
      await ledger.registry.addBinding({ ...binding("b2"), validFrom: 5000, validTo: 6000 }, "test");
      await ledger.registry.addBinding({ ...binding("b3"), role: "principal" }, "test");
      await ledger.registry.addBinding({ ...binding("b4"), key: null, subjects: ["19"], classes: ["8A1"] }, "test");
      await ledger.registry.revokeBinding("b4", "test");
      expect((await ledger.registry.bindingsFor("S1", "seal", 5500)).map((entry) => entry.id)).toEqual(["b1", "b2"]);
      expect((await ledger.registry.bindingsFor("S1", "seal", 7000)).map((entry) => entry.id)).toEqual(["b1"]);
      expect(await ledger.registry.bindingsFor("S2", "seal", 5500)).toEqual([]);
      expect(await ledger.registry.binding("b4")).toEqual({
        ...binding("b4"),
        key: null,
        subjects: ["19"],
        classes: ["8A1"],
        revokedAt: now,
      });
      await expect(ledger.registry.addBinding(binding("b1"), "test")).rejects.toMatchObject({
        code: "LEDGER_DUPLICATE",
      });
    });

    it("knows what became of each item of a batch", async () => {
      await ledger.batches.create({ id: "bt1", school: "S1", externalId: "8A1" }, "test");
      await ledger.documents.accept(document("d1", { batchId: "bt1" }));
      await ledger.batches.addItem("bt1", { position: 1, name: "a.pdf", documentId: "d1", error: null });
      const error = { code: "PDF_ENCRYPTED", details: {} };
      await ledger.batches.addItem("bt1", { position: 2, name: "b.pdf", documentId: null, error });
      await ledger.batches.seal("bt1", "test");
      expect(await ledger.batches.get("bt1")).toMatchObject({ sealed: true, externalId: "8A1" });
      expect(await ledger.batches.items("bt1", 0, 10)).toEqual([
        { position: 1, name: "a.pdf", documentId: "d1", error: null, state: "received" },
        { position: 2, name: "b.pdf", documentId: null, error, state: null },
      ]);
      expect(await ledger.batches.counts("bt1")).toEqual({
        items: 2,
        refused: 1,
        byState: new Map([["received", 1]]),
      });
      const entries = await ledger.audit.entries({ after: 0, limit: 100, batchId: "bt1" });
      expect(entries.map((entry) => entry.action)).toEqual(["batch.created", "document.received", "batch.sealed"]);
    });

    it("notes once that a batch is finished, when nothing in it can move any more", async () => {
      const create = (id: string) => ledger.batches.create({ id, school: "S1", externalId: null }, "test");
      for (const id of ["bt1", "bt2", "bt3", "bt4"]) await create(id);
      const { document: first } = await ledger.documents.accept(document("d1", { batchId: "bt1" }));
      const item = (position: number, documentId: string | null) => ({
        position,
        name: "a.pdf",
        documentId,
        error: documentId === null ? { code: "PDF_MALFORMED", details: {} } : null,
      });
      await ledger.batches.addItem("bt1", item(1, "d1"));
      await ledger.batches.addItem("bt1", item(2, null));
      // The same document again, in a later batch; and a batch of nothing but a refusal.
      await ledger.batches.addItem("bt2", item(1, "d1"));
      await ledger.batches.addItem("bt3", item(1, null));
      for (const id of ["bt1", "bt2", "bt3"]) await ledger.batches.seal(id, "test");
      expect(await ledger.batches.finish("test")).toEqual(["bt3"]);
      await ledger.documents.transition(first, "failed", { actor: "test", error: { code: "X", details: {} } });
      const both = await Promise.all([ledger.batches.finish("test"), ledger.batches.finish("test")]);
      expect(both.flat().sort()).toEqual(["bt1", "bt2"]);
      expect(await ledger.batches.finish("test"), "not sealed").toEqual([]);
      const entries = await ledger.audit.entries({ after: 0, limit: 100, batchId: "bt1" });
      expect(entries.at(-1)).toMatchObject({
        action: "batch.finished",
        documentId: null,
        details: { school: "S1", items: 2, refused: 1, states: { failed: 1 } },
      });
    });

    it("answers a ping", async () => {
      await expect(ledger.ping()).resolves.toBeUndefined();
    });
  });

  function binding(id: string): Omit<CertificateBinding, "revokedAt"> {
    return {
      id,
      signerId: "p1",
      school: "S1",
      role: "seal",
      subjects: null,
      classes: null,
      certificate: new Uint8Array([1, 2, 3]),
      chain: [new Uint8Array([4]), new Uint8Array([5, 6])],
      algorithm: "rsa-pkcs1-sha256",
      key: { token: "hsm", ckaId: "01" },
      validFrom: 1000,
      validTo: 9_999_999_999_999,
    };
  }
}
