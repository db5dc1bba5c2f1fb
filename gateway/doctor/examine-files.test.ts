import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRecordBook, type RecordBook } from "../evidence-records/index.ts";
import { openPreservationBook, type PreservationBook } from "../extension/index.ts";
import { type DocumentRecord, type Ledger, openSqliteLedger } from "../ledger/index.ts";
import { newId } from "../new-id.ts";
import { type BlobStore, openFileStore } from "../store/index.ts";
import { examineEvidence } from "./examine-evidence.ts";
import { examineFiles } from "./index.ts";

const DAY = 86_400_000;

describe("files in the store", () => {
  let dir: string;
  let ledger: Ledger;
  let store: BlobStore;
  let preserved: PreservationBook;
  let book: RecordBook;
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "hb-files-"));
    ledger = openSqliteLedger({ path: join(dir, "ledger.sqlite"), clock: Date.now });
    store = await openFileStore(join(dir, "documents"));
    preserved = openPreservationBook(":memory:");
    book = openRecordBook(":memory:");
    await ledger.registry.putSchool({ code: "S", name: "S" }, "test");
    await ledger.registry.putSigner({ id: "s", kind: "seal", name: "S", school: "S" }, "test");
    await ledger.registry.addBinding(
      {
        id: "b",
        signerId: "s",
        school: "S",
        role: "seal",
        subjects: null,
        classes: null,
        certificate: Uint8Array.of(0x30, 0),
        chain: [],
        algorithm: "rsa-pkcs1-sha256",
        key: null,
        validFrom: 0,
        validTo: 1,
      },
      "test",
    );
  });
  afterEach(async () => {
    preserved.close();
    book.dispose();
    await store.close();
    await ledger.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const put = (text: string) => store.put(new TextEncoder().encode(text));
  const examine = (remove: boolean) =>
    examineFiles({ ledger, store, kept: [preserved.revisions, book.embeddedFiles], clock: Date.now }, remove);
  function makeOld(sha256: string): void {
    const at = new Date(Date.now() - 2 * DAY);
    utimesSync(join(dir, "documents", sha256.slice(0, 2), sha256.slice(2)), at, at);
  }
  async function accept(text: string): Promise<DocumentRecord> {
    const sha256 = await put(text);
    const base = { size: 1, externalId: null, idempotencyKey: null, className: null, batchId: null, actor: "test" };
    const id = newId("doc", Date.now());
    const entry = { id, sha256, format: "pdf", profile: "hocba-pdf", school: "S", ...base } as const;
    return (await ledger.documents.accept(entry)).document;
  }
  async function signing(text: string): Promise<{ document: DocumentRecord; between: string }> {
    const between = await put(`${text}, between two signatures`);
    const step = { position: 0, role: "seal", order: 1, key: null, bindingId: "b" } as const;
    const steps = ["one", "two"].map((id) => ({ ...step, id }));
    const preparing = await ledger.documents.transition(await accept(text), "preparing", { actor: "test", steps });
    const intent = {
      stepId: "one",
      bindingId: "b",
      algorithm: "rsa-pkcs1-sha256" as const,
      signingTime: 0,
      inputSha256: between,
      toBeSignedSha256: "0".repeat(64),
    };
    const document = await ledger.documents.transition(preparing, "signing", { actor: "test", intents: [intent] });
    return { document, between };
  }

  it("are counted when nothing leads to them, and stay unless they are to go and are older than a day", async () => {
    const { document, between } = await signing("a");
    const lost = await put("sent, and refused");
    const young = await put("just sent");
    const renewed = await put("renewed");
    preserved.keep({ documentId: document.id, sha256: renewed, level: "LTA", renewAt: 0 }, 0);
    const embedded = await put("with its record");
    book.embedded(embedded, document.id);
    for (const sha256 of [document.sha256, between, lost, renewed, embedded]) makeOld(sha256);
    const sizes = { lost: "sent, and refused".length, young: "just sent".length };
    const expected = {
      files: 2,
      bytes: sizes.lost + sizes.young,
      old: { files: 1, bytes: sizes.lost },
      removed: { files: 0, bytes: 0 },
    };
    expect(await examine(false)).toEqual(expected);
    expect(await store.has(lost)).toBe(true);
    expect(await examine(true)).toEqual({ ...expected, removed: { files: 1, bytes: sizes.lost } });
    for (const sha256 of [document.sha256, between, renewed, embedded, young]) {
      expect(await store.has(sha256)).toBe(true);
    }
    expect(await store.has(lost)).toBe(false);
    expect(await examine(true)).toMatchObject({ files: 1, removed: { files: 0 } });
  });

  it("between the signatures of an issued document are needed by nobody, those of a failed one are", async () => {
    const failed = await signing("failed");
    await ledger.documents.transition(failed.document, "failed", { actor: "test", error: { code: "X", details: {} } });
    const issued = await signing("issued");
    const current = await put("issued, signed");
    const verifying = await ledger.documents.transition(issued.document, "verifying", { actor: "test" });
    await ledger.documents.transition(verifying, "signed", { actor: "test", currentSha256: current });
    for (const sha256 of [failed.between, issued.between, current]) makeOld(sha256);
    expect(await examine(true)).toMatchObject({ files: 1, removed: { files: 1 } });
    expect(await store.has(issued.between)).toBe(false);
    expect(await store.has(failed.between)).toBe(true);
    expect(await store.has(current)).toBe(true);
  });

  it("named like none of ours are left alone", async () => {
    writeFileSync(join(dir, "documents", "notes.txt"), "x");
    await put("a");
    expect(await examine(true)).toMatchObject({ files: 1 });
  });

  it("have the evidence record they should have, or it is said", async () => {
    const document = await accept("a");
    const problems = async (evidence: Parameters<typeof examineEvidence>[1]) => {
      const found = [];
      for await (const { problem } of examineEvidence(document, evidence, store)) found.push(problem);
      return found;
    };
    const { sha256 } = document;
    const due = (isDue: boolean) => ({ ofDocument: () => null, isDue: async () => isDue });
    expect(await problems(due(true))).toEqual(["evidence-missing"]);
    expect(await problems(due(false))).toEqual([]);
    const holding = (record: Uint8Array | null) => ({
      ofDocument: () => ({ sha256, record, provenAt: 0 }),
      isDue: async () => true,
    });
    expect(await problems(holding(null))).toEqual([]);
    expect(await problems(holding(Uint8Array.of(0x30, 0)))).toEqual(["evidence-broken"]);
  });
});
