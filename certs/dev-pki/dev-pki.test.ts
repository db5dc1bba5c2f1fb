import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pkijs from "pkijs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DevPki, generateKey, type IssuedLeaf, signingKey, startDevPki } from "./index.ts";

const directory = mkdtempSync(join(tmpdir(), "hocba-dev-pki-"));
const file = (name: string, content: Uint8Array | string): string => {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
};
const pem = (der: Uint8Array): string => new X509Certificate(der).toString();

/** Runs openssl and returns what it said on both channels, with its exit code. */
function openssl(args: string[], input?: Uint8Array): { code: number | null; text: string; out: Buffer } {
  const r = spawnSync("openssl", args, input ? { input } : {});
  return { code: r.status, text: `${r.stdout}${r.stderr}`, out: r.stdout };
}

let pki: DevPki;
let teacher: IssuedLeaf;
let root: string;
let issuing: string;

beforeAll(async () => {
  pki = await startDevPki({ keyBits: 2048 });
  teacher = await pki.issueLeaf({
    subject: {
      commonName: "Hà Văn Tý",
      locality: "Quảng Ngãi",
      organization: "UBND tỉnh thử nghiệm",
      organizationalUnits: ["UBND xã thử nghiệm", "Trường THCS thử nghiệm"],
      email: "hvty@example.vn",
    },
  });
  root = file("root.pem", pem(pki.root.certificate));
  issuing = file("issuing.pem", pem(pki.issuing.certificate));
}, 60_000);

afterAll(async () => {
  await pki.close();
  rmSync(directory, { recursive: true });
});

const get = async (url: string): Promise<Uint8Array> => new Uint8Array(await (await fetch(url)).arrayBuffer());

async function crlFile(name: string): Promise<string> {
  const all = await Promise.all(["root", "issuing"].map((a) => get(`${pki.baseUrl}/crl/${a}.crl`)));
  return file(name, all.map((der) => openssl(["crl", "-inform", "DER"], der).out.toString()).join(""));
}

describe("certificates", () => {
  it("carry the official end-entity profile, as openssl reads them", () => {
    const { text } = openssl(
      ["x509", "-inform", "DER", "-noout", "-text", "-nameopt", "utf8,sep_comma_plus"],
      teacher.certificate,
    );
    expect(text).toContain(
      "Subject: C=VN,L=Quảng Ngãi,O=UBND tỉnh thử nghiệm,OU=UBND xã thử nghiệm,OU=Trường THCS thử nghiệm,CN=Hà Văn Tý,emailAddress=hvty@example.vn",
    );
    expect(text).toContain("Issuer: C=VN,O=Đơn vị thử nghiệm Học bạ số,CN=CA thử nghiệm phục vụ các trường");
    expect(text).toMatch(/Basic Constraints: critical\s+CA:FALSE/);
    expect(text).toMatch(
      /Key Usage: critical\s+Digital Signature, Non Repudiation, Key Encipherment, Data Encipherment\n/,
    );
    expect(text).toMatch(
      /Extended Key Usage: \n\s+TLS Web Client Authentication, E-mail Protection, Microsoft Smartcard Login/,
    );
    expect(text).toContain(`URI:${pki.baseUrl}/crl/issuing.crl`);
    expect(text).toContain(`CA Issuers - URI:${pki.baseUrl}/crt/issuing.crt`);
    expect(text).toContain(`OCSP - URI:${pki.baseUrl}/ocsp`);
    expect(text).toMatch(/Policy: 2\.999\.704\.1\.1\.1\.1\.1\s+CPS: http/);
    expect(text).toContain("sha256WithRSAEncryption");
  });

  it("chain to the root under openssl with CRLs of both levels", async () => {
    const leaf = file("leaf.pem", pem(teacher.certificate));
    const crls = await crlFile("crls.pem");
    const verify = (path: string, more: string[] = []) =>
      openssl([
        "verify",
        "-x509_strict",
        "-crl_check_all",
        "-CAfile",
        root,
        "-untrusted",
        issuing,
        "-CRLfile",
        crls,
        ...more,
        path,
      ]);
    expect(verify(leaf)).toMatchObject({ code: 0 });
    expect(verify(file("tsa.pem", pem(pki.tsa.certificate)), ["-purpose", "timestampsign"])).toMatchObject({ code: 0 });
  });

  it("are read alike by a second reader", () => {
    const other = pkijs.Certificate.fromBER(teacher.certificate.slice());
    expect(other.subject.typesAndValues.map((t) => t.value.valueBlock.value)).toContain("Hà Văn Tý");
    expect(Buffer.from(other.serialNumber.valueBlock.valueHexView).toString("hex").toUpperCase()).toBe(teacher.serial);
    expect(other.extensions?.filter((e) => e.critical).map((e) => e.extnID)).toEqual(["2.5.29.19", "2.5.29.15"]);
    expect(Buffer.from(other.toSchema().toBER()).equals(Buffer.from(teacher.certificate))).toBe(true);
  });

  it("are made for seals, for every kind of key and from certification requests", async () => {
    const seal = await pki.issueLeaf({
      kind: "seal",
      keyType: "rsa-3072",
      subject: { commonName: "Trường THCS thử nghiệm", uid: ["MNS:A01.02.03", "MST:0100000001"] },
    });
    const { text } = openssl(["x509", "-inform", "DER", "-noout", "-text"], seal.certificate);
    expect(text).toContain("UID = MNS:A01.02.03, UID = MST:0100000001");
    expect(text).toContain("(3072 bit)");
    for (const keyType of ["ec-p256", "ec-p384", "ed25519"] as const) {
      const leaf = await pki.issueLeaf({ keyType, subject: { commonName: keyType } });
      expect(new X509Certificate(leaf.certificate).verify(new X509Certificate(pki.issuing.certificate).publicKey)).toBe(
        true,
      );
    }
    const keyFile = file(
      "csr.key",
      signingKey(await generateKey("rsa-2048")).privateKey.export({ type: "pkcs8", format: "pem" }),
    );
    const csr = new Uint8Array(openssl(["req", "-new", "-key", keyFile, "-subj", "/CN=x", "-outform", "DER"]).out);
    const fromCsr = new X509Certificate(await pki.issue({ csr, subject: { commonName: "Từ yêu cầu" } }));
    expect(fromCsr.subject).toContain("Từ yêu cầu");
    csr[csr.length - 5]! ^= 1;
    await expect(pki.issue({ csr, subject: { commonName: "x" } })).rejects.toMatchObject({
      code: "CERTIFICATE_MALFORMED",
    });
    await expect(pki.issueLeaf({ kind: "seal", subject: { commonName: "Thiếu mã" } })).rejects.toMatchObject({
      code: "CERTIFICATE_MALFORMED",
    });
  });

  it("depart from the profile on order, and look-alikes do not verify", async () => {
    const bare = await pki.issueLeaf({
      keyType: "ec-p256",
      subject: { commonName: "Hết hạn" },
      crlDistributionPoints: null,
      keyUsage: ["keyAgreement"],
      notBefore: new Date(Date.now() - 30 * 86_400_000),
      notAfter: new Date(Date.now() - 86_400_000),
      serial: "0ABC",
    });
    const { text } = openssl(["x509", "-inform", "DER", "-noout", "-text"], bare.certificate);
    expect(text).not.toContain("CRL Distribution");
    expect(text).toMatch(/Key Usage: critical\s+Key Agreement\n/);
    expect(bare.serial).toBe("0ABC");
    const path = file("expired.pem", pem(bare.certificate));
    expect(openssl(["verify", "-CAfile", root, "-untrusted", issuing, path]).text).toContain("certificate has expired");
    const lookAlike = await pki.issueLeaf({
      keyType: "ec-p256",
      subject: { commonName: "Giả mạo" },
      issuer: { ...pki.issuing.issuer, key: signingKey(await generateKey("ec-p256")) },
    });
    const fake = openssl([
      "verify",
      "-CAfile",
      root,
      "-untrusted",
      issuing,
      file("fake.pem", pem(lookAlike.certificate)),
    ]);
    expect(fake.code).not.toBe(0);
  });
});

describe("revocation services", () => {
  it("list a revoked certificate in the CRL, and openssl refuses it", async () => {
    const leaf = await pki.issueLeaf({ keyType: "ec-p256", subject: { commonName: "Mất thẻ" } });
    pki.revoke(leaf.serial, "keyCompromise");
    const der = await get(`${pki.baseUrl}/crl/issuing.crl`);
    const { text } = openssl(["crl", "-inform", "DER", "-noout", "-text", "-CAfile", issuing], der);
    expect(text).toContain("verify OK");
    expect(text).toContain(leaf.serial);
    expect(text).toContain("Key Compromise");
    const crls = await crlFile("crls-revoked.pem");
    const args = ["verify", "-crl_check_all", "-CAfile", root, "-untrusted", issuing, "-CRLfile", crls];
    expect(openssl([...args, file("lost.pem", pem(leaf.certificate))]).text).toContain("certificate revoked");
    const again = pkijs.CertificateRevocationList.fromBER(der.slice());
    expect(again.isCertificateRevoked(pkijs.Certificate.fromBER(leaf.certificate.slice()))).toBe(true);
    expect(again.isCertificateRevoked(pkijs.Certificate.fromBER(teacher.certificate.slice()))).toBe(false);
    expect(() => pki.revoke("00DEADBEEF")).toThrow(/no certificate on record/);
  });

  /**
   * `openssl ocsp` cannot both print a status and check the nonce of a request from a file, so it judges the answer twice.
   */
  async function ocsp(leaf: Uint8Array, issuer = issuing, digest = "-sha1"): Promise<{ text: string; nonce: string }> {
    const request = join(directory, "ocsp.req");
    const named = [digest, "-issuer", issuer, "-cert", file("ocsp-leaf.pem", pem(leaf))];
    openssl(["ocsp", ...named, "-reqout", request]);
    const answer = await fetch(pki.ocspUrl, {
      method: "POST",
      headers: { "content-type": "application/ocsp-request" },
      body: readFileSync(request),
    });
    const response = file("ocsp.resp", new Uint8Array(await answer.arrayBuffer()));
    const judge = ["-no_nonce", "-respin", response, "-CAfile", root, "-verify_other", issuing];
    return {
      nonce: openssl(["ocsp", "-reqin", request, ...judge]).text,
      text: openssl(["ocsp", ...named, ...judge]).text,
    };
  }

  it("answer OCSP with good, revoked and unknown, by SHA-1 and SHA-256, signed by a delegated responder", async () => {
    const good = await ocsp(teacher.certificate);
    expect(good.text).toContain("Response verify OK");
    expect(good.text).toMatch(/: good/);
    expect(good.nonce).toBe("Response verify OK\n");
    const revoked = await pki.issueLeaf({ keyType: "ec-p256", subject: { commonName: "Thôi việc" } });
    pki.revoke(revoked.serial, "cessationOfOperation", new Date("2026-06-01T00:00:00Z"));
    const bad = await ocsp(revoked.certificate, issuing, "-sha256");
    expect(bad.text).toMatch(/: revoked[\s\S]*Reason: cessationOfOperation[\s\S]*Jun {2}1 00:00:00 2026/);
    const unknown = await pki.issueLeaf({
      keyType: "ec-p256",
      subject: { commonName: "Không có" },
      issuer: { ...pki.issuing.issuer },
    });
    expect((await ocsp(unknown.certificate)).text).toMatch(/: unknown/);
    const ofCa = await ocsp(pki.issuing.certificate, root);
    expect(ofCa.text).toContain("Response verify OK");
    expect(ofCa.text).toMatch(/: good/);
  });

  it("answer OCSP by GET", async () => {
    const request = join(directory, "get.req");
    openssl([
      "ocsp",
      "-issuer",
      issuing,
      "-cert",
      file("get.pem", pem(teacher.certificate)),
      "-reqout",
      request,
      "-no_nonce",
    ]);
    const path = encodeURIComponent(readFileSync(request).toString("base64"));
    const response = file("get.resp", await get(`${pki.ocspUrl}/${path}`));
    expect(openssl(["ocsp", "-respin", response, "-noverify", "-resp_text"]).text).toContain("Cert Status: good");
  });

  it("play the faults on order and mend again", async () => {
    const text = async () => (await ocsp(teacher.certificate)).text;
    pki.faults.ocsp = { tryLater: true };
    expect(await text()).toContain("trylater");
    pki.faults.ocsp = { unauthorized: true };
    expect(await text()).toContain("unauthorized");
    pki.faults.ocsp = { badSignature: true };
    expect(await text()).toContain("Response Verify Failure");
    pki.faults.ocsp = { wrongResponder: true };
    expect(await text()).toContain("Response Verify Failure");
    pki.faults.ocsp = { expired: true };
    expect(await text()).toContain("Status times invalid");
    pki.faults.ocsp = { wrongCert: true };
    expect(await text()).toContain("No Status found");
    pki.faults.ocsp = { dropNonce: true };
    expect((await ocsp(teacher.certificate)).nonce).toContain("no nonce in response");
    pki.faults.ocsp = { down: true };
    await expect(fetch(pki.ocspUrl)).rejects.toThrow();
    pki.faults.ocsp = {};
    expect(await text()).toContain("Response verify OK");

    const crl = async () =>
      openssl(
        ["crl", "-inform", "DER", "-noout", "-nextupdate", "-CAfile", issuing],
        await get(`${pki.baseUrl}/crl/issuing.crl`),
      ).text;
    pki.faults.crl = { badSignature: true };
    expect(await crl()).toContain("verify failure");
    pki.faults.crl = { expired: true };
    const past = /nextUpdate=(.*)/.exec(await crl())![1]!;
    expect(Date.parse(past)).toBeLessThan(Date.now());
    pki.faults.crl = { html: true };
    expect(Buffer.from(await get(`${pki.baseUrl}/crl/issuing.crl`)).toString()).toContain("<!doctype html>");
    pki.faults.crl = { http500: true, skip: 1, times: 1 };
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await fetch(`${pki.baseUrl}/crl/issuing.crl`)).status);
    expect(statuses).toEqual([200, 500, 200]);
    pki.faults.crl = {};
    expect(await crl()).toContain("verify OK");
  });
});

describe("a data directory", () => {
  it("keeps keys, certificates, port and revocations over a restart, and keys readable by the owner alone", async () => {
    const dataDir = join(directory, "pki");
    const first = await startDevPki({ dataDir, keyBits: 2048 });
    const leaf = await first.issueLeaf({ keyType: "ec-p256", subject: { commonName: "Còn mãi" } });
    first.revoke(leaf.serial, "superseded");
    await first.close();
    const second = await startDevPki({ dataDir });
    try {
      expect(second.baseUrl).toBe(first.baseUrl);
      expect(second.root.certificate).toEqual(first.root.certificate);
      expect(second.tsa.certificate).toEqual(first.tsa.certificate);
      const { text } = openssl(["crl", "-inform", "DER", "-noout", "-text"], await second.crl());
      expect(text).toContain(leaf.serial);
      for (const key of ["root", "issuing", "tsa"]) {
        expect(statSync(join(dataDir, `${key}.key.pem`)).mode & 0o777).toBe(0o600);
      }
    } finally {
      await second.close();
    }
  }, 60_000);
});
