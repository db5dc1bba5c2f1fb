import { execFileSync } from "node:child_process";
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pemText } from "@hocba/certs/x509";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { benchRawSign } from "../bench/index.ts";
import { failureOf } from "../contract.test-suite.ts";
import { Pkcs11Signer } from "../pkcs11/index.ts";
import { provisionSoftHsm, type SoftHsmRequest } from "./index.ts";

let directory: string;
let request: SoftHsmRequest;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "hocba-provision-"));
  request = {
    dataDir: join(directory, "softhsm"),
    label: "Tiểu học Kim Đồng",
    pin: "564738",
    soPin: "so-564738",
    keys: [
      { id: "01", label: "con dấu", algorithm: "rsa-2048" },
      { id: "02", label: "GVCN 4A", algorithm: "ec-p256" },
    ],
  };
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A self-signed certificate over a key of the token's own would need the token; openssl signs with a throw-away CA. */
function certificateOver(spki: Uint8Array, name: string): Uint8Array {
  const at = (file: string): string => join(directory, file);
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writeFileSync(at("ca.key"), privateKey.export({ type: "pkcs8", format: "pem" }));
  writeFileSync(at("leaf.pub"), pemText({ label: "PUBLIC KEY", der: spki }));
  const openssl = (...args: string[]): void => void execFileSync("openssl", args, { stdio: "pipe" });
  openssl("req", "-x509", "-key", at("ca.key"), "-subj", "/CN=ca", "-out", at("ca.crt"));
  openssl("req", "-new", "-key", at("ca.key"), "-utf8", "-subj", `/CN=${name}`, "-out", at("leaf.csr"));
  const sign = ["x509", "-req", "-in", at("leaf.csr"), "-CA", at("ca.crt"), "-CAkey", at("ca.key"), "-CAcreateserial"];
  openssl(...sign, "-force_pubkey", at("leaf.pub"), "-outform", "DER", "-out", at("leaf.der"));
  return new X509Certificate(execFileSync("cat", [at("leaf.der")])).raw;
}

describe("a SoftHSM token for a run", () => {
  it("is made with its keys, found again with the same ones, and grows when asked for more", async () => {
    const first = await provisionSoftHsm(request);
    expect(first.created).toBe(2);
    const second = await provisionSoftHsm(request);
    expect(second.created).toBe(0);
    expect(second.serial).toBe(first.serial);
    expect(second.publicKeys).toEqual(first.publicKeys);
    const more = { id: "03", label: "GVBM Toán", algorithm: "rsa-2048" } as const;
    const third = await provisionSoftHsm({ ...request, keys: [...request.keys, more] });
    expect(third.created).toBe(1);
    expect([...third.publicKeys.keys()].sort()).toEqual(["01", "02", "03"]);
  });

  it("leaves the environment as it was", async () => {
    process.env.SOFTHSM2_CONF = "/somewhere/else.conf";
    await provisionSoftHsm(request);
    expect(process.env.SOFTHSM2_CONF).toBe("/somewhere/else.conf");
    delete process.env.SOFTHSM2_CONF;
    await provisionSoftHsm(request);
    expect(process.env.SOFTHSM2_CONF).toBeUndefined();
  });

  it("keeps certificates beside their keys; of two over the same key the one that runs longest is listed", async () => {
    const token = await provisionSoftHsm(request);
    for (const id of ["01", "02"]) {
      const der = certificateOver(token.publicKeys.get(id)!, `khóa ${id}`);
      await token.storeCertificate(id, der);
      await token.storeCertificate(id, der);
    }
    const foreign = certificateOver(token.publicKeys.get("02")!, "của người khác");
    await token.storeCertificate("01", foreign);

    process.env.SOFTHSM2_CONF = token.configFile;
    const pinFile = join(directory, "pin");
    writeFileSync(pinFile, request.pin);
    const signer = new Pkcs11Signer([token.tokenConfig("t", { pinFile })], { stateDirectory: null });
    const keys = await signer.keys();
    for (const id of ["01", "02"]) {
      const key = keys.find((k) => k.id === id)!;
      expect(new X509Certificate(key.certificate!).subject).toBe(`CN=khóa ${id}`);
    }
    await signer.close();
  });

  it("refuses key ids that are not hex and labels that are too long", async () => {
    const key = { label: "x", algorithm: "rsa-2048" } as const;
    expect((await failureOf(provisionSoftHsm({ ...request, keys: [{ ...key, id: "A1" }] }))).code).toBe(
      "REQUEST_INVALID",
    );
    const label = "Trường Trung học cơ sở Nguyễn Du";
    const other = { ...request, label, dataDir: join(directory, "other") };
    expect((await failureOf(provisionSoftHsm(other))).code).toBe("REQUEST_INVALID");
  });
});

describe("benchRawSign", () => {
  it("counts real signatures per second", async () => {
    const token = await provisionSoftHsm(request);
    process.env.SOFTHSM2_CONF = token.configFile;
    const pinFile = join(directory, "pin");
    writeFileSync(pinFile, request.pin);
    const rate = await benchRawSign(token.tokenConfig("t", { pinFile }), { seconds: 0.3, sessions: 4 });
    expect(rate.signatures).toBeGreaterThan(4);
    expect(rate.perSecond).toBeCloseTo(rate.signatures / rate.seconds, 5);
    expect(rate.key.id).toBe("01");
  });
});
