import { BlockList, isIP } from "node:net";
import { CertsError } from "../errors.ts";

/** IPv4 that is not the public internet (IANA special-purpose registry; multicast and class E besides). */
const RESERVED_V4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.31.196.0", 24],
  ["192.52.193.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["192.175.48.0", 24],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

/** What 2000::/3 holds beside the public internet: protocol assignments with Teredo, documentation, 6to4 (which embeds IPv4). */
const RESERVED_V6: readonly (readonly [string, number])[] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["2620:4f:8000::", 48],
  ["3fff::", 20],
];

const reservedV4 = new BlockList();
for (const [net, prefix] of RESERVED_V4) reservedV4.addSubnet(net, prefix, "ipv4");
const globalV6 = new BlockList();
globalV6.addSubnet("2000::", 3, "ipv6");
const reservedV6 = new BlockList();
for (const [net, prefix] of RESERVED_V6) reservedV6.addSubnet(net, prefix, "ipv6");

/**
 * True for an address of the public internet. For IPv6 this is a whitelist, 2000::/3: loopback, link-local, unique local,
 * multicast, IPv4-mapped and translated addresses all lie outside it. Text that is no address is not public.
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !reservedV4.check(address, "ipv4");
  if (family !== 6 || address.includes("%")) return false;
  return globalV6.check(address, "ipv6") && !reservedV6.check(address, "ipv6");
}

/** Ports of the web. Others, a mail server's say, could be made to do something by a request that looks like nonsense. */
const WEB_PORTS = new Set([80, 443, 8080, 8443]);

/**
 * What the operator permits beyond the public internet: entries `host`, `host:port`, `address`, `[v6]:port`, or a network
 * `10.0.0.0/8`. A host that is listed may resolve to any address; without a port in the entry, any port.
 */
export class AllowList {
  private readonly hosts = new Set<string>();
  private readonly networks = new BlockList();
  private hasNetworks = false;

  /** @throws CertsError FETCH_REFUSED when an entry cannot be read: a typing error must not open or close anything silently */
  constructor(entries: readonly string[] = []) {
    for (const entry of entries) {
      const network = /^([0-9a-f.:]+)\/(\d{1,3})$/i.exec(entry);
      const family = network ? isIP(network[1]!) : 0;
      if (network && family !== 0 && Number(network[2]) <= (family === 4 ? 32 : 128)) {
        this.networks.addSubnet(network[1]!, Number(network[2]), family === 4 ? "ipv4" : "ipv6");
        this.hasNetworks = true;
      } else this.hosts.add(canonicalHost(entry));
    }
  }

  permitsHost(hostname: string, port: number): boolean {
    return this.hosts.has(hostname) || this.hosts.has(`${hostname}:${port}`);
  }

  permitsAddress(address: string): boolean {
    const family = isIP(address);
    return this.hasNetworks && family !== 0 && this.networks.check(address, family === 4 ? "ipv4" : "ipv6");
  }
}

function canonicalHost(entry: string): string {
  const text = isIP(entry) === 6 ? `[${entry}]` : entry;
  const port = /:(\d{1,5})$/.exec(text)?.[1] ?? "";
  try {
    // Any scheme without a default port will do: the parser lower-cases, punycodes and normalises as it does for a fetch.
    const url = new URL(`http://${port ? text.slice(0, -port.length - 1) : text}/`);
    const plain = url.pathname === "/" && !url.username && !url.search && !url.hash && !url.port;
    if (plain && Number(port) < 65_536) return port ? `${url.hostname}:${port}` : url.hostname;
  } catch {
    // Falls to the error below, which says what was expected.
  }
  throw new CertsError("FETCH_REFUSED", `not a host, address or network: ${entry}`, {
    details: { reason: "allow-list" },
  });
}

/** The part of a fetch that decides where it may go. @throws CertsError FETCH_REFUSED with `details.reason` */
export function checkUrl(text: string | URL, allow: AllowList): { url: URL; permitted: boolean } {
  const length = String(text).length;
  if (length > 2048) throw refused("url", `address of ${length} characters`);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refused("url", "not an address");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") throw refused("scheme", `scheme ${url.protocol}`, url);
  if (url.username || url.password) throw refused("credentials", "credentials in the address", url);
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
  const permitted = allow.permitsHost(url.hostname, port);
  if (!permitted && !WEB_PORTS.has(port) && !allow.permitsAddress(bareHost(url))) {
    throw refused("port", `port ${port} is not one of the web`, url);
  }
  return { url, permitted };
}

/** @throws CertsError FETCH_REFUSED when one of the addresses is not public and not permitted */
export function checkAddresses(url: URL, addresses: readonly string[], allow: AllowList): void {
  for (const address of addresses) {
    if (!isPublicAddress(address) && !allow.permitsAddress(address)) {
      throw refused("address", `${url.hostname} leads to ${address}, which is not public`, url);
    }
  }
}

/** Host without the brackets of an IPv6 literal. */
export const bareHost = (url: URL): string => url.hostname.replace(/^\[|\]$/g, "");

export function refused(reason: string, message: string, url?: URL): CertsError {
  return new CertsError("FETCH_REFUSED", message, { details: { reason, ...(url ? { host: url.host } : {}) } });
}
