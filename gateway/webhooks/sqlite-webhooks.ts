import { openDatabase } from "../sqlite/index.ts";
import type { WebhookDelivery, WebhookEndpoint, WebhookStore } from "./webhook-store.ts";

const schema = `
  CREATE TABLE IF NOT EXISTS endpoints (
    id TEXT PRIMARY KEY, school TEXT NOT NULL, url TEXT NOT NULL, events TEXT, generation INTEGER NOT NULL DEFAULT 1,
    previous_until INTEGER, from_seq INTEGER NOT NULL, created_at INTEGER NOT NULL, disabled_at INTEGER
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS deliveries (
    id TEXT PRIMARY KEY, endpoint_id TEXT NOT NULL REFERENCES endpoints(id) ON DELETE CASCADE, seq INTEGER NOT NULL,
    type TEXT NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'pending', attempts INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER NOT NULL, last_status INTEGER, last_error TEXT, created_at INTEGER NOT NULL, finished_at INTEGER,
    UNIQUE (endpoint_id, seq)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (endpoint_id, next_at) WHERE state = 'pending';
  CREATE INDEX IF NOT EXISTS deliveries_finished ON deliveries (finished_at) WHERE state = 'delivered';
  CREATE TABLE IF NOT EXISTS cursor (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL);
  INSERT OR IGNORE INTO cursor (one, seq) VALUES (1, 0);
`;

interface EndpointRow {
  id: string;
  school: string;
  url: string;
  events: string | null;
  generation: number;
  previous_until: number | null;
  from_seq: number;
  created_at: number;
  disabled_at: number | null;
}

interface DeliveryRow {
  id: string;
  endpoint_id: string;
  type: string;
  body: string;
  state: string;
  attempts: number;
  next_at: number;
  last_status: number | null;
  last_error: string | null;
  created_at: number;
  finished_at: number | null;
}

/** A SQLite file of its own: what is sent to whom can always be made again from the audit log, and never holds it up. */
export function openSqliteWebhooks(path: string): WebhookStore {
  const database = openDatabase(path);
  database.exec(schema);
  const sql = {
    addEndpoint: database.prepare(
      "INSERT INTO endpoints (id, school, url, events, from_seq, created_at) VALUES (?,?,?,?,?,?)",
    ),
    endpoint: database.prepare<[string], EndpointRow>("SELECT * FROM endpoints WHERE id = ?"),
    endpoints: database.prepare<[{ school: string | null }], EndpointRow>(
      "SELECT * FROM endpoints WHERE @school IS NULL OR school = @school ORDER BY id",
    ),
    rotate: database.prepare("UPDATE endpoints SET generation = generation + 1, previous_until = ? WHERE id = ?"),
    enable: database.prepare("UPDATE endpoints SET disabled_at = NULL WHERE id = ?"),
    disable: database.prepare("UPDATE endpoints SET disabled_at = ? WHERE id = ?"),
    removeEndpoint: database.prepare("DELETE FROM endpoints WHERE id = ?"),
    cursor: database.prepare<[], { seq: number }>("SELECT seq FROM cursor"),
    move: database.prepare("UPDATE cursor SET seq = ? WHERE seq = ?"),
    insert: database.prepare(
      `INSERT INTO deliveries (id, endpoint_id, seq, type, body, next_at, created_at)
       SELECT @id, id, @seq, @type, @body, @now, @now FROM endpoints WHERE id = @endpointId
       ON CONFLICT (endpoint_id, seq) DO NOTHING`,
    ),
    due: database.prepare<[string, number, number], DeliveryRow>(
      "SELECT * FROM deliveries WHERE endpoint_id = ? AND state = 'pending' AND next_at <= ? ORDER BY next_at LIMIT ?",
    ),
    claim: database.prepare("UPDATE deliveries SET attempts = attempts + 1, next_at = ? WHERE id = ?"),
    delivered: database.prepare(
      "UPDATE deliveries SET state = 'delivered', last_status = ?, last_error = NULL, finished_at = ? WHERE id = ?",
    ),
    failed: database.prepare(
      `UPDATE deliveries SET state = ?, last_status = ?, last_error = ?, next_at = coalesce(?, next_at), finished_at = ?
       WHERE id = ?`,
    ),
    deliveries: database.prepare<
      [{ endpointId: string; state: string | null; before: string | null; limit: number }],
      DeliveryRow
    >(
      `SELECT * FROM deliveries WHERE endpoint_id = @endpointId AND (@state IS NULL OR state = @state)
       AND (@before IS NULL OR id < @before) ORDER BY id DESC LIMIT @limit`,
    ),
    replayOne: database.prepare(
      `UPDATE deliveries SET state = 'pending', attempts = 0, next_at = ?, finished_at = NULL
       WHERE endpoint_id = ? AND id = ?`,
    ),
    replayDead: database.prepare(
      `UPDATE deliveries SET state = 'pending', attempts = 0, next_at = ?, finished_at = NULL
       WHERE endpoint_id = ? AND state = 'dead'`,
    ),
    purge: database.prepare("DELETE FROM deliveries WHERE state = 'delivered' AND finished_at < ?"),
  };
  const take = database.transaction<WebhookStore["take"]>((from, to, deliveries, now) => {
    if (sql.move.run(to, from).changes !== 1) return false;
    for (const delivery of deliveries) sql.insert.run({ ...delivery, now });
    return true;
  });
  const claim = database.transaction<WebhookStore["claim"]>((now, leaseUntil, limit, perEndpoint) => {
    const claimed: WebhookDelivery[] = [];
    for (const { id, disabled_at } of sql.endpoints.all({ school: null })) {
      if (disabled_at !== null || claimed.length >= limit) continue;
      for (const row of sql.due.all(id, now, Math.min(perEndpoint, limit - claimed.length))) {
        sql.claim.run(leaseUntil, row.id);
        claimed.push({ ...toDelivery(row), attempts: row.attempts + 1, nextAt: leaseUntil });
      }
    }
    return claimed;
  });
  const endpoint = (id: string) => {
    const row = sql.endpoint.get(id);
    return row === undefined ? null : toEndpoint(row);
  };
  return {
    addEndpoint: ({ id, school, url, events, fromSeq, createdAt }) =>
      void sql.addEndpoint.run(id, school, url, events === null ? null : JSON.stringify(events), fromSeq, createdAt),
    endpoint,
    endpoints: (school) => sql.endpoints.all({ school }).map(toEndpoint),
    rotate: (id, previousUntil) => {
      sql.rotate.run(previousUntil, id);
      return endpoint(id);
    },
    enable: (id) => void sql.enable.run(id),
    disable: (id, at) => void sql.disable.run(at, id),
    removeEndpoint: (id) => void sql.removeEndpoint.run(id),
    cursor: () => sql.cursor.get()?.seq ?? 0,
    take: (from, to, deliveries, now) => take.immediate(from, to, deliveries, now),
    claim: (now, leaseUntil, limit, perEndpoint) => claim.immediate(now, leaseUntil, limit, perEndpoint),
    delivered: (id, status, now) => void sql.delivered.run(status, now, id),
    failed: (id, error, nextAt, now) =>
      void sql.failed.run(
        nextAt === null ? "dead" : "pending",
        error.status,
        error.code,
        nextAt,
        nextAt === null ? now : null,
        id,
      ),
    deliveries: (endpointId, { state, before, limit }) =>
      sql.deliveries.all({ endpointId, state: state ?? null, before: before ?? null, limit }).map(toDelivery),
    replay: (endpointId, deliveryId, now) =>
      (deliveryId === null ? sql.replayDead.run(now, endpointId) : sql.replayOne.run(now, endpointId, deliveryId))
        .changes,
    purge: (before) => sql.purge.run(before).changes,
    close: () => database.close(),
  };
}

function toEndpoint(row: EndpointRow): WebhookEndpoint {
  return {
    id: row.id,
    school: row.school,
    url: row.url,
    events: row.events === null ? null : (JSON.parse(row.events) as WebhookEndpoint["events"]),
    generation: row.generation,
    previousUntil: row.previous_until,
    fromSeq: row.from_seq,
    createdAt: row.created_at,
    disabledAt: row.disabled_at,
  };
}

function toDelivery(row: DeliveryRow): WebhookDelivery {
  return {
    id: row.id,
    endpointId: row.endpoint_id,
    type: row.type as WebhookDelivery["type"],
    body: row.body,
    state: row.state as WebhookDelivery["state"],
    attempts: row.attempts,
    nextAt: row.next_at,
    lastStatus: row.last_status,
    lastError: row.last_error,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
  };
}
