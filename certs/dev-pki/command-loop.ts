import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { DevPki, IssueRequest } from "./contract.ts";
import type { RevocationReason } from "./crl.ts";
import type { FaultsByService } from "./faults.ts";

/** One line of input, JSON. Octets are base64; dates ISO 8601. */
export interface DevPkiCommand {
  /** Returned with the answer. */
  id?: number | string;
  /** Sets the faults of the services named; `{}` mends one. */
  faults?: Partial<FaultsByService>;
  revoke?: { serial: string; reason?: RevocationReason; when?: string };
  issue?: {
    /** SubjectPublicKeyInfo or PKCS #10 request. */
    spki?: string;
    csr?: string;
    subject: IssueRequest["subject"];
    kind?: "person" | "seal";
  };
}

/**
 * Drives a dev PKI in a process of its own: the first line of output is `{"ready":true,"baseUrl":…,"tsaUrl":…,"root":…,
 * "issuing":…}` with certificates in base64, then one line answers each line of input, `{"id":…,"ok":true,…}` or
 * `{"id":…,"ok":false,"error":…}`. Ends the PKI when the input ends, so that it never outlives who started it.
 */
export async function runCommandLoop(pki: DevPki, input: Readable, output: Writable): Promise<void> {
  const say = (line: Record<string, unknown>) => output.write(`${JSON.stringify(line)}\n`);
  const base64 = (der: Uint8Array) => Buffer.from(der).toString("base64");
  say({
    ready: true,
    baseUrl: pki.baseUrl,
    tsaUrl: pki.tsa.url,
    root: base64(pki.root.certificate),
    issuing: base64(pki.issuing.certificate),
    tsa: base64(pki.tsa.certificate),
  });
  for await (const line of createInterface({ input })) {
    if (line.trim() === "") continue;
    let id: DevPkiCommand["id"];
    try {
      const command = JSON.parse(line) as DevPkiCommand;
      id = command.id;
      say({ id, ok: true, ...(await execute(pki, command, base64)) });
    } catch (error) {
      say({ id, ok: false, error: error instanceof Error ? error.message : String(error) });
    }
  }
  await pki.close();
}

async function execute(
  pki: DevPki,
  command: DevPkiCommand,
  base64: (der: Uint8Array) => string,
): Promise<Record<string, unknown>> {
  if (command.faults) Object.assign(pki.faults, pick(command.faults));
  if (command.revoke) {
    const { serial, reason, when } = command.revoke;
    pki.revoke(serial, reason, when === undefined ? undefined : new Date(when));
  }
  if (!command.issue) return {};
  const { spki, csr, subject, kind } = command.issue;
  const certificate = await pki.issue({
    subject,
    ...(kind ? { kind } : {}),
    ...(spki ? { publicKeySpki: new Uint8Array(Buffer.from(spki, "base64")) } : {}),
    ...(csr ? { csr: new Uint8Array(Buffer.from(csr, "base64")) } : {}),
  });
  return { certificate: base64(certificate) };
}

function pick(faults: Partial<FaultsByService>): Partial<FaultsByService> {
  const known = new Set(["tsa", "ocsp", "crl", "crt"]);
  const unknown = Object.keys(faults).filter((name) => !known.has(name));
  if (unknown.length > 0) throw new Error(`no such service: ${unknown.join(", ")}`);
  return faults;
}
