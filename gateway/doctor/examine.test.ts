import { createHash } from "node:crypto";
import { join } from "node:path";
import { shippedProfiles } from "@hocba/signatures/profiles";
import type { Database } from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { transcriptPdf, transcriptXml } from "../demo/sample-class/index.ts";
import { newId } from "../new-id.ts";
import { bullWorkList, listedDocuments } from "../queue/index.ts";
import { openReceiptIssuer } from "../receipts/index.ts";
import { openDatabase } from "../sqlite/index.ts";
import { type SigningSite, startSigningSite } from "../testing/index.ts";
import { createVerifier, loadTrust } from "../verification/index.ts";
import { examine, examineWorkList } from "./index.ts";

describe("the doctor", () => {
  let site: SigningSite;
  let database: Database;
  const documents = { pdf: "", xml: "", other: "" };
  const content = new Map<string, Uint8Array>();

  beforeAll(async () => {
    site = await startSigningSite({ pupils: 1 });
    database = openDatabase(join(site.root, "ledger.sqlite"));
    const [pupil] = site.sample.pupils;
    content.set("pdf", await transcriptPdf(pupil!)).set("xml", transcriptXml(pupil!));
    const { pipeline } = await site.worker();
    for (const [name, format] of [
      ["pdf", "pdf"],
      ["xml", "xml"],
      ["other", "pdf"],
    ] as const) {
      const id = await accept(format);
      documents[name] = id;
      expect(await pipeline.advance(id)).toEqual({ kind: "done" });
      expect((await site.ledger.documents.get(id))?.state).toBe("signed");
    }
  }, 120_000);
  afterAll(async () => {
    database?.close();
    await site?.close();
  });

  async function accept(format: "pdf" | "xml"): Promise<string> {
    const bytes = content.get(format)!;
    const { document } = await site.ledger.documents.accept({
      id: newId("doc", Date.now()),
      sha256: await site.store.put(bytes),
      size: bytes.length,
      format,
      profile: `hocba-${format}`,
      school: site.sample.school.code,
      externalId: null,
      idempotencyKey: null,
      className: site.sample.className,
      batchId: null,
      actor: "test",
    });
    return document.id;
  }

  async function complaints(preservedOf: (id: string) => string | null = () => null): Promise<string[]> {
    const config = site.config();
    const verifier = createVerifier(config.verification, {
      trust: loadTrust(config.trust),
      allowedHosts: config.trust.allowedHosts,
      clock: Date.now,
    });
    const parts = {
      ledger: site.ledger,
      store: site.store,
      receiptKey: openReceiptIssuer(site.root).key,
      profiles: shippedProfiles,
      preservedOf,
      verify: verifier.verify,
    };
    const found: string[] = [];
    const named = new Map(Object.entries(documents).map(([name, id]) => [id, name]));
    for await (const { about, problem, severity } of examine(parts)) {
      found.push(`${severity} ${named.get(about) ?? about} ${problem}`);
    }
    return found.sort();
  }

  /** Does what somebody with the database in his hands could do, and puts it right again. */
  async function after(change: () => void | Promise<void>, table: string): Promise<string[]> {
    const rows = database.prepare(`SELECT * FROM ${table}`).all() as Record<string, unknown>[];
    const triggers = database.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all() as {
      name: string;
      sql: string;
    }[];
    database.pragma("foreign_keys = OFF");
    for (const { name } of triggers) database.exec(`DROP TRIGGER ${name}`);
    try {
      await change();
      return await complaints();
    } finally {
      database.exec(`DELETE FROM ${table}`);
      for (const row of rows) {
        const columns = Object.keys(row);
        database
          .prepare(`INSERT INTO ${table} (${columns.join()}) VALUES (${columns.map((name) => `@${name}`).join()})`)
          .run(row);
      }
      for (const { sql } of triggers) database.exec(sql);
    }
  }

  it("has nothing to say of what the gateway did", async () => {
    expect(await complaints()).toEqual([]);
  }, 30_000);

  it.each([
    [
      "a value that is not the one in the file",
      "signatures",
      "UPDATE signatures SET value = x'00' WHERE document_id = @pdf AND step_id = 'seal'",
      ["pdf signature-missing", "pdf signature-unknown"],
    ],
    [
      "a step nobody signed",
      "signatures",
      "DELETE FROM signatures WHERE document_id = @xml AND step_id = 'principal'",
      ["xml signature-unfinished", "xml signature-unknown"],
    ],
    [
      "an intent that was never carried out",
      "signatures",
      "UPDATE signatures SET state = 'intent', value = NULL WHERE document_id = @pdf AND step_id = 'principal'",
      ["pdf signature-unfinished", "pdf signature-unknown"],
    ],
    [
      "a document set back behind the audit log",
      "documents",
      "UPDATE documents SET state = 'stamping' WHERE id = @pdf",
      ["counts counts-differ", "pdf audit-differs"],
    ],
    [
      "a revision nobody recorded",
      "documents",
      "UPDATE documents SET current_sha256 = sha256 WHERE id = @pdf",
      [
        "pdf audit-differs",
        "pdf receipt-differs",
        "pdf signature-broken",
        "pdf signature-missing",
        "pdf signature-missing",
        "pdf signature-missing",
        "pdf verification-undecided",
      ],
    ],
    [
      "a receipt that was changed",
      "documents",
      "UPDATE documents SET receipt = receipt || 'A' WHERE id = @pdf",
      ["pdf receipt-invalid"],
    ],
    [
      "the receipt of another document",
      "documents",
      "UPDATE documents SET receipt = (SELECT receipt FROM documents WHERE id = @other) WHERE id = @pdf",
      ["pdf receipt-differs"],
    ],
    ["no receipt", "documents", "UPDATE documents SET receipt = NULL WHERE id = @xml", ["xml receipt-missing"]],
    [
      "an audit entry that was taken out",
      "audit",
      "DELETE FROM audit WHERE document_id = @pdf AND action = 'document.verifying'",
      ["audit audit-chain-broken", "pdf audit-differs", "pdf audit-differs", "pdf audit-differs"],
    ],
    [
      "an audit entry that was changed",
      "audit",
      "UPDATE audit SET actor = 'nobody' WHERE document_id = @xml AND action = 'document.signed'",
      ["audit audit-chain-broken"],
    ],
    [
      "an issue without a status",
      "status_changes",
      "DELETE FROM status_changes WHERE document_id = @xml",
      ["xml issue-not-recorded"],
    ],
    [
      "a document that vanished",
      "documents",
      "DELETE FROM documents WHERE id = @other",
      ["counts counts-differ", "other document-lost"],
    ],
  ])(
    "sees %s",
    async (_, table, sql, expected) => {
      const found = await after(() => {
        const statement = database.prepare(sql);
        const used = Object.fromEntries(Object.entries(documents).filter(([name]) => sql.includes(`@${name}`)));
        expect(statement.run(used).changes).toBeGreaterThan(0);
      }, table);
      expect(found.map((line) => line.replace(/^\S+ /, ""))).toEqual(expected);
      expect(await complaints(), "all put right again").toEqual([]);
    },
    30_000,
  );

  it("sees a mark that was changed in a file put in the place of the genuine one", async () => {
    const { currentSha256 } = (await site.ledger.documents.get(documents.xml))!;
    const genuine = new TextDecoder().decode(await site.store.get(currentSha256));
    const forged = new TextEncoder().encode(genuine.replace(/<CA_NAM>[^<]*</, "<CA_NAM>10.0<"));
    const address = createHash("sha256").update(forged).digest("hex");
    const found = await after(async () => {
      await site.store.put(forged);
      database.prepare("UPDATE documents SET current_sha256 = ? WHERE id = ?").run(address, documents.xml);
    }, "documents");
    expect(found).toEqual([
      "error xml audit-differs",
      "error xml receipt-differs",
      "error xml signature-broken",
      "error xml verification-failed",
    ]);
  }, 30_000);

  it("sees a preserved revision that is gone, or is of another document", async () => {
    const { currentSha256 } = (await site.ledger.documents.get(documents.pdf))!;
    expect(await complaints((id) => (id === documents.pdf ? currentSha256 : null))).toEqual([]);
    expect(await complaints((id) => (id === documents.pdf ? "0".repeat(64) : null))).toEqual([
      "error pdf content-missing",
    ]);
    const foreign = await complaints((id) => (id === documents.other ? currentSha256 : null));
    expect(new Set(foreign)).toEqual(new Set(["error other signature-missing", "error other signature-unknown"]));
  }, 30_000);

  it("holds the work list against the ledger", async () => {
    const list = bullWorkList(site.config().redis);
    const waiting = await accept("pdf");
    await list.add(["doc_unheard_of"]);
    const listed = await listedDocuments(site.config().redis);
    expect(listed).toEqual(new Set(["doc_unheard_of"]));
    const found = async (set: ReadonlySet<string>, now: number) => {
      const out = [];
      for await (const { about, problem, severity } of examineWorkList(site.ledger, set, now, 60_000)) {
        out.push(`${severity} ${about} ${problem}`);
      }
      return out;
    };
    expect(await found(listed, Date.now())).toEqual(["error doc_unheard_of work-list-unknown-document"]);
    const later = Date.now() + 120_000;
    expect(await found(new Set(), later)).toEqual([`warning ${waiting} work-list-lacks-document`]);
    await list.add([waiting]);
    expect(await found(await listedDocuments(site.config().redis), later)).toEqual([
      "error doc_unheard_of work-list-unknown-document",
    ]);
    await list.close();
  }, 30_000);
});
