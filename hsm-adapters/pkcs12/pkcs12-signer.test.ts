import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeSignerContract, failureOf } from "../contract.test-suite.ts";
import type { Signer } from "../signer.ts";
import { Pkcs12Signer } from "./pkcs12-signer.ts";

const password = "mật khẩu 5731";
let directory: string;
let pinFile: string;

/** A PKCS #12 file made by openssl, with a self-signed certificate. */
function makeFile(name: string, algorithm: readonly string[], rest: readonly string[] = []): string {
  const at = (suffix: string): string => join(directory, `${name}.${suffix}`);
  const subject = `/C=VN/O=THCS Nguyễn Du/CN=${name}`;
  const run = (args: readonly string[]): void => void execFileSync("openssl", args, { stdio: "pipe" });
  run(["req", "-x509", "-nodes", "-utf8", "-subj", subject, ...algorithm, "-keyout", at("key"), "-out", at("crt")]);
  const pass = ["-passout", `file:${pinFile}`, "-name", name];
  run(["pkcs12", "-export", "-inkey", at("key"), "-in", at("crt"), "-out", at("p12"), ...pass, ...rest]);
  return at("p12");
}

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "hocba-p12-"));
  pinFile = join(directory, "pin");
  writeFileSync(pinFile, `${password}\n`);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** One name for three files, as the contract asks for one token with three keys. */
class OneToken implements Signer {
  readonly #inner: Pkcs12Signer;
  readonly #fileOf = new Map<string, string>();
  constructor(inner: Pkcs12Signer) {
    this.#inner = inner;
  }
  async keys() {
    const keys = await this.#inner.keys();
    for (const key of keys) this.#fileOf.set(key.id, key.token);
    return keys.map((key) => ({ ...key, token: "truong" }));
  }
  sign(...[key, ...rest]: Parameters<Signer["sign"]>) {
    const token = key.token === "truong" ? (this.#fileOf.get(key.id) ?? "rsa2048") : key.token;
    return this.#inner.sign({ token, id: key.id }, ...rest);
  }
  ping() {
    return this.#inner.ping();
  }
  close() {
    return this.#inner.close();
  }
}

const kinds: Record<string, readonly string[]> = {
  rsa2048: ["-newkey", "rsa:2048"],
  rsa3072: ["-newkey", "rsa:3072"],
  p256: ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
};

describeSignerContract("PKCS #12", async () => {
  const configs = Object.entries(kinds).map(([name, args]) => ({ name, file: makeFile(name, args), pinFile }));
  const signer = new OneToken(new Pkcs12Signer(configs));
  return { signer, token: "truong", stop: () => signer.close() };
});

describe("a PKCS #12 file", () => {
  it("gives the certificate over its key and the friendly name, for RSA and EC", async () => {
    for (const [name, args] of Object.entries(kinds)) {
      const signer = new Pkcs12Signer([{ name, file: makeFile(`c-${name}`, args), pinFile }]);
      const [key] = await signer.keys();
      expect(key!.label).toBe(`c-${name}`);
      expect(new X509Certificate(key!.certificate!).subject).toContain(`CN=c-${name}`);
    }
  });

  it("in the old form (3DES, SHA-1) opens as well", async () => {
    const old = ["-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1"];
    const signer = new Pkcs12Signer([{ name: "old", file: makeFile("old", kinds.rsa2048!, old), pinFile }]);
    expect((await signer.keys()).length).toBe(1);
  });

  it("with another password is PIN_INCORRECT, without the password in the error", async () => {
    const wrong = join(directory, "wrong");
    writeFileSync(wrong, "không phải 1212");
    const signer = new Pkcs12Signer([{ name: "x", file: makeFile("x", kinds.rsa2048!), pinFile: wrong }]);
    const error = await failureOf(signer.ping());
    expect([error.code, error.retryable]).toEqual(["PIN_INCORRECT", false]);
    expect(JSON.stringify(error) + error.message).not.toContain("1212");
  });

  it("that is absent is TOKEN_ABSENT, one that is something else CONFIG_INVALID", async () => {
    const absent = new Pkcs12Signer([{ name: "x", file: join(directory, "none.p12"), pinFile }]);
    expect(await failureOf(absent.ping())).toMatchObject({ code: "TOKEN_ABSENT", retryable: true });
    const other = new Pkcs12Signer([{ name: "x", file: pinFile, pinFile }]);
    expect((await failureOf(other.ping())).code).toBe("CONFIG_INVALID");
  });
});
