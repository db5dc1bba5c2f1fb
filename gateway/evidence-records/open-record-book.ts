import type { DigestAlgorithm } from "@hocba/certs/crypto";
import { openDatabase } from "../sqlite/index.ts";
import { decodePath, encodePath } from "./path-form.ts";
import type { AgeingWindow, Leaf, PlacedChain, PlacedToken, RecordBook, UnstampedWindow } from "./record-book.ts";
import { schema } from "./schema.ts";

interface TokenRow {
  chain: number;
  digest_algorithm: string;
  seq: number;
  path: Buffer | null;
  root: Buffer;
  token: Buffer;
  gen_time: number;
}

const LEAF = "id, document_id AS documentId, sha256, content_sha256 AS contentSha256";

/** The record book in a SQLite file of its own: what a school waits for, the signing, is never held up by it. */
export function openRecordBook(path: string): RecordBook {
  const database = openDatabase(path);
  database.exec(schema);
  const sql = {
    cursor: database.prepare<[], { seq: number }>("SELECT seq FROM cursor"),
    move: database.prepare("UPDATE cursor SET seq = ? WHERE seq = ?"),
    wanted: database.prepare<[], { profiles: string }>("SELECT profiles FROM wanted"),
    want: database.prepare(
      "INSERT INTO wanted (one, profiles) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET profiles = excluded.profiles",
    ),
    rewind: database.prepare("UPDATE cursor SET seq = 0"),
    addLeaf: database.prepare(
      "INSERT INTO leaves (document_id, sha256, content_sha256, taken_at) VALUES (?,?,?,?) ON CONFLICT DO NOTHING",
    ),
    waiting: database.prepare<[], { documents: number }>(
      "SELECT count(*) AS documents FROM leaves WHERE window_id IS NULL",
    ),
    waitingSince: database.prepare<[], { since: number }>(
      "SELECT taken_at AS since FROM leaves WHERE window_id IS NULL ORDER BY id LIMIT 1",
    ),
    waitingNth: database.prepare<[number], { id: number }>(
      "SELECT id FROM leaves WHERE window_id IS NULL ORDER BY id LIMIT 1 OFFSET ?",
    ),
    waitingLast: database.prepare<[], { id: number }>(
      "SELECT id FROM leaves WHERE window_id IS NULL ORDER BY id DESC LIMIT 1",
    ),
    unplanted: database.prepare<[], { id: number }>("SELECT id FROM windows WHERE state = 'closing' ORDER BY id"),
    close: database.prepare("UPDATE windows SET state = 'closed' WHERE id = ? AND state = 'closing'"),
    addWindow: database.prepare("INSERT INTO windows (closed_at, due_at) VALUES (?,?)"),
    enter: database.prepare("UPDATE leaves SET window_id = ? WHERE window_id IS NULL AND id <= ?"),
    addChain: database.prepare("INSERT INTO chains (window_id, chain, digest_algorithm, root) VALUES (?,?,?,?)"),
    keepPath: database.prepare("INSERT INTO paths (leaf_id, chain, path) VALUES (?,0,?) ON CONFLICT DO NOTHING"),
    addPath: database.prepare("INSERT INTO paths (leaf_id, chain, path) VALUES (?,?,?)"),
    addToken: database.prepare(
      `INSERT INTO tokens (window_id, chain, seq, path, root, token, gen_time) VALUES (?,?,?,?,?,?,?)
       ON CONFLICT DO NOTHING`,
    ),
    claim: database.prepare<[number, string, number, number], { id: number; attempts: number }>(
      `UPDATE windows SET due_at = ? WHERE id IN
        (SELECT id FROM windows WHERE state = ? AND due_at <= ? ORDER BY due_at LIMIT ?) RETURNING id, attempts`,
    ),
    root: database.prepare<[number], { root: Buffer }>("SELECT root FROM chains WHERE window_id = ? AND chain = 0"),
    newest: database.prepare<[number], { chain: number; seq: number; digestAlgorithm: string; token: Buffer }>(
      `SELECT chain, seq, digest_algorithm AS digestAlgorithm, token FROM tokens JOIN chains USING (window_id, chain)
       WHERE window_id = ? ORDER BY chain DESC, seq DESC LIMIT 1`,
    ),
    postpone: database.prepare("UPDATE windows SET due_at = ?, attempts = attempts + 1, error = ? WHERE id = ?"),
    settle: database.prepare(
      "UPDATE windows SET state = 'stamped', due_at = ?, attempts = 0, error = NULL WHERE id = ?",
    ),
    leavesOf: database.prepare<[number], Leaf>(`SELECT ${LEAF} FROM leaves WHERE window_id = ? ORDER BY id`),
    ofDocument: database.prepare<[string], Leaf>(
      `SELECT leaves.id, document_id AS documentId, sha256, content_sha256 AS contentSha256 FROM leaves LEFT JOIN windows ON windows.id = window_id WHERE document_id = ?
       ORDER BY coalesce(state = 'stamped', 0) DESC, leaves.id DESC LIMIT 1`,
    ),
    ofFile: database.prepare<[string], Leaf>(
      `SELECT leaves.id, document_id AS documentId, sha256, content_sha256 AS contentSha256 FROM leaves LEFT JOIN windows ON windows.id = window_id WHERE sha256 = ?
       ORDER BY coalesce(state = 'stamped', 0) DESC, leaves.id LIMIT 1`,
    ),
    tokens: database.prepare<[number], TokenRow>(
      `SELECT t.chain, c.digest_algorithm, t.seq, CASE t.seq WHEN 0 THEN p.path ELSE t.path END AS path, t.root, t.token, t.gen_time
       FROM leaves l JOIN tokens t ON t.window_id = l.window_id JOIN chains c ON c.window_id = t.window_id AND c.chain = t.chain
       LEFT JOIN paths p ON p.leaf_id = l.id AND p.chain = t.chain WHERE l.id = ? ORDER BY t.chain, t.seq`,
    ),
    embedded: database.prepare("INSERT INTO embedded (sha256, document_id) VALUES (?,?) ON CONFLICT DO NOTHING"),
    documentOf: database.prepare<[string], { id: string }>("SELECT document_id AS id FROM embedded WHERE sha256 = ?"),
    embeddedFiles: database.prepare<[string, number], { sha256: string }>(
      "SELECT sha256 FROM embedded WHERE sha256 > ? ORDER BY sha256 LIMIT ?",
    ),
    counts: database.prepare<
      [{ now: number }],
      { stamped: number; unstamped: number; overdue: number; failing: number }
    >(
      `SELECT count(*) FILTER (WHERE state = 'stamped') AS stamped, count(*) FILTER (WHERE state <> 'stamped') AS unstamped,
        count(*) FILTER (WHERE state = 'stamped' AND due_at <= @now) AS overdue, count(*) FILTER (WHERE attempts > 0) AS failing
       FROM windows`,
    ),
  };

  const take = database.transaction<RecordBook["take"]>((from, to, leaves, now) => {
    if (sql.move.run(to, from).changes !== 1) return false;
    for (const { documentId, sha256, contentSha256 } of leaves) sql.addLeaf.run(documentId, sha256, contentSha256, now);
    return true;
  });
  const want = database.transaction<RecordBook["want"]>((profiles) => {
    const known = JSON.parse(sql.wanted.get()?.profiles ?? "[]") as "all" | string[];
    const grown = known !== "all" && (profiles === "all" || profiles.some((each) => !known.includes(each)));
    if (grown) sql.rewind.run();
    sql.want.run(JSON.stringify(profiles));
  });
  const isTime = (most: number, before: number): boolean => {
    const since = sql.waitingSince.get()?.since;
    return since !== undefined && (since <= before || sql.waitingNth.get(most - 1) !== undefined);
  };
  const closeWindow = database.transaction<RecordBook["closeWindow"]>((most, before, now) => {
    if (!isTime(most, before)) return false;
    const last = sql.waitingNth.get(most - 1) ?? sql.waitingLast.get();
    sql.enter.run(sql.addWindow.run(now, now).lastInsertRowid, last!.id);
    return true;
  });
  const addPaths = database.transaction<RecordBook["addPaths"]>((paths) => {
    for (const [leafId, path] of paths) sql.keepPath.run(leafId, encodePath(path));
  });
  const planted = database.transaction<RecordBook["planted"]>((windowId, { digestAlgorithm, root }) => {
    if (sql.close.run(windowId).changes === 1) sql.addChain.run(windowId, 0, digestAlgorithm, root);
  });
  const stamp = database.transaction<RecordBook["stamp"]>((windowId, { root, token, genTime, renewAt }) => {
    const { changes } = sql.addToken.run(windowId, 0, 0, null, root, token, genTime);
    if (changes === 1) sql.settle.run(renewAt, windowId);
    return changes === 1;
  });
  const renew = database.transaction<RecordBook["renew"]>((windows, { root, token, genTime, renewAt }) => {
    let renewed = 0;
    for (const { window, path } of windows) {
      const { id, chain, seq } = window;
      if (sql.addToken.run(id, chain, seq + 1, encodePath(path), root, token, genTime).changes !== 1) continue;
      sql.settle.run(renewAt, id);
      renewed++;
    }
    return renewed;
  });
  const rehash = database.transaction<RecordBook["rehash"]>((window, tree, { root, token, genTime, renewAt }) => {
    const newest = sql.newest.get(window.id);
    if (newest?.chain !== window.chain || newest.seq !== window.seq) return false;
    const chain = window.chain + 1;
    sql.addChain.run(window.id, chain, tree.digestAlgorithm, root);
    for (const [leafId, path] of tree.paths) sql.addPath.run(leafId, chain, encodePath(path));
    sql.addToken.run(window.id, chain, 0, null, root, token, genTime);
    sql.settle.run(renewAt, window.id);
    return true;
  });

  return {
    cursor: () => sql.cursor.get()?.seq ?? 0,
    take: (from, to, leaves, now) => take.immediate(from, to, leaves, now),
    want: (profiles) => want.immediate(profiles),
    waiting: () => ({ documents: sql.waiting.get()?.documents ?? 0, since: sql.waitingSince.get()?.since ?? null }),
    // Looked at before the write lock is taken: most turns find nothing to do.
    closeWindow: (most, before, now) => isTime(most, before) && closeWindow.immediate(most, before, now),
    unplanted: () => sql.unplanted.all().map(({ id }) => id),
    addPaths: (paths) => addPaths.immediate(paths),
    planted: (windowId, tree) => planted.immediate(windowId, tree),
    claimUnstamped: (now, leaseUntil, limit) =>
      sql.claim
        .all(leaseUntil, "closed", now, limit)
        .map(({ id, attempts }): UnstampedWindow => ({ id, attempts, root: new Uint8Array(sql.root.get(id)!.root) })),
    claimAgeing: (now, leaseUntil, limit) =>
      sql.claim.all(leaseUntil, "stamped", now, limit).map(({ id, attempts }): AgeingWindow => {
        const { chain, seq, digestAlgorithm, token } = sql.newest.get(id)!;
        return {
          id,
          attempts,
          chain,
          seq,
          digestAlgorithm: digestAlgorithm as DigestAlgorithm,
          token: new Uint8Array(token),
        };
      }),
    postpone: (windowId, until, code) => void sql.postpone.run(until, code, windowId),
    stamp: (windowId, token) => stamp.immediate(windowId, token),
    renew: (windows, token) => renew.immediate(windows, token),
    rehash: (window, tree, token) => rehash.immediate(window, tree, token),
    leavesOf: (windowId) => sql.leavesOf.all(windowId),
    ofDocument: (documentId) => sql.ofDocument.get(documentId) ?? null,
    ofFile: (sha256) => sql.ofFile.get(sha256) ?? null,
    chainsOf: (leaf) => chainsOf(sql.tokens.all(leaf.id)),
    embedded: (sha256, documentId) => void sql.embedded.run(sha256, documentId),
    documentOf: (sha256) => sql.documentOf.get(sha256)?.id ?? null,
    embeddedFiles: (after, limit) => sql.embeddedFiles.all(after, limit).map(({ sha256 }) => sha256),
    counts: (now) => sql.counts.get({ now })!,
    dispose: () => void database.close(),
  };
}

/** A document that could not be brought into a later chain keeps what it has before it. */
function chainsOf(rows: readonly TokenRow[]): PlacedChain[] {
  const chains: { digestAlgorithm: DigestAlgorithm; tokens: PlacedToken[] }[] = [];
  for (const row of rows) {
    if (row.path === null) break;
    chains[row.chain] ??= { digestAlgorithm: row.digest_algorithm as DigestAlgorithm, tokens: [] };
    chains[row.chain]!.tokens.push({
      path: decodePath(new Uint8Array(row.path)),
      root: new Uint8Array(row.root),
      token: new Uint8Array(row.token),
      genTime: row.gen_time,
    });
  }
  return chains;
}
