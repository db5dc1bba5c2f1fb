import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { EngineDocument, EngineMaterial } from "./make-engine.ts";

export interface EngineServer {
  readonly address: string;
  close(): Promise<void>;
}

/** Serves the bundled engine, its material and the documents to a page on loopback. */
export async function serveEngine(
  bundlePath: string,
  material: EngineMaterial,
  documents: readonly EngineDocument[],
): Promise<EngineServer> {
  const binary: Record<string, readonly Uint8Array[]> = {
    roots: material.roots,
    certificates: material.certificates,
    crls: material.crls,
    documents: documents.map((d) => d.bytes),
    detached: documents.map((d) => d.detached ?? new Uint8Array(0)),
  };
  const server = createServer((request, response) => {
    const [, folder, number] = (request.url ?? "").split("/");
    if (folder === "bundle.mjs") {
      response.setHeader("content-type", "text/javascript").end(readFileSync(bundlePath));
    } else if (folder === "") {
      response
        .setHeader("content-type", "text/html")
        .end('<!doctype html><title>engine</title><script type="module" src="/bundle.mjs"></script>');
    } else if (folder === "material") {
      const { roots, certificates, crls, time } = material;
      const counts = { roots: roots.length, certificates: certificates.length, crls: crls.length, time };
      response.setHeader("content-type", "application/json").end(JSON.stringify(counts));
    } else {
      const bytes = binary[folder!]?.[Number(number)];
      if (bytes) response.end(bytes);
      else response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
