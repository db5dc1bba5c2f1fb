import { z } from "zod";

const path = z.string().min(1);
const milliseconds = z.number().int().positive();
const bytes = z.number().int().positive();
const url = z.url({ protocol: /^https?$/ });

const tsaEndpoint = z.strictObject({
  /** Name in logs and metrics. */
  name: z.string().regex(/^[a-z0-9-]{1,40}$/),
  url,
  /** How long one answer may take. Measured on the official service: 2 to 131 seconds. */
  timeoutMs: milliseconds.default(30_000),
  /** Requests under way at once. */
  concurrency: z.number().int().min(1).max(256).default(4),
  /** OID the token must carry; null takes any. */
  policy: z
    .string()
    .regex(/^[0-2](\.\d+)+$/)
    .nullable()
    .default(null),
});

/** Everything an operator can set. Each key has a default that is safe, or the program says that it is missing. */
export const configSchema = z.strictObject({
  /** Where the ledger, documents and the gateway's own key live. */
  dataDir: path,
  listen: z
    .strictObject({ host: z.string().default("127.0.0.1"), port: z.number().int().min(0).max(65535).default(8080) })
    .prefault({}),
  /** Address under which people reach the portal, for links; null: as the request came. */
  publicUrl: url.nullable().default(null),
  /** A reverse proxy in front names the caller in X-Forwarded-For. Only then is that header believed. */
  trustProxy: z.boolean().default(false),
  redis: z
    .strictObject({
      /** redis://, rediss:// or the path of a Unix socket. */
      url: z.string().default("redis://127.0.0.1:6379"),
      prefix: z
        .string()
        .regex(/^[a-z0-9:_-]{1,40}$/i)
        .default("hocba"),
    })
    .prefault({}),
  tokenHost: z
    .strictObject({
      /** Unix socket of the process that owns the PKCS #11 module; null: this gateway signs with no HSM. */
      socket: path.nullable().default(null),
    })
    .prefault({}),
  profiles: z
    .strictObject({
      /** Folder of the operator's own profiles (*.json), beside those shipped. */
      path: path.nullable().default(null),
      /** Folder of PNG images of signatures and seals, for profiles that show them. */
      images: path.nullable().default(null),
    })
    .prefault({}),
  timestamps: z
    .strictObject({
      /** Asked in this order; the next when one fails. Empty: no step of level T can be done. */
      endpoints: z.array(tsaEndpoint).max(16).default([]),
      /** A token whose genTime is further from our own clock is thrown away. */
      clockToleranceMs: milliseconds.default(60_000),
      /** Without an answer for so long, the next endpoint is asked beside the first; 0: only after a failure. */
      hedgeAfterMs: z.number().int().min(0).default(3_000),
      /** The endpoint rests for so long after `breakerFailures` failures in a row. */
      breakerRestMs: milliseconds.default(30_000),
      breakerFailures: z.number().int().min(1).default(5),
      /**
       * How long signing waits for the stamps of a document. Then it goes on, and the document is issued at level B and raised
       * when its stamp comes, unless its profile says `"lateStamps": "wait"`.
       */
      patienceMs: milliseconds.default(10_000),
      /** Late stamps, beside the signing: how many documents at once, how often is looked for them, and the rests between tries in vain. */
      raising: z
        .strictObject({
          concurrency: z.number().int().min(1).max(64).default(2),
          everyMs: milliseconds.default(2_000),
          retryInitialMs: milliseconds.default(5_000),
          retryMaxMs: milliseconds.default(60_000),
        })
        .prefault({}),
    })
    .prefault({}),
  extension: z
    .strictObject({
      /** A document of a profile with level LT or LTA is renewed so many days before its newest time stamp runs out. */
      renewBeforeDays: z.number().int().min(1).max(3650).default(90),
      everyMs: milliseconds.default(3_600_000),
      /** First wait after a failed renewal; doubled each time, a day at most. */
      retryMs: milliseconds.default(600_000),
      concurrency: z.number().int().min(1).max(64).default(2),
    })
    .prefault({}),
  evidenceRecords: z
    .strictObject({
      /** Documents of these profiles get an evidence record (RFC 4998), many by one time stamp; "all": of every profile. */
      profiles: z.union([z.literal("all"), z.array(z.string().min(1)).max(500)]).default([]),
      /** A window is stamped when it holds so many documents, or so long after its first one came. */
      window: z
        .strictObject({
          documents: z.number().int().min(1).max(10_000).default(10_000),
          seconds: z.number().int().positive().default(3_600),
        })
        .prefault({}),
      everyMs: milliseconds.default(1_000),
      /** First wait after a failed time stamp; doubled each time, an hour at most. */
      retryMs: milliseconds.default(10_000),
      /** After so long another gateway may take up what this one has begun. */
      leaseMs: milliseconds.default(180_000),
    })
    .prefault({}),
  trust: z
    .strictObject({
      /** Files or folders of trust anchors (PEM or DER). */
      anchors: z.array(path).default([]),
      /** Further CA certificates for building paths; not trusted by themselves. */
      certificates: z.array(path).default([]),
      /** Hosts (name or address, with or without :port) that may be asked for CRL, OCSP and AIA though their address is private. */
      allowedHosts: z.array(z.string().min(1)).default([]),
    })
    .prefault({}),
  verification: z
    .strictObject({
      policy: z.enum(["vn-official", "etsi-baseline"]).default("vn-official"),
      /** Fetch CRLs, OCSP answers and issuers that a document names. */
      online: z.boolean().default(true),
      /** Requests a minute from one address to the public endpoint. */
      perMinute: z.number().int().positive().default(60),
      /** Verifications at once; further ones are told to come again. */
      concurrency: z.number().int().positive().default(4),
      /** How long one public verification may take, fetching included; then it is stopped without a verdict. */
      timeoutMs: milliseconds.default(60_000),
      maxBytes: bytes.default(50 * 1024 * 1024),
    })
    .prefault({}),
  limits: z
    .strictObject({
      documentBytes: bytes.default(20 * 1024 * 1024),
      batchItems: z.number().int().positive().default(10_000),
      batchBytes: bytes.default(2 * 1024 * 1024 * 1024),
      /** Unfinished documents; above it the gateway answers 429 until some are done. */
      unfinished: z.number().int().positive().default(1_000_000),
      /** The same for one school, so that none takes up the room of all. */
      unfinishedPerSchool: z.number().int().positive().default(100_000),
      /** Octets of request bodies held in memory at once; above it the gateway answers 429. */
      bytesInFlight: bytes.default(256 * 1024 * 1024),
      /** Octets of documents beyond 1 MiB that one process works on at once; others wait. A document larger than all of it goes alone. */
      bytesInWork: bytes.default(192 * 1024 * 1024),
    })
    .prefault({}),
  webhooks: z
    .strictObject({
      /** Hosts (name or address, with or without :port) that may be told by plain http, or though their address is private. */
      allowedHosts: z.array(z.string().min(1)).default([]),
      perSchool: z.number().int().positive().default(10),
      timeoutMs: milliseconds.default(15_000),
      /** Attempts under way at once. */
      concurrency: z.number().int().min(1).max(256).default(16),
      /** Rests between attempts; after the last one it is kept as dead until it is replayed. */
      retrySeconds: z
        .array(z.number().positive())
        .max(32)
        .default([5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]),
      /** Rest between two looks at the audit log. */
      pollMs: milliseconds.default(1_000),
      /** How long what was delivered stays in the list. */
      keepDays: z.number().int().positive().default(30),
    })
    .prefault({}),
  worker: z
    .strictObject({
      /** Documents in work at once in one worker process. */
      concurrency: z.number().int().min(1).max(512).default(32),
      /** First and longest wait before another try. */
      retryInitialMs: milliseconds.default(1_000),
      retryMaxMs: milliseconds.default(300_000),
      /** Tries of one state of a document before it is given up as failed. */
      maxAttempts: z.number().int().positive().default(300),
      reconcileEveryMs: milliseconds.default(60_000),
      /** Where a worker answers /metrics and /healthz; port 0 takes any, null none. */
      metrics: z
        .strictObject({ host: z.string().default("127.0.0.1"), port: z.number().int().min(0).max(65535) })
        .nullable()
        .default(null),
      /** After so long without a sign of life from a worker, others take up its documents. */
      lockMs: milliseconds.default(10_000),
    })
    .prefault({}),
  portal: z
    .strictObject({
      /** Folder of the built portal; null: the one shipped beside the gateway, if it was built. */
      path: path.nullable().default(null),
    })
    .prefault({}),
  log: z
    .strictObject({ level: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info") })
    .prefault({}),
});

export type Config = z.output<typeof configSchema>;
export type ConfigInput = z.input<typeof configSchema>;
