import { nodeCrypto } from "@hocba/certs/crypto/node";
import type { EvidenceFetcher } from "@hocba/certs/online";
import { PathCache } from "@hocba/certs/path";
import type { TrustAnchor } from "@hocba/certs/trust";
import { type Certificate, parseCertificate } from "@hocba/certs/x509";
import type { Profile } from "@hocba/signatures/profiles";
import type { ValidationData } from "@hocba/signatures/sign";
import type { Policy, PolicyName, SignatureReport, VerificationReport } from "@hocba/signatures/verify";
import { GatewayError } from "../errors.ts";
import type { TimestampRouter } from "../timestamps/index.ts";
import { verifyWithEvidence } from "../verification/verify-with-evidence.ts";
import { levelFormatOf } from "./late-stamp.ts";
import type { AskStamp, ExtensionLevel } from "./level-format.ts";
import { type SignedParts, signedParts } from "./signed-parts.ts";
import { ValidationDataCollector } from "./validation-data-collector.ts";

/** What extending stands on; shared by all documents of a process, so that they share fetched CRLs and OCSP responses. */
export interface ExtensionParts {
  anchors: readonly TrustAnchor[];
  /** DER of certificates for building paths. */
  certificates: readonly Uint8Array[];
  fetcher: Pick<EvidenceFetcher, "fetch">;
  /** null: a document that needs a time stamp is refused with TSA_UNAVAILABLE. */
  timestamps: Pick<TimestampRouter, "stamp"> | null;
  policy: PolicyName | Policy;
  clock: () => number;
  cache?: PathCache;
  maximumSize?: number;
}

export interface ExtensionRequest {
  level: ExtensionLevel;
  fileName: string;
  /** The role chain to hold a transcript against; absent: found by the document's shape. */
  profile?: Profile | null;
  /** What a detached CAdES signature is over. */
  content?: Uint8Array;
}

export interface ExtendedDocument {
  document: Uint8Array;
  /** False when it had the level already, and nothing was to be renewed. */
  changed: boolean;
  /** What a stranger finds in it without any network, every signature at least at the level asked for where it can be raised. */
  report: VerificationReport;
  /** Signatures that were raised; others lie inside what a later signature covers. */
  raised: string[];
  /** genTime of the stamps added, ms since 1970. */
  stampedAt: number[];
}

const RANK: Readonly<Record<SignatureReport["level"], number>> = { none: 0, B: 1, T: 2, LT: 3, LTA: 4 };

/**
 * Raises the signatures of a document to LT or LTA (EN 319 142-1, 319 132-1, 319 122-1, clause 6), or, at LTA, renews it by one more
 * archive time stamp over everything, validation data of the newest stamp before it included. Nothing that was signed or stamped
 * changes. The document is verified before, and again afterwards with no more than what it holds and the anchors.
 * @throws GatewayError VERIFICATION_FAILED, VERIFICATION_INDETERMINATE (the document as it came), EVIDENCE_UNAVAILABLE and
 * TSA_UNAVAILABLE (retryable), LEVEL_NOT_REACHED; SignaturesError where the format does not permit it (XML_UNSUPPORTED,
 * PDF_CERTIFIED_NO_CHANGES, PDF_ENCRYPTED, …)
 */
export async function extendDocument(
  bytes: Uint8Array,
  request: ExtensionRequest,
  parts: ExtensionParts,
): Promise<ExtendedDocument> {
  const cache = parts.cache ?? new PathCache();
  const before = await verified(bytes, request, { ...parts, cache });
  const { format } = before;
  if (format === "unknown") throw new GatewayError("FORMAT_MISMATCH", "neither PDF, XML nor CMS");
  const levels = levelFormatOf(format, request.content);
  const stampedAt: number[] = [];
  const ask = askWith(parts, stampedAt);

  let document = await levels.stampBare(bytes, signedParts(bytes, format), ask);
  const held = signedParts(document, format);
  const raised = levels.raisable(document, held);
  if (raised.length === 0) {
    throw new GatewayError("LEVEL_NOT_REACHED", "no signature of the document can be raised");
  }
  const now = await offline(document, request, { ...parts, cache });
  const reached = levelOf(now, raised);
  const complete = reached !== null && RANK[reached] >= RANK.LT;
  if (request.level === "LT" && complete) {
    return { document, changed: document !== bytes, report: now, raised, stampedAt };
  }
  const collector = new ValidationDataCollector({ ...parts, crypto: nodeCrypto, cache }, [
    ...held.certificates,
    ...parts.certificates.map((der) => parseCertificate(der)),
  ]);
  const data = new Map<string, ValidationData>();
  for (const [id, certificates] of complete ? newestStamp(held) : everyCertificate(held)) {
    data.set(id, await collector.dataFor(certificates));
  }
  document = levels.addData(document, data, held);
  if (request.level === "LTA") document = await levels.archive(document, raised, ask);

  const report = await offline(document, request, { ...parts, cache });
  const end = levelOf(report, raised);
  if (report.indication !== "TOTAL-PASSED" || end === null || RANK[end] < RANK[request.level]) {
    throw new GatewayError("LEVEL_NOT_REACHED", `a stranger would find ${report.indication}, level ${end ?? "none"}`, {
      details: {
        indication: report.indication,
        subIndication: report.subIndication,
        signatures: report.signatures.map(({ id, level, indication }) => ({ id, level, indication })).slice(0, 40),
      },
    });
  }
  return { document, changed: true, report, raised, stampedAt };
}

/** The lowest level among the signatures named. */
export function levelOf(report: VerificationReport, ids: readonly string[]): SignatureReport["level"] | null {
  const levels = report.signatures.filter((s) => ids.includes(s.id)).map((s) => s.level);
  return levels.sort((a, b) => RANK[a] - RANK[b])[0] ?? null;
}

/** A report on a document that may be extended: what is not valid would be preserved for nothing. */
async function verified(bytes: Uint8Array, request: ExtensionRequest, parts: ExtensionParts) {
  const report = await judge(bytes, request, parts, parts.fetcher);
  if (report.indication === "TOTAL-PASSED") return report;
  const final = report.indication !== "INDETERMINATE";
  throw new GatewayError(
    final ? "VERIFICATION_FAILED" : "VERIFICATION_INDETERMINATE",
    `the document is ${report.indication}${report.subIndication ? `, ${report.subIndication}` : ""}`,
    { retryable: !final, details: { indication: report.indication, subIndication: report.subIndication } },
  );
}

const offline = (bytes: Uint8Array, request: ExtensionRequest, parts: ExtensionParts): Promise<VerificationReport> =>
  judge(bytes, request, { ...parts, certificates: [] }, null);

function judge(
  bytes: Uint8Array,
  { fileName, profile, content }: ExtensionRequest,
  parts: ExtensionParts,
  fetcher: Pick<EvidenceFetcher, "fetch"> | null,
): Promise<VerificationReport> {
  const context = {
    crypto: nodeCrypto,
    policy: parts.policy,
    time: new Date(parts.clock()),
    anchors: parts.anchors,
    certificates: parts.certificates,
    crls: [],
    ocspResponses: [],
    fileName,
    ...(parts.cache ? { cache: parts.cache } : {}),
    ...(parts.maximumSize ? { maximumSize: parts.maximumSize } : {}),
    ...(profile === undefined ? {} : { profile }),
    ...(content ? { detachedContent: content } : {}),
  };
  return verifyWithEvidence(bytes, context, fetcher);
}

function askWith({ timestamps }: ExtensionParts, stampedAt: number[]): AskStamp {
  return async (messageImprint) => {
    if (timestamps === null) throw new GatewayError("TSA_UNAVAILABLE", "no time-stamping authority was named");
    const { token, genTime } = await timestamps.stamp(messageImprint);
    stampedAt.push(genTime);
    return token;
  };
}

function everyCertificate({ signatures }: SignedParts): [string, Certificate[]][] {
  return signatures.map(({ id, signer, stamps }) => [
    id,
    [signer, ...stamps.map((s) => s.certificate)].filter((c) => c !== null),
  ]);
}

/** Renewal: what was collected before stays; what the newest stamp of each signature rests on is new. */
function newestStamp({ signatures }: SignedParts): [string, Certificate[]][] {
  return signatures.map(({ id, stamps }) => {
    const newest = [...stamps].sort((a, b) => b.token.genTime - a.token.genTime)[0];
    return [id, newest?.certificate ? [newest.certificate] : []];
  });
}
