import { createHash } from "node:crypto";
import type { Authority } from "./authority.ts";
import type { CrlFaults, OcspFaults, TsaFaults } from "./faults.ts";
import { derResponse, type Service, type ServiceRequest, type ServiceResponse, textResponse } from "./http-service.ts";
import { type OcspAuthority, respondOcsp } from "./ocsp-responder.ts";
import { FailureInfo, rejection, type TimestampAuthority } from "./timestamp-authority.ts";

/** RFC 3161 §3.4 over HTTP. Like the official service: GET gets 403, a POST that is no query gets 400. */
export function tsaService(authority: Pick<TimestampAuthority, "respond">): Service {
  return {
    name: "tsa",
    prefix: "/tsa",
    async answer(request, faults) {
      if (request.method !== "POST") return textResponse(403, "POST a time stamp query");
      if (request.contentType.split(";")[0]!.trim().toLowerCase() !== "application/timestamp-query") {
        return textResponse(400, "content type application/timestamp-query is expected");
      }
      return derResponse(await authority.respond(request.body, faults as TsaFaults), "application/timestamp-reply");
    },
    overQuota: (faults) =>
      (faults as TsaFaults).quotaAnswer === "rejection"
        ? derResponse(rejection(2, FailureInfo.systemFailure, "quota spent"), "application/timestamp-reply")
        : null,
  };
}

/** RFC 6960 appendix A: POST with the request as body, GET with it in the path as base64. */
export function ocspService(
  authorities: () => readonly OcspAuthority[],
  options: { clock: () => Date; validityMs: number },
): Service {
  return {
    name: "ocsp",
    prefix: "/ocsp",
    async answer(request, faults) {
      const query = ocspQuery(request);
      if (!query) return textResponse(400, "an OCSP request is expected");
      const times = { now: options.clock(), validityMs: options.validityMs };
      return derResponse(
        await respondOcsp(query, authorities(), times, faults as OcspFaults),
        "application/ocsp-response",
      );
    },
  };
}

function ocspQuery(request: ServiceRequest): Uint8Array | null {
  if (request.method === "POST") return request.body;
  if (request.method !== "GET") return null;
  try {
    const text = decodeURIComponent(request.path.slice("/ocsp/".length));
    return text === "" ? null : new Uint8Array(Buffer.from(text, "base64"));
  } catch {
    return null;
  }
}

/** `/crl/root.crl` and `/crl/issuing.crl` with entity tags, so that a mirror can ask whether anything changed. */
export function crlService(authorities: () => readonly Authority[]): Service {
  return {
    name: "crl",
    prefix: "/crl",
    async answer(request, faults) {
      const authority = authorities().find((a) => request.path === `/crl/${a.id}.crl`);
      if (!authority) return textResponse(404, "no such list");
      return withEntityTag(request, await authority.crl(faults as CrlFaults), "application/pkix-crl");
    },
  };
}

/** `/crt/root.crt` and `/crt/issuing.crt`: single certificates in DER (RFC 5280 §4.2.2.1). */
export function certificateService(authorities: () => readonly Authority[]): Service {
  return {
    name: "crt",
    prefix: "/crt",
    async answer(request) {
      const authority = authorities().find((a) => request.path === `/crt/${a.id}.crt`);
      if (!authority) return textResponse(404, "no such certificate");
      return withEntityTag(request, authority.certificate, "application/pkix-cert");
    },
  };
}

function withEntityTag(request: ServiceRequest, body: Uint8Array, type: string): ServiceResponse {
  const etag = `"${createHash("sha256").update(body).digest("hex").slice(0, 32)}"`;
  const headers = { etag, "cache-control": "no-cache" };
  if (request.ifNoneMatch === etag) return { status: 304, headers, body: "" };
  return derResponse(body, type, headers);
}
