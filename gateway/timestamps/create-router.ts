import { nodeCrypto } from "@hocba/certs/crypto/node";
import type { Config } from "../config/index.ts";
import type { Metrics } from "../observability/index.ts";
import type { TrustTsa } from "./check-token.ts";
import { httpTransport } from "./http-exchange.ts";
import { type StampPatience, stampPatience } from "./stamp-patience.ts";
import { TimestampEndpoint } from "./timestamp-endpoint.ts";
import { type TimestampRouter, timestampRouter } from "./timestamp-router.ts";

/** The router of the configuration, over HTTP, measuring latency and skew. */
export function createTimestampRouter(
  config: Config["timestamps"],
  deps: { trust: TrustTsa; clock: () => number; metrics?: Pick<Metrics, "tsaSeconds" | "tsaSkewSeconds"> },
): { router: TimestampRouter; patience: StampPatience; close(): void } {
  const transports = config.endpoints.map(({ url, concurrency }) => httpTransport(url, concurrency));
  const endpoints = config.endpoints.map(
    (endpoint, i) =>
      new TimestampEndpoint({
        ...endpoint,
        transport: transports[i]!,
        clockToleranceMs: config.clockToleranceMs,
        breaker: { failures: config.breakerFailures, restMs: config.breakerRestMs },
        crypto: nodeCrypto,
        trust: deps.trust,
        clock: deps.clock,
        onResult: ({ endpoint: name, ms, outcome, skewMs }) => {
          deps.metrics?.tsaSeconds.observe({ endpoint: name, outcome }, ms / 1000);
          if (skewMs !== null) deps.metrics?.tsaSkewSeconds.set({ endpoint: name }, skewMs / 1000);
        },
      }),
  );
  const router = timestampRouter(endpoints, config.hedgeAfterMs);
  const { patienceMs, breakerFailures: failures, breakerRestMs: restMs } = config;
  return {
    router,
    patience: stampPatience(router, { patienceMs, failures, restMs, clock: deps.clock }),
    close: () => {
      for (const transport of transports) transport.close();
    },
  };
}
