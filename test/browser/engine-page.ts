import type { PolicyName } from "@hocba/signatures/verify";
import { type Engine, makeEngine } from "./make-engine.ts";

/** Runs in the page: loads what the engine verifies with from the server, then verifies documents by their number. */
export interface PageEngine {
  verify(index: number, name: string, detached: boolean, policy: PolicyName): Promise<string>;
}

declare global {
  interface Window {
    engine: PageEngine;
  }
}

const octets = async (path: string) => new Uint8Array(await (await fetch(path)).arrayBuffer());

async function load(): Promise<Engine> {
  const { time, ...counts } = (await (await fetch("/material")).json()) as Record<string, number>;
  const list = (name: string) =>
    Promise.all(Array.from({ length: counts[name] ?? 0 }, (_, i) => octets(`/${name}/${i}`)));
  const [roots, certificates, crls] = await Promise.all([list("roots"), list("certificates"), list("crls")]);
  return makeEngine({ roots, certificates, crls, time: time! });
}

const loaded = load();

window.engine = {
  verify: async (index, name, detached, policy) => {
    const engine = await loaded;
    const bytes = await octets(`/documents/${index}`);
    return engine({ name, bytes, ...(detached ? { detached: await octets(`/detached/${index}`) } : {}) }, policy);
  },
};
