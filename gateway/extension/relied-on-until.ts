import { type AlgorithmUse, algorithmPolicies, judgeAlgorithm } from "@hocba/certs/algorithms";
import { type DigestAlgorithm, signatureAlgorithmOf } from "@hocba/certs/crypto";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { validatePath } from "@hocba/certs/path";
import { type Certificate, parseCertificate } from "@hocba/certs/x509";
import { digestAlgorithmOf } from "@hocba/signatures/cms";
import { parseTimestampToken } from "@hocba/signatures/timestamps";
import type { ExtensionParts } from "./extend-document.ts";
import { type SignedParts, type StampPart, signedParts } from "./signed-parts.ts";

/** Dated rules: what is acceptable now and until when (ETSI TS 119 312). */
const ALGORITHMS = algorithmPolicies["etsi-ts-119-312"];

/**
 * Until when the newest time stamp of each signature speaks for it, in ms since 1970: the earliest end of a certificate on the
 * authority's path, of its keys and of its digests. A new archive time stamp is needed before (EN 319 102-1 §5.6.3). Zero when it
 * cannot be told, null when there is no time stamp. @throws SignaturesError what reading the format throws
 */
export function reliedOnUntil(
  document: Uint8Array,
  format: "pdf" | "xml" | "cms",
  parts: Pick<ExtensionParts, "anchors" | "certificates">,
): number | null {
  const held = signedParts(document, format);
  const newest = newestStamps(held, format);
  if (newest.length === 0) return null;
  const pool = [...held.certificates, ...parts.certificates.map((der) => parseCertificate(der))];
  return Math.min(...newest.map((stamp) => endOf(stamp, pool, parts)));
}

/** The same for a time stamp by itself, as it stands in an evidence record (RFC 4998 §5.2). @throws SignaturesError TSP_MALFORMED */
export function tokenReliedOnUntil(token: Uint8Array, parts: Pick<ExtensionParts, "anchors" | "certificates">): number {
  const held = signedParts(token, "cms");
  const certificate = held.signatures[0]?.signer ?? null;
  const pool = [...held.certificates, ...parts.certificates.map((der) => parseCertificate(der))];
  return endOf({ token: parseTimestampToken(token), certificate }, pool, parts);
}

/** Until when a digest algorithm is acceptable, ms since 1970; zero for one that never was. */
export function digestReliedOnUntil(digest: DigestAlgorithm): number {
  return judgeAlgorithm(ALGORITHMS, digestUse(digest), 0).until ?? 0;
}

/** In a PDF the last stamp covers everything. In XML and CMS the last ones of each signature that has archive stamps do. */
function newestStamps({ signatures }: SignedParts, format: "pdf" | "xml" | "cms"): StampPart[] {
  const latest = (stamps: readonly StampPart[]) =>
    [...stamps].sort((a, b) => b.token.genTime - a.token.genTime).slice(0, 1);
  if (format === "pdf") return latest(signatures.flatMap((s) => s.stamps));
  const most = Math.max(0, ...signatures.map((s) => s.stamps.length));
  return signatures.filter((s) => s.stamps.length === most).flatMap((s) => latest(s.stamps));
}

function endOf(
  { token, certificate }: StampPart,
  pool: readonly Certificate[],
  { anchors }: Pick<ExtensionParts, "anchors">,
): number {
  if (!certificate) return 0;
  const { valid, path, anchor } = validatePath({
    certificate,
    anchors,
    certificates: pool,
    time: token.genTime,
    crypto: nodeCrypto,
    algorithmsAdvisory: true,
  });
  if (!valid) return 0;
  const { signatureAlgorithm, digestAlgorithm } = token.signerInfo;
  const digest = digestAlgorithmOf(digestAlgorithm.oid);
  const imprint = token.imprint.digestAlgorithm;
  if (!digest || !imprint) return 0;
  const uses: AlgorithmUse[] = [
    digestUse(imprint),
    {
      use: "signature",
      algorithm: signatureAlgorithmOf(signatureAlgorithm.oid, signatureAlgorithm.parameters, digest),
    },
    ...path.map((c): AlgorithmUse => ({ use: "key", key: c.publicKey })),
  ];
  const ends = uses.map((use) => judgeAlgorithm(ALGORITHMS, use, token.genTime).until ?? 0);
  return Math.min(...ends, ...path.map((c) => c.notAfter), anchor?.validUntil ?? Number.POSITIVE_INFINITY);
}

const digestUse = (digest: DigestAlgorithm): AlgorithmUse => ({
  use: "signature",
  algorithm: { scheme: "rsa-pkcs1", digest },
});
