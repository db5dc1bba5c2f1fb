import { isIPv6 } from "node:net";
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context } from "hono";

/** The address a request comes from. X-Forwarded-For counts only behind the operator's own proxy: its last entry is the proxy's word. */
export function callerAddress(context: Context, trustProxy: boolean): string {
  if (trustProxy) {
    const forwarded = context.req.header("x-forwarded-for")?.split(",").at(-1)?.trim();
    if (forwarded) return prefixOf(forwarded);
  }
  // In-process requests have no connection.
  const incoming = (context.env as { incoming?: unknown } | undefined)?.incoming;
  return incoming === undefined ? "local" : prefixOf(getConnInfo(context).remote.address ?? "unknown");
}

/** One household or school has a whole /64 of IPv6, and may write its addresses with zeros left out in any place. */
export function prefixOf(address: string): string {
  const [plain = ""] = address.toLowerCase().split("%");
  if (!isIPv6(plain)) return plain.slice(0, LONGEST_ADDRESS);
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain);
  if (mapped) return mapped[1]!;
  const [head = "", tail] = plain.split("::");
  const groups = (text: string | undefined) => (text ? text.split(":") : []);
  const first = groups(head);
  const missing = tail === undefined ? 0 : 8 - first.length - groups(tail).length;
  const all = [...first, ...Array<string>(Math.max(0, missing)).fill("0"), ...groups(tail)];
  return all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}

/** What is no address, a proxy's word at fault, must not fill the memory of callers. */
const LONGEST_ADDRESS = 64;
