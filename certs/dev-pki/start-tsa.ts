import { Faults, type TsaFaults } from "./faults.ts";
import { serve } from "./http-service.ts";
import { tsaService } from "./services.ts";
import { TimestampAuthority, type TimestampAuthorityOptions } from "./timestamp-authority.ts";

export interface StartTsaOptions extends Omit<TimestampAuthorityOptions, "clock"> {
  clock?: () => Date;
  host?: string;
  port?: number;
  /** In force from the first request on. */
  faults?: TsaFaults;
}

export interface RunningTsa {
  url: string;
  /** DER. */
  certificate: Uint8Array;
  policy: string;
  /** `tsa.faults.tsa = { latencyMs: 131_000 }` */
  faults: Faults;
  close(): Promise<void>;
}

/** Serves one time stamp authority on a loopback port of its own, so that several endpoints can run side by side. */
export async function startTsa(options: StartTsaOptions): Promise<RunningTsa> {
  const faults = new Faults();
  if (options.faults) faults.tsa = options.faults;
  const authority = new TimestampAuthority({ ...options, clock: options.clock ?? (() => new Date()) });
  const host = options.host ?? "127.0.0.1";
  const server = await serve({ host, port: options.port ?? 0, faults }, [tsaService(authority)]);
  return {
    url: `http://${host}:${server.port}/tsa`,
    certificate: options.certificate,
    policy: options.policy,
    faults,
    close: server.close,
  };
}
