import {
  contextConstructed,
  type Element,
  readInteger,
  readOctetString,
  readTime,
  readWhole,
  Tag,
} from "../der/index.ts";
import { CertsError } from "../errors.ts";
import { parseCertificate, pemOrDerBlocks } from "../x509/index.ts";
import { failed } from "./fetch-guarded.ts";

/** What was fetched: usable structures and how long their issuer vouches for them. */
export interface Evidence {
  /** DER, one structure each. */
  readonly items: readonly Uint8Array[];
  /** Milliseconds since 1970; null when nothing says. */
  readonly nextUpdate: number | null;
}

/** More certificates than this behind one address are not taken. */
const MAX_ITEMS = 32;

/**
 * Sorts out the body of an answer: DER or PEM, PKCS #7 bundles of certificates, OCSP responses that carry an answer. No
 * signature is checked here: whoever uses the evidence does that.
 * @throws CertsError FETCH_FAILED (`details.reason` "content", or "ocsp-status" with `status`, retryable for tryLater)
 */
export function readEvidence(kind: "crl" | "ocsp" | "issuer-certificate", body: Uint8Array): Evidence {
  try {
    if (kind === "ocsp") return { items: [body], nextUpdate: ocspNextUpdate(body) };
    const blocks = pemOrDerBlocks(body).slice(0, MAX_ITEMS);
    if (kind === "crl") {
      const dates = blocks.map(crlNextUpdate);
      if (dates.length === 0) throw failed("content", "no CRL in the answer", true);
      return { items: blocks, nextUpdate: earliest(dates) };
    }
    const items = blocks.filter(isCertificate);
    if (items.length === 0) throw failed("content", "no certificate in the answer", true);
    return { items, nextUpdate: null };
  } catch (cause) {
    if (!(cause instanceof CertsError) || cause.code === "FETCH_FAILED") throw cause;
    // A captive portal or a half-written file: the next try may find the real thing.
    throw failed("content", `the answer is not what was asked for: ${cause.message}`, true, undefined, cause);
  }
}

function isCertificate(block: Uint8Array): boolean {
  try {
    parseCertificate(block);
    return true;
  } catch (error) {
    if (error instanceof CertsError) return false;
    throw error;
  }
}

const isTime = (e: Element | undefined): e is Element => e?.tag === Tag.UTC_TIME || e?.tag === Tag.GENERALIZED_TIME;

function crlNextUpdate(crl: Uint8Array): number | null {
  const tbs = readWhole(crl, { ber: true }).expect(Tag.SEQUENCE, "CertificateList").children()[0];
  const fields = tbs?.expect(Tag.SEQUENCE, "TBSCertList").children() ?? [];
  const at = fields.findIndex(isTime);
  if (at < 0) throw new CertsError("CRL_MALFORMED", "no thisUpdate");
  const next = fields[at + 1];
  return isTime(next) ? readTime(next) : null;
}

const OCSP_STATUS: Record<number, string> = {
  1: "malformedRequest",
  2: "internalError",
  3: "tryLater",
  5: "sigRequired",
  6: "unauthorized",
};

function ocspNextUpdate(response: Uint8Array): number | null {
  const [status, bytes] = readWhole(response, { ber: true }).expect(Tag.SEQUENCE, "OCSPResponse").children();
  if (!status) throw new CertsError("OCSP_MALFORMED", "no status");
  const code = readInteger(status.expect(Tag.ENUMERATED, "responseStatus"));
  if (code !== 0) {
    const name = OCSP_STATUS[code] ?? String(code);
    throw failed("ocsp-status", `the responder says ${name}`, code === 2 || code === 3, undefined, undefined, {
      status: name,
    });
  }
  const basic = bytes?.expect(contextConstructed(0), "responseBytes").child().children()[1];
  if (!basic) throw new CertsError("OCSP_MALFORMED", "no response bytes");
  const data = readWhole(readOctetString(basic), { ber: true }).children()[0];
  const responses = data?.children().find((e) => e.tag === Tag.SEQUENCE);
  if (!responses) throw new CertsError("OCSP_MALFORMED", "no responses");
  return earliest(
    responses.children().map((single) => {
      const next = single
        .children()
        .slice(3)
        .find((e) => e.tag === contextConstructed(0));
      return next ? readTime(next.child()) : null;
    }),
  );
}

function earliest(dates: readonly (number | null)[]): number | null {
  const known = dates.filter((d) => d !== null);
  return known.length > 0 ? Math.min(...known) : null;
}
