import { describe, expect, it } from "vitest";
import { certificate, crl, ext, ocsp, testKey } from "../../test/pki-builder.ts";
import { nodeCrypto } from "../crypto/node.ts";
import { der } from "../der/write.ts";
import { type PathResult, validatePath } from "../path/index.ts";
import { trustAnchor } from "../trust/index.ts";
import type { Certificate } from "../x509/index.ts";
import { KeyPurpose } from "../x509/index.ts";
import type { CertificateList, OcspResponse } from "./index.ts";

const ROOT_KEY = testKey();
const root = certificate({ subject: "Root", key: ROOT_KEY, ca: true });
const leaf = certificate({
  subject: "Người ký",
  key: testKey(),
  issuer: root,
  notAfter: "2024-01-01",
  crlUrl: "http://crl.example/root.crl",
  ocspUrl: "http://ocsp.example/",
});
const T = "2023-06-01T00:00:00Z";

interface Evidence {
  crls?: CertificateList[];
  ocspResponses?: OcspResponse[];
  certificates?: Certificate[];
  time?: string;
  now?: string;
  strictProfile?: boolean;
}
const check = (evidence: Evidence, target = leaf.certificate): PathResult =>
  validatePath({
    certificate: target,
    anchors: [trustAnchor(root.certificate)],
    certificates: evidence.certificates ?? [],
    time: Date.parse(evidence.time ?? T),
    crypto: nodeCrypto,
    revocation: {
      crls: evidence.crls ?? [],
      ocspResponses: evidence.ocspResponses ?? [],
      ...(evidence.now && { now: Date.parse(evidence.now) }),
      ...(evidence.strictProfile && { strictProfile: true }),
    },
  });
const status = (evidence: Evidence) => {
  const s = check(evidence).revocation[0]!;
  return { status: s.status, code: s.code };
};

describe("status by CRLs", () => {
  const current = { issuer: root, thisUpdate: "2023-05-25", nextUpdate: "2023-06-05" };

  it("is good when a current list does not name the certificate, revoked when it does", () => {
    expect(status({ crls: [crl(current)] })).toEqual({ status: "good", code: "KNOWN" });
    const revoked = crl({ ...current, revoked: [{ certificate: leaf.certificate, at: "2023-05-20", reason: 1 }] });
    const result = check({ crls: [revoked] });
    expect(result.code).toBe("REVOKED");
    expect(result.revocation[0]).toMatchObject({ status: "revoked", source: "crl", reason: "keyCompromise" });
  });

  it("is unknown without evidence and says where it can be had", () => {
    const result = check({});
    expect(result.code).toBe("REVOCATION_UNKNOWN");
    expect(result.revocation[0]).toMatchObject({
      code: "NO_EVIDENCE",
      wanted: { crls: ["http://crl.example/root.crl"], ocsp: ["http://ocsp.example/"] },
    });
  });

  it("stands at the place of its certificate even when the check ended above it", () => {
    const ca = certificate({ subject: "CA", key: testKey(), ca: true, issuer: root });
    const below = certificate({ subject: "Below", key: testKey(), issuer: ca });
    const list = crl({ ...current, revoked: [{ certificate: ca.certificate, at: "2023-05-20" }] });
    const result = check({ crls: [list], certificates: [ca.certificate] }, below.certificate);
    expect(result).toMatchObject({ code: "REVOKED", index: 1 });
    expect(result.revocation.map((r) => [r.certificate.subject.get("CN"), r.code])).toEqual([
      ["Below", "NOT_REACHED"],
      ["CA", "KNOWN"],
    ]);
  });

  it("does not believe a list that has run out, or one from the future", () => {
    expect(status({ crls: [crl({ ...current, nextUpdate: "2023-05-30" })] }).code).toBe("EVIDENCE_STALE");
    expect(status({ crls: [crl({ ...current, thisUpdate: "2023-06-03" })] }).code).toBe("EVIDENCE_FROM_THE_FUTURE");
    expect(status({ crls: [crl({ ...current, nextUpdate: null })] }).code).toBe("EVIDENCE_STALE");
  });

  it("does not believe a list signed by somebody else under the issuer's name", () => {
    const impostor = certificate({ subject: "Root", key: testKey(), ca: true });
    expect(status({ crls: [crl({ ...current, issuer: impostor })] }).code).toBe("EVIDENCE_SIGNATURE_INVALID");
    const offered = { crls: [crl({ ...current, issuer: impostor })], certificates: [impostor.certificate] };
    expect(status(offered).code).toBe("EVIDENCE_SIGNER_NOT_TRUSTED");
  });

  it("reports a revocation after the time asked about without applying it", () => {
    const later = crl({
      issuer: root,
      thisUpdate: "2023-09-01",
      nextUpdate: "2023-09-10",
      revoked: [{ certificate: leaf.certificate, at: "2023-08-01", reason: 4 }],
    });
    const result = check({ crls: [later], now: "2023-09-02" });
    expect(result.valid).toBe(true);
    expect(result.revocation[0]?.revokedLater).toMatchObject({
      reason: "superseded",
      revokedAt: Date.parse("2023-08-01"),
    });
  });

  it("applies a compromise from its invalidity date on, though the CA learnt of it later", () => {
    const entry = { certificate: leaf.certificate, at: "2023-08-01", invalidityDate: "2023-05-01" };
    const later = (reason: number) =>
      crl({ issuer: root, thisUpdate: "2023-09-01", nextUpdate: "2023-09-10", revoked: [{ ...entry, reason }] });
    expect(check({ crls: [later(1)], now: "2023-09-02" }).code).toBe("REVOKED");
    expect(check({ crls: [later(5)], now: "2023-09-02" }).code).toBe("VALID");
  });

  it("takes a list issued after the certificate expired only when it still lists expired ones", () => {
    const after = { issuer: root, thisUpdate: "2024-06-01", nextUpdate: "2024-06-10" };
    expect(status({ crls: [crl(after)], now: "2024-06-02" }).code).toBe("EXPIRED_NOT_COVERED");
    const keeping = crl({ ...after, expiredCertsOnCrl: "2020-01-01" });
    expect(status({ crls: [keeping], now: "2024-06-02" }).status).toBe("good");
    const young = crl({ ...after, expiredCertsOnCrl: "2024-03-01" });
    expect(status({ crls: [young], now: "2024-06-02" }).code).toBe("EXPIRED_NOT_COVERED");
  });

  it("lets a delta list add and take away", () => {
    const hold = { certificate: leaf.certificate, at: "2023-05-01", reason: 6 };
    const base = crl({ ...current, number: 7, revoked: [hold] });
    const remove = crl({ ...current, thisUpdate: "2023-05-28", number: 9, base: 5, revoked: [{ ...hold, reason: 8 }] });
    expect(status({ crls: [base] }).status).toBe("revoked");
    expect(status({ crls: [base, remove] }).status).toBe("good");
    const clean = crl({ ...current, number: 7 });
    const add = crl({ ...current, thisUpdate: "2023-05-28", number: 9, base: 5, revoked: [{ ...hold, reason: 1 }] });
    expect(status({ crls: [clean, add] }).status).toBe("revoked");
    const foreign = crl({
      ...current,
      thisUpdate: "2023-05-28",
      number: 9,
      base: 8,
      revoked: [{ ...hold, reason: 1 }],
    });
    expect(status({ crls: [clean, foreign] }).status).toBe("good");
    expect(status({ crls: [add] }).code).toBe("NO_EVIDENCE");
  });

  it("asks every reason of lists that speak of some reasons only", () => {
    const some = (bits: number) => crl({ ...current, idp: [der(0x83, Uint8Array.of(0, bits, 0x80))] });
    // keyCompromise, cACompromise; the rest.
    expect(status({ crls: [crl({ ...current, idp: [der(0x83, Uint8Array.of(5, 0x60))] })] }).code).toBe(
      "REASONS_NOT_COVERED",
    );
    expect(status({ crls: [some(0x60), some(0x1f)] }).status).toBe("good");
  });

  it("keeps to the scope of a list", () => {
    const forCas = crl({ ...current, idp: [der(0x82, Uint8Array.of(0xff))] });
    expect(status({ crls: [forCas] }).code).toBe("EVIDENCE_OUT_OF_SCOPE");
    const elsewhere = crl({
      ...current,
      idp: [der(0xa0, der(0xa0, der(0x86, new TextEncoder().encode("http://crl.example/other.crl"))))],
    });
    expect(status({ crls: [elsewhere] }).code).toBe("EVIDENCE_OUT_OF_SCOPE");
    const here = crl({
      ...current,
      idp: [der(0xa0, der(0xa0, der(0x86, new TextEncoder().encode("http://crl.example/root.crl"))))],
    });
    expect(status({ crls: [here] }).status).toBe("good");
  });

  it("does not use a list with a critical extension it does not know", () => {
    const odd = crl({ ...current, more: [ext("1.3.6.1.4.1.55738.1", Uint8Array.of(5, 0), true)] });
    expect(status({ crls: [odd] }).code).toBe("EVIDENCE_UNKNOWN_CRITICAL_EXTENSION");
  });
});

describe("a long list", () => {
  it("is searched by serial number without holding it in pieces", () => {
    const others = Array.from({ length: 2000 }, (_, i) => ({
      ...leaf.certificate,
      serialNumber: Uint8Array.of(i >> 8, i & 255, 9),
    }));
    const revoked = [...others, leaf.certificate].map((c) => ({ certificate: c as Certificate, at: "2023-05-20" }));
    const list = crl({ issuer: root, thisUpdate: "2023-05-25", revoked });
    const { issuer, serialNumber } = leaf.certificate;
    expect(list.size).toBe(2001);
    expect(list.find(serialNumber, issuer)?.revokedAt).toBe(Date.parse("2023-05-20"));
    expect(list.find(Uint8Array.of(1, 2, 3, 4), issuer)).toBeNull();
    expect(list.find(others[1999]!.serialNumber, issuer)).not.toBeNull();
  });
});

describe("status by OCSP", () => {
  const base = { certificate: leaf.certificate, issuer: root, thisUpdate: "2023-05-31", nextUpdate: "2023-06-02" };
  const responder = (input: object = {}) =>
    certificate({
      subject: "OCSP",
      key: testKey(),
      issuer: root,
      purposes: [KeyPurpose.OCSP_SIGNING],
      noCheck: true,
      ...input,
    });

  it("takes the issuer's own answer, by name or by key", () => {
    expect(status({ ocspResponses: [ocsp({ ...base, status: "good" })] })).toEqual({ status: "good", code: "KNOWN" });
    expect(status({ ocspResponses: [ocsp({ ...base, status: "good", byKey: true })] }).status).toBe("good");
    const revoked = ocsp({ ...base, status: { revokedAt: "2023-05-01", reason: 9 } });
    expect(check({ ocspResponses: [revoked] }).revocation[0]).toMatchObject({
      status: "revoked",
      source: "ocsp",
      reason: "privilegeWithdrawn",
    });
  });

  it("takes a delegated responder's answer, and nobody else's", () => {
    expect(status({ ocspResponses: [ocsp({ ...base, status: "good", responder: responder() })] }).status).toBe("good");
    const noPurpose = responder({ purposes: [KeyPurpose.CLIENT_AUTH] });
    const foreignRoot = certificate({ subject: "Root", key: testKey(), ca: true });
    const foreign = responder({ issuer: foreignRoot });
    const expired = responder({ notAfter: "2023-01-01" });
    for (const signer of [noPurpose, foreign, expired]) {
      const answer = ocsp({ ...base, status: "good", responder: signer });
      expect(status({ ocspResponses: [answer], certificates: [foreignRoot.certificate] }).code).toBe(
        "EVIDENCE_SIGNER_NOT_TRUSTED",
      );
    }
  });

  it("does not believe a responder that is itself revoked", () => {
    const signer = responder({ noCheck: false });
    const answer = ocsp({ ...base, status: "good", responder: signer });
    const list = (revoked: boolean) =>
      crl({
        issuer: root,
        thisUpdate: "2023-05-30",
        ...(revoked && { revoked: [{ certificate: signer.certificate, at: "2023-05-01", reason: 1 }] }),
      });
    expect(status({ ocspResponses: [answer] }).status).toBe("good");
    const source = (revoked: boolean) =>
      check({ ocspResponses: [answer], crls: [list(revoked)] }).revocation[0]?.source;
    expect(source(false)).toBe("ocsp");
    expect(source(true)).toBe("crl");
  });

  it("says so when the responder does not know, or its answer is old", () => {
    expect(status({ ocspResponses: [ocsp({ ...base, status: "unknown" })] }).code).toBe("RESPONDER_DOES_NOT_KNOW");
    const old = ocsp({ ...base, status: "good", nextUpdate: "2023-05-31T12:00:00Z" });
    expect(status({ ocspResponses: [old] }).code).toBe("EVIDENCE_STALE");
    const { nextUpdate: _, ...open } = base;
    expect(
      status({ ocspResponses: [ocsp({ ...open, thisUpdate: "2023-05-31T12:00:00Z", status: "good" })] }).status,
    ).toBe("good");
    expect(status({ ocspResponses: [ocsp({ ...open, thisUpdate: "2023-05-28", status: "good" })] }).code).toBe(
      "EVIDENCE_STALE",
    );
  });

  it("needs an archive cutoff for a certificate that had expired", () => {
    const late = { ...base, thisUpdate: "2024-06-01", nextUpdate: "2024-06-02", status: "good" as const };
    expect(status({ ocspResponses: [ocsp(late)], now: "2024-06-01T12:00:00Z" }).code).toBe("EXPIRED_NOT_COVERED");
    const kept = ocsp({ ...late, archiveCutoff: "2022-01-01" });
    expect(status({ ocspResponses: [kept], now: "2024-06-01T12:00:00Z" }).status).toBe("good");
  });

  it("does not take an answer on another certificate", () => {
    const other = certificate({ subject: "Other", key: testKey(), issuer: root });
    expect(status({ ocspResponses: [ocsp({ ...base, certificate: other.certificate, status: "good" })] }).code).toBe(
      "NO_EVIDENCE",
    );
  });

  it("lets revoked by one source outweigh good by the other", () => {
    const list = crl({
      issuer: root,
      thisUpdate: "2023-05-25",
      revoked: [{ certificate: leaf.certificate, at: "2023-05-20" }],
    });
    expect(check({ crls: [list], ocspResponses: [ocsp({ ...base, status: "good" })] }).code).toBe("REVOKED");
  });
});
