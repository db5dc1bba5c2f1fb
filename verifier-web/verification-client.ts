import type { Bilingual } from "@hocba/signatures";
import type { VerificationReport } from "@hocba/signatures/verify";
import { type Failure, failures } from "./failures.ts";

export type Verdict = VerificationReport & { readonly sentence: Bilingual };

export type Outcome =
  | { readonly ok: true; readonly verdict: Verdict }
  | { readonly ok: false; readonly failure: Failure };

/** Takes the sent share, 0 to 1; 1 while the server works. */
export type Progress = (share: number) => void;

/** Long enough for a large file on a weak line and for fetching revocation lists. */
const timeoutMs = 180_000;

/**
 * Sends one file to the gateway that served this page and answers its verdict. Never throws: whatever goes wrong comes
 * back as a failure in plain words, and nothing but the gateway's own report is ever shown as a verdict.
 */
export function verify(file: File, onProgress: Progress): Promise<Outcome> {
  if (file.size === 0) return Promise.resolve({ ok: false, failure: failures.empty });
  return new Promise((resolve) => {
    const fail = (failure: Failure): void => resolve({ ok: false, failure });
    // XMLHttpRequest, because fetch cannot say how much of a body has been sent.
    const request = new XMLHttpRequest();
    request.open("POST", `/v1/verifications?fileName=${encodeURIComponent(shortName(file.name))}`);
    request.timeout = timeoutMs;
    request.setRequestHeader("content-type", "application/octet-stream");
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    };
    request.upload.onload = () => onProgress(1);
    request.onload = () => resolve(read(request));
    request.onerror = () => fail(navigator.onLine ? failures.unreachable : failures.offline);
    request.ontimeout = () => fail(failures.timeout);
    request.send(file);
  });
}

/** The gateway takes names up to 255 characters; the end of a name tells more than its middle. */
function shortName(name: string): string {
  return name.length <= 200 ? name : `${name.slice(0, 120)}…${name.slice(-60)}`;
}

function read(request: XMLHttpRequest): Outcome {
  let body: unknown = null;
  try {
    body = JSON.parse(request.responseText);
  } catch {
    // Proxies answer with pages of their own; the status below says enough.
  }
  if (request.status === 200 && isVerdict(body)) return { ok: true, verdict: body };
  const wait = Number(request.getResponseHeader("retry-after"));
  const retryAfter = Number.isFinite(wait) && wait > 0 ? Math.min(wait, 120) : null;
  if (request.status === 429) return { ok: false, failure: { ...failures.busy, retryAfter: retryAfter ?? 10 } };
  if (request.status === 413) return { ok: false, failure: failures.tooLarge(limitOf(body)) };
  if (isProblem(body) && request.status < 500) {
    return { ok: false, failure: { title: body.titles, whatToDo: body.whatToDo, retryAfter } };
  }
  return { ok: false, failure: { ...failures.server, retryAfter } };
}

function isVerdict(body: unknown): body is Verdict {
  const value = body as Partial<Verdict> | null;
  return (
    typeof value === "object" &&
    value !== null &&
    typeof value.indication === "string" &&
    Array.isArray(value.signatures) &&
    Array.isArray(value.findings) &&
    isBilingual(value.sentence)
  );
}

function isProblem(body: unknown): body is { titles: Bilingual; whatToDo: Bilingual } {
  const value = body as { titles?: unknown; whatToDo?: unknown } | null;
  return typeof value === "object" && value !== null && isBilingual(value.titles) && isBilingual(value.whatToDo);
}

function isBilingual(value: unknown): value is Bilingual {
  const text = value as Partial<Bilingual> | null | undefined;
  return typeof text?.vi === "string" && typeof text.en === "string";
}

function limitOf(body: unknown): number | null {
  const details = (body as { details?: Record<string, unknown> } | null)?.details ?? {};
  const limit = details.limit ?? details.maxBytes ?? details.limitBytes;
  return typeof limit === "number" ? limit : null;
}
