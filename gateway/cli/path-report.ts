import { nodeCrypto } from "@hocba/certs/crypto/node";
import type { PathResult } from "@hocba/certs/path";
import type { Certificate } from "@hocba/certs/x509";

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

/** What `hocba certs validate --json` prints: the verdict first, then what it rests on. */
export function pathJson(result: PathResult): Record<string, unknown> {
  return {
    valid: result.valid,
    code: result.code,
    path: result.path.map(certificateJson),
    policies: result.policies,
    reason: result.reason,
    index: result.index,
    anchor: result.anchor?.label ?? null,
    algorithmFindings: result.algorithmFindings.map((f) => ({
      ...f,
      until: f.until === null || !Number.isFinite(f.until) ? null : iso(f.until),
    })),
    profileFindings: result.profileFindings,
    revocation: result.revocation.map((r) => ({
      subject: r.certificate.subject.toString(),
      status: r.status,
      code: r.code,
      source: r.source,
      thisUpdate: iso(r.thisUpdate),
      nextUpdate: iso(r.nextUpdate),
      revokedAt: iso(r.revokedAt),
      reason: r.reason,
    })),
    pathsTried: result.pathsTried,
  };
}

const certificateJson = (c: Certificate) => ({
  subject: c.subject.toString(),
  issuer: c.issuer.toString(),
  serial: c.serial,
  notBefore: iso(c.notBefore),
  notAfter: iso(c.notAfter),
  sha256: c.fingerprint(nodeCrypto),
});

/** The same for a person at a terminal. */
export function pathText(result: PathResult): string {
  const lines = [
    `${result.valid ? "HỢP LỆ / VALID" : "KHÔNG HỢP LỆ / NOT VALID"}  ${result.code}`,
    `  ${result.reason}`,
    "Đường dẫn / path:",
    ...result.path.map((c, i) => {
      const mark = i === result.index ? "!" : " ";
      return ` ${mark} ${"  ".repeat(i)}${c.subject.toString() || "(không tên / no name)"}  ${c.serial}  ${iso(c.notBefore)?.slice(0, 10)} – ${iso(c.notAfter)?.slice(0, 10)}`;
    }),
  ];
  if (result.policies.length > 0) lines.push(`Chính sách / policies: ${result.policies.join(", ")}`);
  for (const r of result.revocation) {
    const word = { good: "không bị thu hồi / good", revoked: "ĐÃ BỊ THU HỒI / REVOKED", unknown: "không rõ / unknown" };
    lines.push(`Thu hồi / revocation: ${r.certificate.subject.toString()}: ${word[r.status]} (${r.source ?? r.code})`);
  }
  for (const f of result.algorithmFindings) {
    lines.push(`Thuật toán / algorithm: ${f.algorithm} (${f.use}, ${result.path[f.index]?.subject.toString()})`);
  }
  for (const f of result.profileFindings) lines.push(`Hồ sơ / profile: ${f.rule} (${f.clause})`);
  return `${lines.join("\n")}\n`;
}
