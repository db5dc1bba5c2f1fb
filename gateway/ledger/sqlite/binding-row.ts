import type { CertificateBinding } from "../records.ts";

export interface BindingRow {
  id: string;
  signer_id: string;
  school: string;
  role: string;
  subjects: string | null;
  classes: string | null;
  certificate: Buffer;
  chain: string;
  algorithm: string;
  token: string | null;
  cka_id: string | null;
  valid_from: number;
  valid_to: number;
  revoked_at: number | null;
}

export function toBinding(row: BindingRow): CertificateBinding {
  return {
    id: row.id,
    signerId: row.signer_id,
    school: row.school,
    role: row.role as CertificateBinding["role"],
    subjects: row.subjects === null ? null : (JSON.parse(row.subjects) as string[]),
    classes: row.classes === null ? null : (JSON.parse(row.classes) as string[]),
    certificate: new Uint8Array(row.certificate),
    chain: (JSON.parse(row.chain) as string[]).map((text) => new Uint8Array(Buffer.from(text, "base64"))),
    algorithm: row.algorithm as CertificateBinding["algorithm"],
    key: row.token === null || row.cka_id === null ? null : { token: row.token, ckaId: row.cka_id },
    validFrom: row.valid_from,
    validTo: row.valid_to,
    revokedAt: row.revoked_at,
  };
}
