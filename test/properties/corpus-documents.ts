import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sharedPath } from "../shared-material.ts";

/** A signed file to be verified, with its content where that lies beside it. */
export interface SignedDocument {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly detached?: Uint8Array;
}

interface Entry {
  file: string;
  role?: string;
  expected?: { tests?: { detached?: string[] }[] };
}

const CORPORA = ["dss-pades", "dss-xades", "dss-cades", "pyhanko-pdf", "pdf-attacks"];

/** The signed documents of every corpus at hand, Vietnam's among them, in the same order everywhere. */
export function corpusDocuments(): SignedDocument[] {
  return [...CORPORA.flatMap((name) => fromManifest(name)), ...vietnamese()];
}

function fromManifest(name: string): SignedDocument[] {
  const folder = sharedPath(`corpora/${name}`);
  if (!folder) return [];
  const entries = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as Entry[];
  return entries
    .filter((e) => e.role !== "detached content")
    .map(({ file, expected }) => {
      const content = (expected?.tests ?? [])
        .flatMap((t) => t.detached ?? [])
        .map((path) => join(folder, path))
        .find(existsSync);
      return {
        name: `${name}/${file}`,
        bytes: octets(join(folder, file)),
        ...(content ? { detached: octets(content) } : {}),
      };
    });
}

function vietnamese(): SignedDocument[] {
  const folder = sharedPath("vietnam/signed");
  if (!folder) return [];
  return readdirSync(folder)
    .sort()
    .map((file) => ({ name: `vietnam/${file}`, bytes: octets(join(folder, file)) }));
}

/** Certificates of the Vietnamese hierarchies, DER or PEM; `roots` are those to trust. */
export function vietnameseCertificates(): { roots: Uint8Array[]; all: Uint8Array[] } {
  const folder = sharedPath("vietnam/certs");
  if (!folder) return { roots: [], all: [] };
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((f) => /\.(pem|crt|cer)$/.test(f))
    .sort();
  const read = (f: string) => octets(join(folder, f));
  return { roots: names.filter((f) => /root/i.test(f)).map(read), all: names.map(read) };
}

const octets = (path: string): Uint8Array => new Uint8Array(readFileSync(path));
