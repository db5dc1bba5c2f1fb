import { nodeCrypto } from "@hocba/certs/crypto/node";
import { AllowList, EvidenceFetcher } from "@hocba/certs/online";
import { PathCache } from "@hocba/certs/path";
import type { Profile } from "@hocba/signatures/profiles";
import type { CertificateRegistry, VerificationReport } from "@hocba/signatures/verify";
import type { Config } from "../config/index.ts";
import { rememberingCrypto } from "./remembering-crypto.ts";
import type { TrustMaterial } from "./trust-material.ts";
import { evidenceKey, type FetchedEvidence, verifyWithEvidence } from "./verify-with-evidence.ts";

/** What came with the file and is not in it. */
export interface BesideFile {
  /** What a detached signature is over. */
  detached?: Uint8Array | null | undefined;
  /** Evidence records over the file (RFC 4998, RFC 6283). */
  evidenceRecords?: readonly Uint8Array[] | undefined;
}

export interface Verifier {
  /** `profile`: the role chain to hold the document against; absent: found by the document's shape. */
  verify(document: Uint8Array, fileName: string, profile?: Profile, beside?: BesideFile): Promise<VerificationReport>;
}

/** What was fetched lately is at hand in the first round already, so that a class is verified once per document. */
const SHELF_AGE_MS = 120_000;
const SHELF_SIZE = 64;

/** Verifies against the operator's anchors and policy, online when the configuration says so. */
export function createVerifier(
  config: Config["verification"],
  deps: {
    trust: TrustMaterial;
    allowedHosts: readonly string[];
    clock: () => number;
    fetcher?: EvidenceFetcher;
    registry?: CertificateRegistry | undefined;
  },
): Verifier {
  const cache = new PathCache();
  const crypto = rememberingCrypto(nodeCrypto);
  const shelf = new Map<string, FetchedEvidence & { at: number }>();
  const fetcher = config.online
    ? (deps.fetcher ?? new EvidenceFetcher({ allow: new AllowList(deps.allowedHosts), clock: deps.clock }))
    : null;

  function onShelf(kind: FetchedEvidence["request"]["kind"]): Uint8Array[] {
    const oldest = deps.clock() - SHELF_AGE_MS;
    return [...shelf.values()]
      .filter((each) => each.request.kind === kind && each.at >= oldest)
      .flatMap((each) => each.items);
  }

  return {
    verify: (document, fileName, profile, { detached, evidenceRecords } = {}) =>
      verifyWithEvidence(
        document,
        {
          crypto,
          policy: config.policy,
          // The end of the second: what is judged within one shares answers, and nothing made in it lies in the future.
          time: new Date(Math.ceil(deps.clock() / 1000) * 1000),
          anchors: deps.trust.anchors,
          certificates: [...deps.trust.certificates, ...onShelf("issuer-certificate")],
          crls: onShelf("crl"),
          ocspResponses: onShelf("ocsp"),
          fileName,
          cache,
          maximumSize: config.maxBytes,
          ...(deps.registry ? { registry: deps.registry } : {}),
          ...(profile === undefined ? {} : { profile }),
          ...(detached ? { detachedContent: detached } : {}),
          ...(evidenceRecords ? { evidenceRecords } : {}),
        },
        fetcher,
        (evidence) => {
          const key = evidenceKey(evidence.request);
          shelf.delete(key);
          shelf.set(key, { ...evidence, at: deps.clock() });
          if (shelf.size > SHELF_SIZE) shelf.delete(shelf.keys().next().value!);
        },
      ),
  };
}
