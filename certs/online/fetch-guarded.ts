import { lookup } from "node:dns/promises";
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { CertsError } from "../errors.ts";
import { AllowList, bareHost, checkAddresses, checkUrl } from "./address-guard.ts";

export interface FetchGuardedOptions {
  /** Default GET, or POST when there is a body. */
  method?: "GET" | "POST";
  body?: Uint8Array;
  headers?: Readonly<Record<string, string>>;
  /** Hosts and networks the operator permits beyond the public internet. */
  allow?: AllowList;
  /** Octets of the answer's body. Default 20 MiB. */
  maxBytes?: number;
  /** For all of it: resolving, redirects, the last octet of the body. Milliseconds, default 15 s. */
  timeoutMs?: number;
  /** Default 3. */
  maxRedirects?: number;
  /** Addresses of a host name. Default: the system's resolver. */
  resolve?: (hostname: string) => Promise<readonly string[]>;
}

export interface FetchedResponse {
  /** 200, or 304 where the request was conditional. */
  status: number;
  /** After redirects. */
  url: string;
  headers: IncomingHttpHeaders;
  body: Uint8Array;
}

const systemResolve = async (hostname: string): Promise<string[]> =>
  (await lookup(hostname, { all: true, verbatim: true })).map((a) => a.address);

/**
 * Fetches an address that came out of somebody's certificate. Only http and https; every address the name resolves to is
 * checked and the connection goes to those addresses and no others, so a name that resolves differently a moment later
 * gains nothing; redirects are checked alike. The answer is held whole in memory, up to `maxBytes`.
 * @throws CertsError FETCH_REFUSED (the address may not be asked), FETCH_FAILED (`retryable` by the cause); `details.reason`
 *   tells which: scheme, credentials, port, address, url; dns, network, timeout, status, redirects, too-large, encoding
 */
export async function fetchGuarded(address: string | URL, options: FetchGuardedOptions = {}): Promise<FetchedResponse> {
  const timeoutMs = options.timeoutMs ?? 15_000;
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(failed("timeout", `no answer within ${timeoutMs} ms`, true));
  }, timeoutMs);
  try {
    return await follow(address, options, controller.signal);
  } finally {
    clearTimeout(timer);
  }
}

async function follow(
  address: string | URL,
  options: FetchGuardedOptions,
  signal: AbortSignal,
): Promise<FetchedResponse> {
  const allow = options.allow ?? new AllowList();
  const maxRedirects = options.maxRedirects ?? 3;
  let next: string | URL = address;
  for (let redirects = 0; ; redirects++) {
    const { url, permitted } = checkUrl(next, allow);
    const addresses = await addressesOf(url, options.resolve ?? systemResolve, signal);
    if (!permitted) checkAddresses(url, addresses, allow);
    const response = await exchange(url, addresses, options, signal);
    const { location } = response.headers;
    if (!isRedirect(response.status) || location === undefined) return accept(response, options);
    // Methods other than GET change on 301 to 303 by custom only; nobody serves OCSP that way.
    if (methodOf(options) !== "GET" && response.status !== 307 && response.status !== 308) {
      throw failed("redirects", `redirect ${response.status} of a POST`, false, url);
    }
    if (redirects >= maxRedirects) throw failed("redirects", `more than ${maxRedirects} redirects`, false, url);
    try {
      next = new URL(location, url);
    } catch {
      throw failed("redirects", "redirect to something that is not an address", false, url);
    }
  }
}

const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status);
const methodOf = (options: FetchGuardedOptions): string => options.method ?? (options.body ? "POST" : "GET");

async function addressesOf(
  url: URL,
  resolve: (hostname: string) => Promise<readonly string[]>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const host = bareHost(url);
  if (isIP(host) !== 0) return [host];
  let addresses: readonly string[];
  try {
    addresses = await untilAborted(resolve(host), signal);
  } catch (cause) {
    if (cause instanceof CertsError) throw cause;
    throw failed("dns", `${url.hostname} does not resolve`, true, url, cause);
  }
  if (addresses.length === 0) throw failed("dns", `${url.hostname} has no address`, true, url);
  return addresses;
}

/** A resolver cannot be cancelled: its answer is left to arrive unheard. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });
}

function exchange(
  url: URL,
  addresses: readonly string[],
  options: FetchGuardedOptions,
  signal: AbortSignal,
): Promise<FetchedResponse> {
  return new Promise((resolve, reject) => {
    const maxBytes = options.maxBytes ?? 20 * 1024 * 1024;
    const fail = (cause: Error) => {
      if (signal.aborted) reject(signal.reason);
      else if (cause instanceof CertsError) reject(cause);
      else reject(failed("network", `${url.host}: ${errorCode(cause)}`, true, url, cause));
    };
    const requestOptions: RequestOptions = {
      method: methodOf(options),
      // No pool: a kept connection would outlive the check of its address.
      agent: false,
      lookup: fixedLookup(addresses),
      signal,
      maxHeaderSize: 16 * 1024,
      headers: {
        accept: "*/*",
        "accept-encoding": "identity",
        "user-agent": "hocba",
        connection: "close",
        ...options.headers,
        ...(options.body ? { "content-length": String(options.body.length) } : {}),
      },
    };
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    const req = send(url, requestOptions, (res) => {
      collect(res, maxBytes, url).then(
        (body) => resolve({ status: res.statusCode ?? 0, url: url.href, headers: res.headers, body }),
        fail,
      );
    });
    req.on("error", fail);
    req.end(options.body);
  });
}

/** Answers every look-up with the addresses that were checked. */
function fixedLookup(addresses: readonly string[]): LookupFunction {
  const entries = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_hostname, options, callback) => {
    if (options.all) callback(null, entries);
    else callback(null, entries[0]!.address, entries[0]!.family);
  };
}

async function collect(res: IncomingMessage, maxBytes: number, url: URL): Promise<Uint8Array> {
  const tooLarge = () => failed("too-large", `answer of more than ${maxBytes} octets`, false, url);
  try {
    const encoding = res.headers["content-encoding"] ?? "identity";
    if (encoding !== "identity") throw failed("encoding", `content encoding ${encoding} was not asked for`, false, url);
    if (Number(res.headers["content-length"] ?? 0) > maxBytes) throw tooLarge();
    const chunks: Buffer[] = [];
    let total = 0;
    for await (const chunk of res as AsyncIterable<Buffer>) {
      total += chunk.length;
      if (total > maxBytes) throw tooLarge();
      chunks.push(chunk);
    }
    return new Uint8Array(Buffer.concat(chunks, total));
  } finally {
    res.destroy();
  }
}

function accept(response: FetchedResponse, options: FetchGuardedOptions): FetchedResponse {
  const conditional = Object.keys(options.headers ?? {}).some((h) => /^if-(none-match|modified-since)$/i.test(h));
  if (response.status === 200 || (response.status === 304 && conditional)) return response;
  const { status } = response;
  const retryable = status >= 500 || status === 408 || status === 425 || status === 429;
  throw failed("status", `status ${status}`, retryable, new URL(response.url), undefined, { status });
}

const errorCode = (error: Error): string => (error as NodeJS.ErrnoException).code ?? error.name;

/** FETCH_FAILED with its reason. */
export function failed(
  reason: string,
  message: string,
  retryable: boolean,
  url?: URL,
  cause?: unknown,
  more: Record<string, unknown> = {},
): CertsError {
  return new CertsError("FETCH_FAILED", message, {
    retryable,
    details: { reason, ...(url ? { host: url.host } : {}), ...more },
    ...(cause === undefined ? {} : { cause }),
  });
}
