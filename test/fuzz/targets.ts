import { HocbaError } from "@hocba/certs";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { PathCache } from "@hocba/certs/path";
import { parseCrl, parseOcspResponse } from "@hocba/certs/revocation";
import { parseTrustAnchors } from "@hocba/certs/trust";
import { parseCertificate, pemOrDerBlocks } from "@hocba/certs/x509";
import { parseEvidenceRecord } from "@hocba/signatures/evidence-records";
import { parseTimestampToken, readTimestampResponse } from "@hocba/signatures/timestamps";
import { sentence, type VerificationContext, verifyDocument } from "@hocba/signatures/verify";
import { etsiValidationReport } from "@hocba/signatures/verify/reports";

/** What is mutated: a document that may be signed, or an object of the PKI by itself. */
export type SeedKind = "pdf" | "xml" | "cms" | "object";

export interface Trust {
  readonly roots: readonly Uint8Array[];
  readonly crls: readonly Uint8Array[];
  /** Time of validation, ms since 1970. */
  readonly time: number;
}

/** Runs everything that reads such octets. Throws when anything throws that is not documented to. */
export function makeTarget(trust: Trust): (kind: SeedKind, input: Uint8Array, detached: Uint8Array | null) => void {
  const context: Omit<VerificationContext, "policy" | "fileName"> = {
    crypto: nodeCrypto,
    time: new Date(trust.time),
    anchors: trust.roots.flatMap((bytes) => parseTrustAnchors(bytes)),
    certificates: [],
    crls: trust.crls,
    ocspResponses: [],
    cache: new PathCache(),
  };
  return (kind, input, detached) => {
    if (kind === "object") return readObject(input);
    const { report } = verifyDocument(input, {
      ...context,
      policy: input.length % 2 ? "vn-official" : "etsi-baseline",
      fileName: "mutant",
      ...(detached ? { detachedContent: detached } : {}),
    });
    JSON.stringify(report);
    sentence(report);
    etsiValidationReport(report);
  };
}

function readObject(input: Uint8Array): void {
  refusable(() => {
    const certificate = parseCertificate(input);
    for (const read of EXTENSIONS) refusable(() => void certificate[read]);
    certificate.subject.toString();
    certificate.issuer.equals(certificate.subject);
  });
  refusable(() => parseCrl(input));
  refusable(() => parseOcspResponse(input));
  refusable(() => parseTimestampToken(input));
  refusable(() =>
    readTimestampResponse(input, { digestAlgorithm: "sha256", digest: new Uint8Array(32), nonce: new Uint8Array(8) }),
  );
  refusable(() => parseEvidenceRecord(input));
  refusable(() => parseTrustAnchors(input));
  refusable(() => pemOrDerBlocks(input));
}

const EXTENSIONS = [
  "basicConstraints",
  "keyUsage",
  "extendedKeyUsage",
  "subjectKeyId",
  "authorityKeyId",
  "subjectAltNames",
  "crlDistributionPoints",
  "authorityInfoAccess",
  "certificatePolicies",
  "publicKey",
] as const;

/** An error of ours is an answer; any other passes through. */
function refusable(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof HocbaError)) throw error;
  }
}
