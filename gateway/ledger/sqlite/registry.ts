import type { Database } from "better-sqlite3";
import type { Registry } from "../ledger.ts";
import type { ApiKey, Scope, SignerRecord } from "../records.ts";
import type { AuditWriter } from "./audit.ts";
import { type BindingRow, toBinding } from "./binding-row.ts";
import type { GroupCommit } from "./group-commit.ts";

interface ApiKeyRow {
  id: string;
  secret_hash: string;
  school: string | null;
  scopes: string;
  label: string;
  created_at: number;
  revoked_at: number | null;
}

/** Schools, API keys, signers and the bindings of certificates to roles. Every change leaves an audit entry. */
export function sqliteRegistry(
  database: Database,
  group: GroupCommit,
  audit: AuditWriter,
  clock: () => number,
): Registry {
  const statements = {
    putSchool: database.prepare(
      "INSERT INTO schools (code, name) VALUES (?, ?) ON CONFLICT (code) DO UPDATE SET name = excluded.name",
    ),
    school: database.prepare<[string], { code: string; name: string }>("SELECT code, name FROM schools WHERE code = ?"),
    schools: database.prepare<[], { code: string; name: string }>("SELECT code, name FROM schools ORDER BY code"),
    addKey: database.prepare(
      "INSERT INTO api_keys (id, secret_hash, school, scopes, label, created_at) VALUES (?, ?, ?, ?, ?, ?)",
    ),
    keyByHash: database.prepare<[string], ApiKeyRow>("SELECT * FROM api_keys WHERE secret_hash = ?"),
    keys: database.prepare<[], ApiKeyRow>("SELECT * FROM api_keys ORDER BY created_at, id"),
    revokeKey: database.prepare("UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL"),
    putSigner: database.prepare(
      `INSERT INTO signers (id, kind, name, school) VALUES (?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, name = excluded.name, school = excluded.school`,
    ),
    signers: database.prepare<[string], SignerRecord>("SELECT id, kind, name, school FROM signers WHERE school = ?"),
    addBinding: database.prepare(
      `INSERT INTO bindings (id, signer_id, school, role, subjects, classes, certificate, chain, algorithm, token, cka_id,
        valid_from, valid_to) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    binding: database.prepare<[string], BindingRow>("SELECT * FROM bindings WHERE id = ?"),
    bindingsFor: database.prepare<[string, string, number, number], BindingRow>(
      `SELECT * FROM bindings WHERE school = ? AND role = ? AND revoked_at IS NULL AND valid_from <= ? AND valid_to >= ?
       ORDER BY id`,
    ),
    bindings: database.prepare<[], BindingRow>("SELECT * FROM bindings ORDER BY school, role, id"),
    bindingsOf: database.prepare<[string], BindingRow>("SELECT * FROM bindings WHERE school = ? ORDER BY role, id"),
    revokeBinding: database.prepare("UPDATE bindings SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL"),
  };

  return {
    putSchool: (school, actor) =>
      group.write(() => {
        statements.putSchool.run(school.code, school.name);
        audit({ actor, action: "school.put", details: { code: school.code } });
      }),
    school: async (code) => statements.school.get(code) ?? null,
    schools: async () => statements.schools.all(),
    addApiKey: (key, actor) =>
      group.write(() => {
        statements.addKey.run(key.id, key.secretHash, key.school, key.scopes.join(" "), key.label, key.createdAt);
        audit({ actor, action: "api-key.add", details: { id: key.id, school: key.school, scopes: key.scopes } });
      }),
    apiKeyByHash: async (hash) => {
      const row = statements.keyByHash.get(hash);
      return row === undefined ? null : toApiKey(row);
    },
    apiKeys: async () => statements.keys.all().map(toApiKey),
    revokeApiKey: (id, actor) =>
      group.write(() => {
        const changed = statements.revokeKey.run(clock(), id).changes === 1;
        if (changed) audit({ actor, action: "api-key.revoke", details: { id } });
        return changed;
      }),
    putSigner: (signer, actor) =>
      group.write(() => {
        statements.putSigner.run(signer.id, signer.kind, signer.name, signer.school);
        audit({ actor, action: "signer.put", details: { id: signer.id, kind: signer.kind, school: signer.school } });
      }),
    signers: async (school) => statements.signers.all(school),
    addBinding: (binding, actor) =>
      group.write(() => {
        statements.addBinding.run(
          binding.id,
          binding.signerId,
          binding.school,
          binding.role,
          binding.subjects === null ? null : JSON.stringify(binding.subjects),
          binding.classes === null ? null : JSON.stringify(binding.classes),
          binding.certificate,
          JSON.stringify(binding.chain.map((der) => Buffer.from(der).toString("base64"))),
          binding.algorithm,
          binding.key?.token ?? null,
          binding.key?.ckaId ?? null,
          binding.validFrom,
          binding.validTo,
        );
        audit({
          actor,
          action: "binding.add",
          details: { id: binding.id, signer: binding.signerId, school: binding.school, role: binding.role },
        });
      }),
    binding: async (id) => {
      const row = statements.binding.get(id);
      return row === undefined ? null : toBinding(row);
    },
    bindingsFor: async (school, role, at) => statements.bindingsFor.all(school, role, at, at).map(toBinding),
    bindings: async (school) =>
      (school === null ? statements.bindings.all() : statements.bindingsOf.all(school)).map(toBinding),
    revokeBinding: (id, actor) =>
      group.write(() => {
        const changed = statements.revokeBinding.run(clock(), id).changes === 1;
        if (changed) audit({ actor, action: "binding.revoke", details: { id } });
        return changed;
      }),
  };
}

function toApiKey(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    secretHash: row.secret_hash,
    school: row.school,
    scopes: row.scopes.split(" ").filter((scope) => scope !== "") as Scope[],
    label: row.label,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
  };
}
