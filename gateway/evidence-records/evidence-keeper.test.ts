import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { type DevPki, startDevPki } from "@hocba/certs/dev-pki";
import { trustAnchor } from "@hocba/certs/trust";
import { parseCertificate } from "@hocba/certs/x509";
import { fileObject, parseEvidenceRecord, verifyEvidenceRecord } from "@hocba/signatures/evidence-records";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parseConfig } from "../config/index.ts";
import { digestReliedOnUntil, tokenReliedOnUntil } from "../extension/index.ts";
import { type DocumentFormat, type Ledger, openSqliteLedger } from "../ledger/index.ts";
import { newId } from "../new-id.ts";
import { createLogger } from "../observability/index.ts";
import { type BlobStore, openFileStore } from "../store/index.ts";
import { createTimestampRouter } from "../timestamps/index.ts";
import {
  createEvidenceKeeper,
  type EvidenceKeeperOptions,
  type EvidenceKeeperParts,
  type EvidenceRecords,
  evidenceRecords,
  openRecordBook,
  type RecordBook,
} from "./index.ts";

const DAY = 86_400_000;
const SECONDS = 600;
const started = Date.now();
let now = started;
const clock = () => now;
let pki: DevPki;
let stamps: ReturnType<typeof createTimestampRouter>;
let asked = 0;
beforeAll(async () => {
  pki = await startDevPki({ keyBits: 2048, clock: () => new Date(now) });
}, 60_000);
afterAll(() => pki.close());

let dir: string;
let ledger: Ledger;
let store: BlobStore;
let book: RecordBook;
let records: EvidenceRecords;
beforeEach(async () => {
  now = started;
  asked = 0;
  pki.faults.tsa = {};
  dir = mkdtempSync(join(tmpdir(), "hb-evidence-"));
  ledger = openSqliteLedger({ path: join(dir, "ledger.sqlite"), clock });
  store = await openFileStore(join(dir, "documents"));
  book = openRecordBook(join(dir, "evidence-records.sqlite"));
  records = evidenceRecords(book, store);
  await ledger.registry.putSchool({ code: "S", name: "S" }, "test");
  const config = parseConfig({ dataDir: dir, timestamps: { endpoints: [{ name: "dev", url: pki.tsa.url }] } });
  stamps = createTimestampRouter(config.timestamps, { trust: () => true, clock });
});
afterEach(async () => {
  stamps.close();
  book.dispose();
  await store.close();
  await ledger.close();
  rmSync(dir, { recursive: true, force: true });
});

function keeperOf(
  options: Partial<EvidenceKeeperOptions> = {},
  parts: Partial<Pick<EvidenceKeeperParts, "digestReliedOnUntil" | "timestamps" | "onRenewal" | "book">> = {},
) {
  const trust = { anchors: [trustAnchor(parseCertificate(pki.root.certificate))], certificates: [] };
  return createEvidenceKeeper(
    {
      ledger,
      book,
      store,
      timestamps: {
        stamp: (digest, signal) => {
          asked++;
          return stamps.router.stamp(digest, signal);
        },
      },
      crypto: nodeCrypto,
      tokenReliedOnUntil: (token) => tokenReliedOnUntil(token, trust),
      digestReliedOnUntil,
      log: createLogger({ log: { level: "silent" } }, "test"),
      clock,
      actor: "test",
      ...parts,
    },
    {
      isWanted: (profile) => profile !== "unwanted",
      window: { documents: 10_000, seconds: SECONDS },
      renewBeforeDays: 90,
      retryMs: 1000,
      leaseMs: 5000,
      ...options,
    },
  );
}

/** A document as the pipeline leaves it; what stands in it is nothing to the record. */
async function issue(text: string, changes: { profile?: string; format?: DocumentFormat } = {}) {
  const original = new TextEncoder().encode(`original of ${text}`);
  const issued = new TextEncoder().encode(`issued ${text}`);
  const currentSha256 = await store.put(issued);
  let { document } = await ledger.documents.accept({
    id: newId("doc", now),
    sha256: await store.put(original),
    size: original.length,
    format: changes.format ?? "pdf",
    profile: changes.profile ?? "hocba-pdf",
    school: "S",
    externalId: null,
    idempotencyKey: null,
    className: null,
    batchId: null,
    actor: "test",
  });
  for (const to of ["preparing", "verifying"] as const) {
    document = await ledger.documents.transition(document, to, { actor: "test" });
  }
  await ledger.documents.transition(document, "signed", { actor: "test", currentSha256, receipt: "" });
  return { id: document.id, original, issued };
}

const judge = (record: Uint8Array, bytes: Uint8Array) =>
  verifyEvidenceRecord(parseEvidenceRecord(record), [fileObject(nodeCrypto, bytes)], {
    crypto: nodeCrypto,
    verifyTimestamp: () => ({ integrity: "intact", trusted: true }),
  });
const recordOf = (id: string): Uint8Array => {
  const record = records.ofDocument(id)?.record;
  expect(record, `record of ${id}`).toBeInstanceOf(Uint8Array);
  return record!;
};

describe("windows", () => {
  it("are closed by time: one token for all, a record for each, and none before its time", async () => {
    const keeper = keeperOf();
    const issued = [await issue("a"), await issue("b"), await issue("c")];
    expect(await keeper.turn()).toBe(0);
    expect(records.ofDocument(issued[0]!.id)).toMatchObject({ record: null, provenAt: null });
    expect(book.waiting()).toMatchObject({ documents: 3, since: now });
    now += SECONDS * 1000;
    expect(await keeper.turn()).toBe(1);
    expect(asked).toBe(1);
    for (const { id, issued: bytes } of issued) {
      const result = judge(recordOf(id), bytes);
      expect(result).toMatchObject({ verdict: "intact", findings: [] });
      expect(Math.abs(result.proofOfExistence! - now)).toBeLessThan(1001);
      expect(records.ofDocument(id)!.provenAt).toBe(result.proofOfExistence);
      expect(judge(recordOf(id), new TextEncoder().encode("another")).verdict).toBe("broken");
    }
    expect(await keeper.turn()).toBe(0);
    expect(asked).toBe(1);
  });

  it("are closed by number, the rest waits", async () => {
    const keeper = keeperOf({ window: { documents: 4, seconds: SECONDS } });
    const issued = [];
    for (let i = 0; i < 10; i++) issued.push(await issue(`n${i}`));
    expect(await keeper.turn()).toBe(2);
    expect(issued.filter(({ id }) => records.ofDocument(id)?.record)).toHaveLength(8);
    expect(book.waiting().documents).toBe(2);
    for (const { id, issued: bytes } of issued.slice(0, 8)) expect(judge(recordOf(id), bytes).verdict).toBe("intact");
  });

  it("hold 10,000 documents under one token, each record as small as for a hundredth of them", async () => {
    const leaf = (i: number) => ({
      documentId: `d${i}`,
      sha256: createHash("sha256").update(String(i)).digest("hex"),
      contentSha256: null,
    });
    book.take(
      0,
      1,
      Array.from({ length: 10_000 }, (_, i) => leaf(i)),
      now,
    );
    await keeperOf().turn();
    expect(asked).toBe(1);
    const many = [0, 1, 4_999, 9_998, 9_999].map((i) => recordOf(`d${i}`));
    for (const [k, i] of [0, 1, 4_999, 9_998, 9_999].entries()) {
      expect(judge(many[k]!, new TextEncoder().encode(String(i))).verdict).toBe("intact");
    }
    book.take(
      1,
      2,
      Array.from({ length: 100 }, (_, i) => leaf(20_000 + i)),
      now,
    );
    now += SECONDS * 1000;
    await keeperOf().turn();
    const growth = many[2]!.length - recordOf("d20050").length;
    expect(growth, "seven more levels of 36 octets").toBeLessThan(8 * 40);
    console.log(`a window of 10,000: one token, records of ${Math.max(...many.map((r) => r.length))} octets at most`);
  }, 30_000);

  it("take what the configuration names and nothing else, and each document once", async () => {
    const keeper = keeperOf({ window: { documents: 1, seconds: SECONDS } });
    const out = await issue("x", { profile: "unwanted" });
    const kept = await issue("y");
    await keeper.turn();
    await keeper.turn();
    expect(asked).toBe(1);
    expect(records.ofDocument(out.id)).toBeNull();
    expect(judge(recordOf(kept.id), kept.issued).verdict).toBe("intact");
  });

  it("cover a detached signature and its content as a group: the record proves either", async () => {
    const keeper = keeperOf({ window: { documents: 3, seconds: SECONDS } });
    const detached = await issue("p7s", { format: "cms" });
    const others = [await issue("pdf"), await issue("other p7s", { format: "cms" })];
    await keeper.turn();
    const record = recordOf(detached.id);
    const both = [detached.issued, detached.original].map((bytes) => fileObject(nodeCrypto, bytes));
    const verify = (objects: typeof both) =>
      verifyEvidenceRecord(parseEvidenceRecord(record), objects, { crypto: nodeCrypto }).verdict;
    expect(verify(both)).toBe("intact");
    expect(verify([both[0]!])).toBe("intact");
    expect(verify([both[0]!, fileObject(nodeCrypto, others[1]!.original)])).toBe("broken");
    for (const { id, issued: bytes } of others) expect(judge(recordOf(id), bytes).verdict).toBe("intact");
  });

  it("of one document need no tree", async () => {
    const { id, issued: bytes } = await issue("alone");
    const pair = await issue("pair", { format: "cms" });
    const keeper = keeperOf({ window: { documents: 1, seconds: SECONDS } });
    expect(await keeper.turn()).toBe(2);
    expect(parseEvidenceRecord(recordOf(id)).chains[0]!.timestamps[0]!.hashTree).toBeNull();
    expect(judge(recordOf(id), bytes).verdict).toBe("intact");
    expect(judge(recordOf(pair.id), pair.original).verdict).toBe("intact");
  });
});

describe("when something goes wrong", () => {
  it("a window waits for its time stamp, and asks less and less often; nothing is said to be proven", async () => {
    const keeper = keeperOf({ window: { documents: 1, seconds: SECONDS } });
    const { id, issued: bytes } = await issue("a");
    pki.faults.tsa = { refuse: true };
    for (let second = 0; second < 30; second++) {
      expect(await keeper.turn()).toBe(0);
      now += 1000;
    }
    expect(asked).toBeGreaterThanOrEqual(4);
    expect(asked).toBeLessThanOrEqual(6);
    expect(records.ofDocument(id)).toMatchObject({ record: null, provenAt: null });
    expect(book.counts(now)).toMatchObject({ unstamped: 1, stamped: 0, failing: 1 });
    pki.faults.tsa = {};
    now += 3_600_000;
    expect(await keeper.turn()).toBe(1);
    expect(judge(recordOf(id), bytes).verdict).toBe("intact");
    expect(book.counts(now)).toMatchObject({ unstamped: 0, stamped: 1, failing: 0 });
  });

  it("a token over something else, or of a wrong clock, proves nothing and is asked for again", async () => {
    const keeper = keeperOf({ window: { documents: 1, seconds: SECONDS } });
    const { id, issued: bytes } = await issue("a");
    for (const fault of [{ wrongImprint: true }, { clockSkewMs: -759_000 }]) {
      pki.faults.tsa = fault;
      expect(await keeper.turn()).toBe(0);
      expect(records.ofDocument(id)!.record).toBeNull();
      now += 60_000;
    }
    pki.faults.tsa = {};
    expect(await keeper.turn()).toBe(1);
    expect(judge(recordOf(id), bytes).verdict).toBe("intact");
  });

  it("several processes at one book leave no document out and take none twice", async () => {
    const second = openRecordBook(join(dir, "evidence-records.sqlite"));
    const window = { documents: 3, seconds: SECONDS };
    const keepers = [keeperOf({ window }), keeperOf({ window }, { book: second }), keeperOf({ window })];
    const issued = [];
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 3; i++) issued.push(await issue(`${round} ${i}`));
      await Promise.all(keepers.map((keeper) => keeper.turn()));
    }
    now += 10_000;
    await keepers[0]!.turn();
    expect(asked).toBe(4);
    for (const { id, issued: bytes } of issued) expect(judge(recordOf(id), bytes).verdict).toBe("intact");
    second.dispose();
  });

  it("a process that dies between the token and the book leaves the window to the next one", async () => {
    const { id, issued: bytes } = await issue("a");
    const dying = keeperOf(
      { window: { documents: 1, seconds: SECONDS } },
      { timestamps: { stamp: () => new Promise<never>(() => {}) } },
    );
    void dying.turn();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const next = keeperOf({ window: { documents: 1, seconds: SECONDS } });
    expect(await next.turn(), "while its lease lasts").toBe(0);
    now += 5001;
    expect(await next.turn()).toBe(1);
    expect(judge(recordOf(id), bytes).verdict).toBe("intact");
  });
});

describe("renewal", () => {
  it("by time stamp: one token for all windows, before the authority's certificate ends, and only then", async () => {
    const renewals: unknown[] = [];
    const keeper = keeperOf(
      { window: { documents: 1, seconds: SECONDS } },
      { onRenewal: (...said) => void renewals.push(said) },
    );
    const issued = [await issue("a"), await issue("b"), await issue("c")];
    expect(await keeper.turn()).toBe(3);
    const first = records.ofDocument(issued[0]!.id)!.provenAt;
    expect(await keeper.renewDue()).toBe(0);
    // The keys of the test authority have 2048 bits: TS 119 312 takes them until 2029.
    now = Date.parse("2029-01-01T00:00:00Z") - 91 * DAY;
    expect(await keeper.renewDue()).toBe(0);
    now += 2 * DAY;
    expect(book.counts(now).overdue).toBe(3);
    asked = 0;
    expect(await keeper.renewDue()).toBe(3);
    expect(asked).toBe(1);
    expect(renewals).toEqual([["timestamp", "ok", 3]]);
    for (const { id, issued: bytes } of issued) {
      const record = parseEvidenceRecord(recordOf(id));
      expect(record.chains.map((chain) => chain.timestamps.length)).toEqual([2]);
      expect(judge(recordOf(id), bytes)).toMatchObject({ verdict: "intact", findings: [] });
    }
    expect(judge(recordOf(issued[0]!.id), issued[0]!.issued).proofOfExistence).toBe(first);
    expect(await keeper.renewDue(), "once").toBe(0);
    const entries = await ledger.audit.entries({ after: 0, limit: 1000 });
    expect(entries.filter(({ action }) => action === "evidence.renewed")).toHaveLength(1);
  });

  it("by hash tree when the digest algorithm ends: every file is digested anew, one that is lost keeps what it had", async () => {
    const ends = now + 100 * DAY;
    const keeper = keeperOf(
      { window: { documents: 4, seconds: SECONDS } },
      { digestReliedOnUntil: (digest) => (digest === "sha256" ? ends : ends + 10_000 * DAY) },
    );
    const issued = [await issue("a"), await issue("b", { format: "cms" }), await issue("c"), await issue("d")];
    expect(await keeper.turn()).toBe(1);
    const lost = issued[2]!;
    const sha256 = createHash("sha256").update(lost.issued).digest("hex");
    writeFileSync(join(dir, "documents", sha256.slice(0, 2), sha256.slice(2)), "damaged");
    now = Date.parse("2028-12-01T00:00:00Z");
    expect(await keeper.renewDue()).toBe(1);
    for (const { id, issued: bytes, original } of [issued[0]!, issued[1]!, issued[3]!]) {
      const record = parseEvidenceRecord(recordOf(id));
      expect(record.digestAlgorithms).toEqual(["sha256", "sha512"]);
      expect(judge(recordOf(id), bytes)).toMatchObject({ verdict: "intact", findings: [] });
      if (id === issued[1]!.id) expect(judge(recordOf(id), original).verdict).toBe("intact");
    }
    expect(parseEvidenceRecord(recordOf(lost.id)).chains).toHaveLength(1);
    expect(judge(recordOf(lost.id), lost.issued).verdict).toBe("intact");
    // And goes on under the new algorithm by time stamps.
    now += 200 * DAY;
    expect(await keeper.renewDue()).toBe(1);
    const record = parseEvidenceRecord(recordOf(issued[0]!.id));
    expect(record.chains.map((chain) => chain.timestamps.length)).toEqual([1, 2]);
    expect(judge(recordOf(issued[1]!.id), issued[1]!.issued)).toMatchObject({ verdict: "intact", findings: [] });
  });

  it("that fails is tried again, counted, and changes no record", async () => {
    const renewals: unknown[] = [];
    const keeper = keeperOf(
      { window: { documents: 1, seconds: SECONDS } },
      { onRenewal: (...said) => void renewals.push(said) },
    );
    const { id, issued: bytes } = await issue("a");
    await keeper.turn();
    const before = recordOf(id);
    now = Date.parse("2028-11-01T00:00:00Z");
    pki.faults.tsa = { refuse: true };
    expect(await keeper.renewDue()).toBe(0);
    expect(renewals).toEqual([["timestamp", "TSA_UNAVAILABLE", 1]]);
    expect(Buffer.from(recordOf(id)).equals(before)).toBe(true);
    expect(book.counts(now).failing).toBe(1);
    pki.faults.tsa = {};
    now += 3_600_000;
    expect(await keeper.renewDue()).toBe(1);
    expect(judge(recordOf(id), bytes).verdict).toBe("intact");
    expect(book.counts(now).failing).toBe(0);
  });
});

describe("which documents get records", () => {
  it("may become more: what was issued before is taken in as well, once", async () => {
    const window = { documents: 1, seconds: SECONDS };
    const [one, other] = [await issue("one", { profile: "p1" }), await issue("other", { profile: "p2" })];
    book.want(["p1"]);
    await keeperOf({ window, isWanted: (profile) => profile === "p1" }).turn();
    expect(records.ofDocument(other.id)).toBeNull();
    book.want(["p1"]);
    expect(book.cursor()).toBeGreaterThan(0);
    book.want(["p1", "p2"]);
    await keeperOf({ window }).turn();
    expect(asked).toBe(2);
    expect(judge(recordOf(other.id), other.issued).verdict).toBe("intact");
    book.want("all");
    book.want(["p1"]);
    await keeperOf({ window }).turn();
    expect(asked, "nothing twice").toBe(2);
    expect(judge(recordOf(one.id), one.issued).verdict).toBe("intact");
  });
});
