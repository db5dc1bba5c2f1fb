import { equalBytes } from "../der/values.ts";
import type { GeneralName } from "../x509/general-name.ts";

const HOST_LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/i;

/** True for a host name as RFC 1034 §3.5 has it (underscores, seen in practice, let through); `*` may be the first label. */
export function isDnsName(text: string, wildcard: boolean): boolean {
  if (text.length === 0 || text.length > 253) return false;
  const labels = text.split(".");
  return labels.every((label, i) => (wildcard && i === 0 && label === "*") || HOST_LABEL.test(label));
}

/** Local part and host of a mailbox (RFC 5321, without quoting games): exactly one at-sign, neither side empty. */
export function splitMailbox(text: string): { local: string; host: string } | null {
  const at = text.lastIndexOf("@");
  if (at < 1 || at === text.length - 1) return null;
  const local = text.slice(0, at);
  if (local.includes("@") && !/^".*"$/.test(local)) return null;
  return { local, host: text.slice(at + 1).toLowerCase() };
}

/** True when `host` is `domain` or a name under it. */
const hostWithin = (host: string, domain: string): boolean => host === domain || host.endsWith(`.${domain}`);

/** Can the base of a GeneralSubtree be used at all? (RFC 5280 §4.2.1.10 gives each form its shape.) */
export function isSubtreeBase(base: GeneralName): boolean {
  switch (base.type) {
    case "dNSName":
      // A leading period is no host name, yet widely written to mean "below": read so, and named by the profile rules.
      return base.text === "" || isDnsName(base.text.replace(/^\./, ""), false);
    case "rfc822Name": {
      if (base.text.includes("@")) return splitMailbox(base.text) !== null;
      return base.text === "" || isDnsName(base.text.replace(/^\./, ""), false);
    }
    case "uniformResourceIdentifier":
      return base.text === "" || isDnsName(base.text.replace(/^\./, ""), false);
    case "iPAddress":
      return (base.octets.length === 8 || base.octets.length === 32) && isPrefixMask(base.octets);
    default:
      return true;
  }
}

/** The mask half must be ones, then zeros (RFC 4632, which §4.2.1.10 names for the encoding). */
function isPrefixMask(octets: Uint8Array): boolean {
  let ended = false;
  for (const octet of octets.subarray(octets.length / 2)) {
    for (let bit = 0x80; bit > 0; bit >>= 1) {
      const set = (octet & bit) !== 0;
      if (set && ended) return false;
      if (!set) ended = true;
    }
  }
  return true;
}

/** What comparing a name with a subtree gives: `cannot-tell` makes the path invalid (RFC 5280 §4.2.1.10). */
export type SubtreeMatch = "inside" | "outside" | "cannot-tell";

/**
 * Compares a name with the base of a subtree of the same form.
 * @param excluding for excluded subtrees a name counts as inside when any name it stands for is: wildcards
 */
export function matchSubtree(name: GeneralName, base: GeneralName, excluding: boolean): SubtreeMatch {
  const answer = (inside: boolean): SubtreeMatch => (inside ? "inside" : "outside");
  if (name.type === "directoryName" && base.type === "directoryName") return answer(name.name.isWithin(base.name));
  if (name.type === "dNSName" && base.type === "dNSName") {
    if (!isDnsName(name.text, true)) return "cannot-tell";
    return answer(dnsWithin(name.text.toLowerCase(), base.text.toLowerCase(), excluding));
  }
  if (name.type === "rfc822Name" && base.type === "rfc822Name") return matchMailbox(name.text, base.text);
  if (name.type === "uniformResourceIdentifier" && base.type === "uniformResourceIdentifier") {
    const host = hostOfUri(name.text);
    return host === null ? "cannot-tell" : answer(matchHost(host, base.text.toLowerCase()));
  }
  if (name.type === "iPAddress" && base.type === "iPAddress") return matchAddress(name.octets, base.octets);
  if (name.type === "otherName" && base.type === "otherName") {
    // The form of the value belongs to its type: equal values match, other values of the same type nobody can judge.
    if (name.oid !== base.oid) return "outside";
    return equalBytes(name.value.raw, base.value.raw) ? "inside" : "cannot-tell";
  }
  if (name.type === "registeredID" && base.type === "registeredID") {
    return answer(name.oid === base.oid || name.oid.startsWith(`${base.oid}.`));
  }
  return "cannot-tell";
}

function dnsWithin(name: string, base: string, excluding: boolean): boolean {
  if (base === "") return true;
  if (base.startsWith(".") ? name.endsWith(base) : hostWithin(name, base)) return true;
  // `*.example.com` stands for `bar.example.com` too, so excluding the latter excludes the former.
  return excluding && name.startsWith("*.") && hostWithin(base.replace(/^\./, ""), name.slice(2));
}

function matchMailbox(text: string, base: string): SubtreeMatch {
  const mailbox = splitMailbox(text);
  if (!mailbox) return "cannot-tell";
  const particular = base.includes("@") ? splitMailbox(base) : null;
  if (particular) return particular.local === mailbox.local && particular.host === mailbox.host ? "inside" : "outside";
  return matchHost(mailbox.host, base.toLowerCase()) ? "inside" : "outside";
}

/** With a leading period any host below, else this very host. */
function matchHost(host: string, base: string): boolean {
  if (base === "") return true;
  return base.startsWith(".") ? host.endsWith(base) && host.length > base.length : host === base;
}

/** Host of a URI that has an authority with a host name; null for all others, which no constraint can judge. */
function hostOfUri(uri: string): string | null {
  const m = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#:[\]]+)(?::\d*)?(?:[/?#]|$)/i.exec(uri);
  const host = m?.[1]?.toLowerCase() ?? null;
  return host === null || !isDnsName(host, false) || /^[\d.]+$/.test(host) ? null : host;
}

function matchAddress(address: Uint8Array, base: Uint8Array): SubtreeMatch {
  if (address.length !== 4 && address.length !== 16) return "cannot-tell";
  if (base.length !== 2 * address.length) return "outside";
  for (let i = 0; i < address.length; i++) {
    const mask = base[address.length + i]!;
    if ((address[i]! & mask) !== (base[i]! & mask)) return "outside";
  }
  return "inside";
}
