import { existsSync } from "node:fs";
import { sqliteDriver } from "../../sqlite/index.ts";
import type { CertificateBinding } from "../records.ts";
import { type BindingRow, toBinding } from "./binding-row.ts";

/** Schools and bindings of a ledger as they are now, ended and revoked ones too. */
export interface BindingReader {
  hasSchool(code: string): boolean;
  bindings(school: string, role: CertificateBinding["role"]): CertificateBinding[];
}

/** Reads beside the processes that write, and cannot write itself. null: there is no ledger yet. @throws SqliteError */
export function openBindingReader(path: string): BindingReader | null {
  if (!existsSync(path)) return null;
  const database = new sqliteDriver(path, { readonly: true, fileMustExist: true });
  const school = database.prepare<[string], { code: string }>("SELECT code FROM schools WHERE code = ?");
  const bindings = database.prepare<[string, string], BindingRow>(
    "SELECT * FROM bindings WHERE school = ? AND role = ? ORDER BY id",
  );
  return {
    hasSchool: (code) => school.get(code) !== undefined,
    bindings: (code, role) => bindings.all(code, role).map(toBinding),
  };
}
