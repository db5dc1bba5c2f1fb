import { X509Certificate } from "node:crypto";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { generateKey, runCommandLoop, signingKey, startDevPki } from "./index.ts";

it("drives a dev PKI by lines: issue, faults, revoke, and ends it with its input", async () => {
  const pki = await startDevPki({ keyBits: 2048 });
  const [input, output] = [new PassThrough(), new PassThrough()];
  const lines = createInterface({ input: output })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value as string) as Record<string, unknown>;
  const ask = (command: unknown) => {
    input.write(`${typeof command === "string" ? command : JSON.stringify(command)}\n`);
    return next();
  };
  const done = runCommandLoop(pki, input, output);
  const ready = await next();
  expect(ready).toMatchObject({ ready: true, baseUrl: pki.baseUrl, tsaUrl: `${pki.baseUrl}/tsa` });
  const spki = Buffer.from(signingKey(await generateKey("ec-p256")).spki).toString("base64");
  const issued = await ask({ id: 1, issue: { spki, subject: { commonName: "Giáo viên" } } });
  const certificate = new X509Certificate(Buffer.from(issued.certificate as string, "base64"));
  expect(certificate.verify(new X509Certificate(Buffer.from(ready.issuing as string, "base64")).publicKey)).toBe(true);
  expect(await ask({ id: 2, faults: { crl: { http500: true } } })).toEqual({ id: 2, ok: true });
  expect((await fetch(`${pki.baseUrl}/crl/issuing.crl`)).status).toBe(500);
  expect(await ask({ id: 3, faults: { crl: {} }, revoke: { serial: certificate.serialNumber } })).toEqual({
    id: 3,
    ok: true,
  });
  const crl = Buffer.from(await (await fetch(`${pki.baseUrl}/crl/issuing.crl`)).arrayBuffer());
  expect(crl.includes(Buffer.from(certificate.serialNumber, "hex"))).toBe(true);
  expect(await ask({ id: 4, faults: { smtp: {} } })).toMatchObject({ id: 4, ok: false });
  expect(await ask("{")).toMatchObject({ ok: false });
  input.end();
  await done;
  await expect(fetch(pki.baseUrl)).rejects.toThrow();
});
