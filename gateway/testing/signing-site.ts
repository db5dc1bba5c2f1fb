import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DevPki, startDevPki } from "@hocba/certs/dev-pki";
import type { Signer } from "@hocba/hsm-adapters";
import { Pkcs11Signer } from "@hocba/hsm-adapters/pkcs11";
import { mintApiKey } from "../access/index.ts";
import { type Config, type ConfigInput, parseConfig } from "../config/index.ts";
import { createGateway, type Gateway } from "../create-gateway.ts";
import { createWorker, type SigningWorker } from "../create-worker.ts";
import { DEMO_TOKEN, enrolStaff } from "../demo/demo-signers.ts";
import { makeClass, type SampleClass } from "../demo/sample-class/index.ts";
import { type Ledger, openSqliteLedger } from "../ledger/index.ts";
import { createLogger } from "../observability/index.ts";
import type { SharedDeps } from "../open-parts.ts";
import { type BlobStore, openFileStore } from "../store/index.ts";
import { type RedisServer, startRedisServer } from "./redis-server.ts";

/** Everything a signing test stands on, all of it real: PKI over HTTP, SoftHSM token, Redis, ledger and store on disk. */
export interface SigningSite {
  readonly root: string;
  readonly pki: DevPki;
  readonly sample: SampleClass;
  readonly redis: RedisServer;
  readonly ledger: Ledger;
  readonly store: BlobStore;
  readonly signer: Signer;
  /** Secret of a key for the sample's school. */
  readonly apiKey: string;
  config(changes?: Partial<ConfigInput>): Config;
  gateway(changes?: Partial<ConfigInput>, deps?: SharedDeps): Promise<Gateway>;
  worker(changes?: Partial<ConfigInput>, deps?: SharedDeps): Promise<SigningWorker>;
  /** Stops gateways and workers made since the last call. */
  stopParts(): Promise<void>;
  close(): Promise<void>;
}

/** Keys are made anew: this takes some seconds. */
export async function startSigningSite(options: { pupils?: number } = {}): Promise<SigningSite> {
  const root = mkdtempSync(join(tmpdir(), "hb-"));
  const [pki, redis] = await Promise.all([startDevPki({ keyBits: 2048 }), startRedisServer(join(root, "redis"))]);
  const ledger = openSqliteLedger({ path: join(root, "ledger.sqlite"), clock: Date.now });
  const store = await openFileStore(join(root, "documents"));
  const sample = makeClass({ pupils: options.pupils ?? 2 });
  const { token, pinFile } = await enrolStaff(sample, pki, ledger, root);
  process.env.SOFTHSM2_CONF = token.env.SOFTHSM2_CONF;
  const signer = new Pkcs11Signer([token.tokenConfig(DEMO_TOKEN, { pinFile, sessions: 4 })], { stateDirectory: root });
  const { secret } = await mintApiKey(ledger, {
    school: sample.school.code,
    scopes: ["documents:write", "documents:read"],
    label: "test",
    actor: "test",
    now: Date.now(),
  });
  const anchor = join(root, "anchor.crt");
  writeFileSync(anchor, pki.root.certificate);
  const parts: { stop(): Promise<void> }[] = [];
  const shared = {
    ledger,
    store,
    signer,
    log: createLogger({ log: { level: process.env.HOCBA_TEST_LOG === "1" ? "debug" : "silent" } }, "test"),
  };

  const config = (changes: Partial<ConfigInput> = {}) =>
    parseConfig({
      dataDir: root,
      listen: { port: 0 },
      redis: { url: redis.url },
      timestamps: {
        endpoints: [{ name: "dev", url: pki.tsa.url, concurrency: 8, timeoutMs: 2000 }],
        patienceMs: 30_000,
      },
      trust: { anchors: [anchor], allowedHosts: [new URL(pki.baseUrl).host] },
      worker: { retryInitialMs: 50, retryMaxMs: 200, concurrency: 8 },
      ...changes,
    });
  const track = async <T extends { stop(): Promise<void> }>(part: Promise<T>): Promise<T> => {
    parts.push(await part);
    return part;
  };
  const site: SigningSite = {
    root,
    pki,
    sample,
    redis,
    ledger,
    store,
    signer,
    apiKey: secret,
    config,
    gateway: (changes, deps) => track(createGateway(config(changes), { ...shared, ...deps })),
    worker: (changes, deps) => track(createWorker(config(changes), { ...shared, ...deps })),
    async stopParts() {
      for (const part of parts.splice(0).reverse()) await part.stop();
    },
    async close() {
      await site.stopParts();
      await signer.close();
      await store.close();
      await ledger.close();
      await redis.stop();
      await pki.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
  return site;
}
