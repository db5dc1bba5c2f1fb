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

/** One household or school has a whole /64 of IPv6. */
function prefixOf(address: string): string {
  if (!address.includes(":") || address.includes(".")) return address;
  return address.split(":").slice(0, 4).join(":");
}
