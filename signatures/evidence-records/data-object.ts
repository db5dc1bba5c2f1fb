import type { CryptoProvider, DigestAlgorithm } from "@hocba/certs/crypto";
import { SignaturesError } from "../errors.ts";
import type { C14nMethod } from "../xml/c14n-methods.ts";
import { canonicalize } from "../xml/canonicalize.ts";
import { subtree } from "../xml/node-set.ts";
import { parseXml } from "../xml/parse-xml.ts";

/** One archived data object, or what is known of it. */
export interface DataObject {
  /**
   * Its digests under one algorithm; several where the data have more than one admissible form (XML as it stands and canonical,
   * BER and DER). Empty when it cannot be known.
   */
  digests(algorithm: DigestAlgorithm, canonicalization: C14nMethod | null): readonly Uint8Array[];
}

/** A data object whose octets are at hand, in one or more admissible forms, each in pieces. */
export function dataObject(crypto: CryptoProvider, ...forms: readonly (readonly Uint8Array[])[]): DataObject {
  return remembering((algorithm) => forms.map((chunks) => crypto.digest(algorithm, ...chunks)));
}

/**
 * A file. An XML evidence record digests XML data in canonical form (RFC 6283 §3.2.1); writers exist that digest the octets as
 * they stand, which proves no less.
 */
export function fileObject(crypto: CryptoProvider, bytes: Uint8Array): DataObject {
  return remembering((algorithm, method) => {
    const canonical = method && canonicalForm(bytes, method);
    const plain = crypto.digest(algorithm, bytes);
    return canonical ? [crypto.digest(algorithm, canonical), plain] : [plain];
  });
}

/** A data object that works out each digest once: a record may ask for it in every chain. */
export function remembering(digests: DataObject["digests"]): DataObject {
  const known = new Map<string, readonly Uint8Array[]>();
  return {
    digests: (algorithm, method) => {
      const name = `${algorithm} ${method ? JSON.stringify(method) : ""}`;
      const found = known.get(name) ?? digests(algorithm, method);
      known.set(name, found);
      return found;
    },
  };
}

/** A data object known by its digests alone. */
export function digestedObject(digests: Partial<Readonly<Record<DigestAlgorithm, Uint8Array>>>): DataObject {
  return {
    digests: (algorithm) => {
      const known = digests[algorithm];
      return known ? [known] : [];
    },
  };
}

function canonicalForm(bytes: Uint8Array, method: C14nMethod): Uint8Array | null {
  if (!bytes.subarray(0, 256).includes(0x3c)) return null;
  try {
    return canonicalize(subtree(parseXml(bytes).root.parent, true), method);
  } catch (error) {
    // Not XML, or XML that we do not read: its octets are what can be compared.
    if (error instanceof SignaturesError) return null;
    throw error;
  }
}
