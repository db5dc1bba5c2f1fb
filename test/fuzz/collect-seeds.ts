import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { corpusDocuments, type SignedDocument, vietnameseCertificates } from "../properties/corpus-documents.ts";
import { freshDocuments } from "../properties/fresh-documents.ts";
import { sharedPath } from "../shared-material.ts";
import type { SeedList } from "./fuzz-child.ts";
import type { SeedKind } from "./targets.ts";

/** Larger seeds cost time without showing more. */
const LARGEST = 160 * 1024;

const OBJECTS = ["dss-tsp-crl", "openssl-cms-tsa", "pyca-vectors", "dss-evidence-record", "openssl-ocsp"];
const XML_VECTORS = ["xmlsec-dsig", "xml-crypto", "santuario"];

/**
 * Gathers what is to be mutated: documents signed now, the signed corpora, the robustness sets and single objects, as far as
 * they are at hand, and writes them with their list into `folder`. @returns path of the list
 */
export async function collectSeeds(folder: string): Promise<{ list: string; count: number }> {
  const fresh = await freshDocuments();
  const documents = [
    ...fresh.documents,
    ...corpusDocuments(),
    ...files("corpora/qpdf-robustness", /\.(pdf|fuzz)$/i),
    ...XML_VECTORS.flatMap((name) => files(`corpora/${name}`, /\.xml$/i)),
  ];
  const objects = [
    ...OBJECTS.flatMap((name) => files(`corpora/${name}`, /\.(der|crt|cer|pem|crl|ors|tsr|tst|tsq|p7[bcs]|xml|ers)$/i)),
    ...fresh.crls.map((bytes, i) => ({ name: `fresh/${i}.crl`, bytes })),
    { name: "fresh/root.crt", bytes: fresh.root },
  ];
  let written = 0;
  const write = (bytes: Uint8Array): string => {
    const path = join(folder, `${written++}`);
    writeFileSync(path, bytes);
    return path;
  };
  const seeds: SeedList["seeds"][number][] = [];
  const add = (document: SignedDocument, kind: SeedKind) => {
    if (document.bytes.length === 0 || document.bytes.length > LARGEST) return;
    const detached = document.detached ? write(document.detached) : null;
    seeds.push({ name: document.name, kind, path: write(document.bytes), detached });
  };
  for (const document of documents) add(document, kindOf(document.bytes));
  for (const object of objects) add(object, "object");
  const list: SeedList = {
    seeds,
    roots: [fresh.root, ...vietnameseCertificates().roots].map(write),
    crls: fresh.crls.map(write),
    time: Date.now(),
  };
  const path = join(folder, "seeds.json");
  writeFileSync(path, JSON.stringify(list));
  return { list: path, count: seeds.length };
}

function kindOf(bytes: Uint8Array): SeedKind {
  const head = Buffer.from(bytes.subarray(0, 1024)).toString("latin1");
  if (head.includes("%PDF-") || head.includes(" obj")) return "pdf";
  return head.trimStart().startsWith("<") || head.startsWith("\xef\xbb\xbf<") ? "xml" : "cms";
}

function files(relative: string, pattern: RegExp): SignedDocument[] {
  const folder = sharedPath(relative);
  if (!folder) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => pattern.test(name) && statSync(join(folder, name)).isFile())
    .sort()
    .map((name) => ({ name: `${relative}/${name}`, bytes: new Uint8Array(readFileSync(join(folder, name))) }));
}
