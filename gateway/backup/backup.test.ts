import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { transcriptPdf } from "../demo/sample-class/index.ts";
import { examine } from "../doctor/index.ts";
import { openSqliteLedger } from "../ledger/index.ts";
import { loadProfiles } from "../profiles/index.ts";
import { openReceiptIssuer } from "../receipts/index.ts";
import { openFileStore } from "../store/index.ts";
import { type SigningSite, startSigningSite } from "../testing/index.ts";
import { backUp, restore } from "./index.ts";

const clock = Date.now;

describe("a backup", () => {
  let root: string;
  let dataDir: string;
  let target: string;
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), "hocba-backup-"));
    dataDir = join(root, "data");
    target = join(root, "backup");
    const ledger = openSqliteLedger({ path: join(dataDir, "ledger.sqlite"), clock });
    await ledger.registry.putSchool({ code: "001", name: "Trường THCS Thử Nghiệm" }, "test");
    await ledger.close();
    const store = await openFileStore(join(dataDir, "documents"));
    await store.put(Buffer.from("một"));
    await store.put(Buffer.from("hai"));
    await store.close();
    writeFileSync(join(dataDir, "receipt-key.pem"), "a secret");
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const blobsIn = (folder: string) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /^[0-9a-f]{62}$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name));

  it("comes back as it was: databases, secrets and documents, for their owner alone", async () => {
    expect(await backUp(dataDir, target, { clock })).toMatchObject({ documents: 2, copied: 2, damaged: [] });
    const again = join(root, "again");
    expect(await restore(target, again)).toMatchObject({ documents: 2, copied: 2, damaged: [] });
    const ledger = openSqliteLedger({ path: join(again, "ledger.sqlite"), clock });
    expect(await ledger.registry.schools()).toEqual([{ code: "001", name: "Trường THCS Thử Nghiệm" }]);
    await ledger.close();
    expect(readFileSync(join(again, "receipt-key.pem"), "utf8")).toBe("a secret");
    expect(blobsIn(join(again, "documents"))).toHaveLength(2);
    for (const path of [target, again]) expect(statSync(path).mode & 0o077).toBe(0);
  });

  it("copies only what is new the second time, and keeps one state", async () => {
    await backUp(dataDir, target, { clock });
    const store = await openFileStore(join(dataDir, "documents"));
    await store.put(Buffer.from("ba"));
    await store.close();
    expect(await backUp(dataDir, target, { clock })).toMatchObject({ documents: 3, copied: 1 });
    expect(readdirSync(target).filter((name) => name.startsWith("state-"))).toHaveLength(1);
  });

  it("names a document that has changed on the disk, and does not keep it as good", async () => {
    const [blob] = blobsIn(join(dataDir, "documents"));
    writeFileSync(blob!, "khác");
    const { damaged, copied } = await backUp(dataDir, target, { clock });
    expect(damaged).toHaveLength(1);
    expect(copied).toBe(1);
  });

  it("is refused when it was changed: a database, a secret, the manifest", async () => {
    await backUp(dataDir, target, { clock });
    const state = readdirSync(target).find((name) => name.startsWith("state-"))!;
    for (const name of ["ledger.sqlite", "receipt-key.pem"]) {
      const copy = join(root, `changed-${name}`);
      cpSync(target, copy, { recursive: true });
      appendFileSync(join(copy, state, name), "x");
      await expect(restore(copy, join(root, "again"))).rejects.toMatchObject({ code: "BACKUP_DAMAGED" });
    }
    writeFileSync(join(target, "manifest.json"), "{}");
    await expect(restore(target, join(root, "again"))).rejects.toMatchObject({ code: "BACKUP_UNREADABLE" });
    await expect(restore(join(root, "nowhere"), join(root, "again"))).rejects.toMatchObject({
      code: "BACKUP_UNREADABLE",
    });
  });

  it("does not overwrite: neither a data folder, nor a folder of something else, nor itself", async () => {
    await backUp(dataDir, target, { clock });
    await expect(restore(target, dataDir)).rejects.toMatchObject({ code: "BACKUP_TARGET_NOT_EMPTY" });
    const other = join(root, "other");
    mkdirSync(other);
    writeFileSync(join(other, "letter.txt"), "dear");
    await expect(backUp(dataDir, other, { clock })).rejects.toMatchObject({ code: "BACKUP_UNREADABLE" });
    await expect(backUp(dataDir, join(dataDir, "backup"), { clock })).rejects.toMatchObject({
      code: "BACKUP_UNREADABLE",
    });
    await expect(backUp(other, target, { clock })).rejects.toMatchObject({ code: "BACKUP_UNREADABLE" });
  });

  it("that was interrupted leaves the one before, and the next one is whole", async () => {
    await backUp(dataDir, target, { clock });
    mkdirSync(join(target, "state-0123456789abcdef"));
    writeFileSync(join(target, "state-0123456789abcdef", "ledger.sqlite"), "half");
    await restore(target, join(root, "again"));
    await backUp(dataDir, target, { clock });
    expect(readdirSync(target).filter((name) => name.startsWith("state-"))).toHaveLength(1);
  });
});

describe("a gateway that burned down", () => {
  let site: SigningSite;
  beforeAll(async () => {
    site = await startSigningSite();
  }, 120_000);
  afterAll(() => site?.close());

  it("goes on from a backup that was made in the middle of its work", async () => {
    const pdf = await transcriptPdf(site.sample.pupils[0]!);
    const { app } = await site.gateway();
    await (await site.worker()).start();
    const submit = async (n: number) => {
      const query = `profile=hocba-pdf&externalId=${n}&className=${encodeURIComponent(site.sample.className)}`;
      const answer = await app.request(`/v1/documents?${query}`, {
        method: "POST",
        body: pdf as Uint8Array<ArrayBuffer>,
        headers: { authorization: `Bearer ${site.apiKey}` },
      });
      expect(answer.status).toBe(202);
    };
    for (let n = 0; n < 6; n++) await submit(n);
    const target = join(site.root, "..", `${site.root.split("/").at(-1)}-backup`);
    const again = `${target}-again`;
    try {
      await backUp(site.root, target, { clock });
      const late = submit(6);
      await late;
      await site.stopParts();
      await restore(target, again);

      const ledger = openSqliteLedger({ path: join(again, "ledger.sqlite"), clock });
      const store = await openFileStore(join(again, "documents"));
      try {
        const changes = { dataDir: again, redis: { url: site.redis.url, prefix: "again" } };
        await site.gateway(changes, { ledger, store });
        await (await site.worker(changes, { ledger, store })).start();
        await vi.waitFor(
          async () => expect(Object.fromEntries(await ledger.documents.countByState())).toEqual({ signed: 6 }),
          { timeout: 30_000, interval: 100 },
        );
        await site.stopParts();
        const complaints = [];
        const parts = {
          ledger,
          store,
          receiptKey: openReceiptIssuer(again).key,
          profiles: loadProfiles(null),
          preservedOf: () => null,
          verify: null,
        };
        for await (const complaint of examine(parts)) complaints.push(complaint);
        expect(complaints).toEqual([]);
      } finally {
        await site.stopParts();
        await store.close();
        await ledger.close();
      }
    } finally {
      rmSync(target, { recursive: true, force: true });
      rmSync(again, { recursive: true, force: true });
    }
  }, 90_000);
});
