import { createHash } from "node:crypto";
import { CertsError } from "../errors.ts";
import type { AllowList } from "./address-guard.ts";
import { type CachedEvidence, type EvidenceCache, MemoryEvidenceCache } from "./evidence-cache.ts";
import { type FetchGuardedOptions, failed, fetchGuarded } from "./fetch-guarded.ts";
import { HostLimiter } from "./host-limiter.ts";
import { freshUntil } from "./http-freshness.ts";
import { buildOcspRequest } from "./ocsp-request.ts";
import { type Evidence, readEvidence } from "./read-evidence.ts";

export type EvidenceKind = "crl" | "ocsp" | "issuer-certificate";

/** Evidence somebody lacks and where it may be found. */
export interface EvidenceRequest {
  readonly kind: EvidenceKind;
  readonly url: string;
  /** The certificate in question, DER: OCSP needs it. */
  readonly certificate: Uint8Array;
  /** DER of its issuer's certificate: OCSP needs it. */
  readonly issuer: Uint8Array | null;
}

export type EvidenceResult =
  | {
      readonly request: EvidenceRequest;
      readonly ok: true;
      /** DER: CRLs, OCSP responses or certificates, by the kind asked for. Nothing about them is verified. */
      readonly items: readonly Uint8Array[];
      /** `stale`: could not be asked anew, but its issuer still vouches for it. */
      readonly source: "network" | "cache" | "stale";
      /** Milliseconds since 1970. */
      readonly fetchedAt: number;
    }
  | { readonly request: EvidenceRequest; readonly ok: false; readonly error: CertsError };

export interface EvidenceFetcherOptions {
  allow?: AllowList;
  clock?: () => number;
  /** Default: 64 MiB in memory. */
  cache?: EvidenceCache;
  /** For one answer, milliseconds. Default 10 s. */
  timeoutMs?: number;
  /** For one call of `fetch`; what has not come by then counts as failed and goes on loading for the next. Default 20 s. */
  deadlineMs?: number;
  /** Octets by kind. Default 20 MiB for a CRL, 64 KiB for an OCSP response, 1 MiB for certificates. */
  maxBytes?: Partial<Record<EvidenceKind, number>>;
  /** Longest use of an answer without asking again, whatever it says of itself. Default 1 h; certificates 24 h. */
  maxAgeMs?: Partial<Record<EvidenceKind, number>>;
  /** Shortest: a burst of verifications asks once even where the server forbids keeping. Default 2 s. */
  minAgeMs?: number;
  /** How long a failure is remembered. Default 30 s. */
  negativeTtlMs?: number;
  /** Default 4 at once. */
  perHost?: number;
  /** Default 32 at once. */
  total?: number;
  /** Requests in one call beyond which the rest is refused: a document can name any number. Default 64. */
  maxRequests?: number;
  resolve?: FetchGuardedOptions["resolve"];
}

const MAX_BYTES: Record<EvidenceKind, number> = {
  crl: 20 * 1024 * 1024,
  ocsp: 64 * 1024,
  "issuer-certificate": 1024 * 1024,
};
const MAX_AGE: Record<EvidenceKind, number> = {
  crl: 3_600_000,
  ocsp: 3_600_000,
  "issuer-certificate": 24 * 3_600_000,
};
const MAX_FAILURES_KEPT = 10_000;

/**
 * Brings CRLs, OCSP responses and issuers' certificates from where certificates say they are, under the guard of
 * `fetchGuarded`. Shared by all verifications of a process: answers are kept as long as their issuer, HTTP and the operator
 * agree, equal requests in flight become one, failures are remembered for a short while, and no host is asked too much at once.
 */
export class EvidenceFetcher {
  private readonly options: EvidenceFetcherOptions;
  private readonly clock: () => number;
  private readonly cache: EvidenceCache;
  private readonly limiter: HostLimiter;
  private readonly inFlight = new Map<string, Promise<CachedEvidence>>();
  private readonly failures = new Map<string, { error: CertsError; until: number }>();

  constructor(options: EvidenceFetcherOptions = {}) {
    this.options = options;
    this.clock = options.clock ?? Date.now;
    this.cache = options.cache ?? new MemoryEvidenceCache();
    this.limiter = new HostLimiter({ perHost: options.perHost ?? 4, total: options.total ?? 32, maxWaiting: 1000 });
  }

  /** One result for each request, in their order. Never rejects: what cannot be had is a result with its error. */
  async fetch(requests: readonly EvidenceRequest[]): Promise<EvidenceResult[]> {
    const limit = this.options.maxRequests ?? 64;
    const deadlineMs = this.options.deadlineMs ?? 20_000;
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(failed("timeout", `not there within ${deadlineMs} ms`, true)), deadlineMs);
    });
    deadline.catch(() => {});
    try {
      return await Promise.all(
        requests.map(async (request, i): Promise<EvidenceResult> => {
          try {
            if (i >= limit) throw new CertsError("FETCH_REFUSED", `more than ${limit} addresses`);
            return { request, ok: true, ...(await Promise.race([this.one(request), deadline])) };
          } catch (error) {
            if (error instanceof CertsError) return { request, ok: false, error };
            throw error;
          }
        }),
      );
    } finally {
      clearTimeout(timer);
    }
  }

  private async one(request: EvidenceRequest) {
    const body = request.kind === "ocsp" ? ocspBody(request) : null;
    const key = `${request.kind} ${request.url} ${body ? createHash("sha256").update(body).digest("hex") : ""}`;
    const kept = this.cache.get(key);
    const now = this.clock();
    const result = (evidence: CachedEvidence, source: "network" | "cache" | "stale") => ({
      items: evidence.items,
      source,
      fetchedAt: evidence.fetchedAt,
    });
    if (kept && now < kept.freshUntil) return result(kept, "cache");
    try {
      return result(await this.ask(key, request, body, kept), "network");
    } catch (error) {
      // Beyond nextUpdate nobody vouches for it; a refusal means the address must not serve at all.
      const usable = kept?.nextUpdate != null && this.clock() < kept.nextUpdate;
      if (usable && error instanceof CertsError && error.code === "FETCH_FAILED") return result(kept, "stale");
      throw error;
    }
  }

  private ask(
    key: string,
    request: EvidenceRequest,
    body: Uint8Array | null,
    kept: CachedEvidence | undefined,
  ): Promise<CachedEvidence> {
    const failure = this.failures.get(key);
    if (failure && this.clock() < failure.until) return Promise.reject(failure.error);
    const running = this.inFlight.get(key);
    if (running) return running;
    const work = this.load(request, body, kept)
      .then((evidence) => {
        this.failures.delete(key);
        this.cache.set(key, evidence);
        return evidence;
      })
      .catch((error: unknown) => {
        if (error instanceof CertsError) this.remember(key, error);
        throw error;
      })
      .finally(() => this.inFlight.delete(key));
    // Everyone who waits may have given up at the deadline by the time this fails.
    work.catch(() => {});
    this.inFlight.set(key, work);
    return work;
  }

  private async load(
    { kind, url }: EvidenceRequest,
    body: Uint8Array | null,
    kept: CachedEvidence | undefined,
  ): Promise<CachedEvidence> {
    const response = await this.limiter.run(hostOf(url), () =>
      fetchGuarded(url, {
        timeoutMs: this.options.timeoutMs ?? 10_000,
        maxBytes: this.options.maxBytes?.[kind] ?? MAX_BYTES[kind],
        headers: {
          ...(body ? { "content-type": "application/ocsp-request" } : {}),
          ...(kept?.etag ? { "if-none-match": kept.etag } : {}),
          ...(kept?.lastModified ? { "if-modified-since": kept.lastModified } : {}),
        },
        ...(body ? { body } : {}),
        ...(this.options.allow ? { allow: this.options.allow } : {}),
        ...(this.options.resolve ? { resolve: this.options.resolve } : {}),
      }),
    );
    const evidence: Evidence = response.status === 304 && kept ? kept : readEvidence(kind, response.body);
    const now = this.clock();
    const [etag, lastModified] = [response.headers.etag, response.headers["last-modified"]];
    return {
      items: evidence.items,
      nextUpdate: evidence.nextUpdate,
      fetchedAt: now,
      freshUntil: freshUntil(response.headers, evidence.nextUpdate, now, {
        maxAgeMs: this.options.maxAgeMs?.[kind] ?? MAX_AGE[kind],
        minAgeMs: this.options.minAgeMs ?? 2_000,
      }),
      etag: body ? null : (etag ?? (response.status === 304 ? (kept?.etag ?? null) : null)),
      lastModified: body ? null : (lastModified ?? (response.status === 304 ? (kept?.lastModified ?? null) : null)),
    };
  }

  private remember(key: string, error: CertsError): void {
    if (this.failures.size >= MAX_FAILURES_KEPT) this.failures.delete(this.failures.keys().next().value!);
    this.failures.delete(key);
    this.failures.set(key, { error, until: this.clock() + (this.options.negativeTtlMs ?? 30_000) });
  }
}

function ocspBody({ certificate, issuer }: EvidenceRequest): Uint8Array {
  if (!issuer) throw new CertsError("FETCH_REFUSED", "OCSP cannot be asked without the issuer's certificate");
  return buildOcspRequest({ certificate, issuer });
}

function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return "";
  }
}
