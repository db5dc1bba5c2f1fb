import { HocbaError } from "@hocba/certs";
import { GatewayError } from "../errors.ts";
import type { Stamp, TimestampEndpoint } from "./timestamp-endpoint.ts";

export interface TimestampRouter {
  /**
   * A checked token over a digest (SHA-256, SHA-384 or SHA-512, told by its length) from the first endpoint that can give one.
   * @throws GatewayError TSA_UNAVAILABLE (retryable), `details.endpoints` telling what each of them said
   */
  stamp(digest: Uint8Array, signal?: AbortSignal): Promise<Stamp>;
  endpoints(): { name: string; state: string }[];
}

/**
 * Asks endpoints in their order: the next at once when one fails, or beside it when it has not answered within
 * `hedgeAfterMs`. The first token that passes all checks wins and the other requests are given up.
 */
export function timestampRouter(endpoints: readonly TimestampEndpoint[], hedgeAfterMs: number): TimestampRouter {
  return {
    endpoints: () => endpoints.map(({ name, state }) => ({ name, state })),
    stamp: (digest, signal) =>
      new Promise<Stamp>((resolve, reject) => {
        const race = new AbortController();
        const all = signal === undefined ? race.signal : AbortSignal.any([race.signal, signal]);
        const said: Record<string, string> = {};
        let next = 0;
        let running = 0;
        let timer: NodeJS.Timeout | undefined;

        const settle = (act: () => void) => {
          clearTimeout(timer);
          act();
          race.abort(new Error("another endpoint was quicker"));
        };
        const start = () => {
          clearTimeout(timer);
          const endpoint = endpoints[next++];
          if (endpoint === undefined) {
            if (running === 0 && !race.signal.aborted) settle(() => reject(unavailable(said)));
            return;
          }
          running++;
          if (hedgeAfterMs > 0 && next < endpoints.length) timer = setTimeout(start, hedgeAfterMs);
          endpoint
            .stamp(digest, all)
            .then((stamp) => {
              if (stamp === null) {
                const why = endpoint.lastFailure === null ? "" : `, the last: ${endpoint.lastFailure}`;
                throw new GatewayError("TSA_UNAVAILABLE", `resting after failures${why}`);
              }
              running--;
              settle(() => resolve(stamp));
            })
            .catch((error: unknown) => {
              running--;
              if (race.signal.aborted) return;
              if (signal?.aborted) return settle(() => reject(signal.reason));
              said[endpoint.name] = error instanceof HocbaError ? `${error.code}: ${error.message}` : "failed";
              start();
            });
        };
        if (endpoints.length === 0) {
          reject(new GatewayError("TSA_UNAVAILABLE", "no time-stamping authority is configured"));
          return;
        }
        start();
      }),
  };
}

function unavailable(said: Record<string, string>): GatewayError {
  return new GatewayError("TSA_UNAVAILABLE", "no endpoint gave a usable time stamp", {
    retryable: true,
    details: { endpoints: said },
  });
}
