import { nodeCrypto } from "@hocba/certs/crypto/node";
import { der, integer } from "@hocba/certs/der";
import { type PathResult, validatePath } from "@hocba/certs/path";
import type { CertificateList, OcspResponse } from "@hocba/certs/revocation";
import { trustAnchor } from "@hocba/certs/trust";
import { type Certificate, KeyPurpose } from "@hocba/certs/x509";
import { describe, expect, it } from "vitest";
import { certificate, crl, ext, ocsp, type TestAuthority, testKey } from "../pki-builder.ts";

/*
 * The attacker has stolen a teacher's key, and the CA has revoked the certificate. He hands in the transcript together with evidence of
 * his own choice: CRLs and OCSP responses that say, or seem to say, that all is well.
 */
const root = certificate({ subject: "Root", key: testKey(), ca: true });
const issuing = certificate({ subject: "CA trường học", key: testKey(), issuer: root, ca: true });
const leaf = certificate({ subject: "Người ký", key: testKey(), issuer: issuing, crlUrl: "http://crl.example/i.crl" });
const T = "2023-06-01T00:00:00Z";
const current = { thisUpdate: "2023-05-25", nextUpdate: "2023-06-05" };
const rootCrl = crl({ issuer: root, ...current });
const honest = crl({ issuer: issuing, ...current, number: 7 });
const revoked = crl({
  issuer: issuing,
  ...current,
  number: 7,
  revoked: [{ certificate: leaf.certificate, at: "2023-05-20", reason: 1 }],
});

interface Evidence {
  crls?: readonly CertificateList[];
  ocsp?: readonly OcspResponse[];
  certificates?: readonly Certificate[];
  target?: Certificate;
  now?: string;
}
function check({ crls = [], ocsp = [], certificates = [], target = leaf.certificate, now }: Evidence): PathResult {
  return validatePath({
    certificate: target,
    anchors: [trustAnchor(root.certificate)],
    certificates: [issuing.certificate, ...certificates],
    time: Date.parse(T),
    crypto: nodeCrypto,
    revocation: { crls: [rootCrl, ...crls], ocspResponses: ocsp, ...(now ? { now: Date.parse(now) } : {}) },
  });
}
const status = (evidence: Evidence) => check(evidence).revocation[0]!.status;
const clone = (input: Partial<Parameters<typeof certificate>[0]> = {}): TestAuthority =>
  certificate({ subject: "CA trường học", key: testKey(), issuer: root, ca: true, ...input });

describe("the honest twin", () => {
  it("is good by a CRL or an OCSP response, revoked by either, whichever comes first", () => {
    expect(status({ crls: [honest] })).toBe("good");
    expect(
      status({ ocsp: [ocsp({ certificate: leaf.certificate, issuer: issuing, status: "good", ...current })] }),
    ).toBe("good");
    expect(status({ crls: [revoked] })).toBe("revoked");
    expect(status({ crls: [honest, revoked] })).toBe("revoked");
    expect(status({ crls: [revoked, honest] })).toBe("revoked");
  });
});

describe("lists by somebody else", () => {
  it("are not believed: a stranger's of the same name, or signed with a key of the right name that is no CA's", () => {
    const stranger = certificate({ subject: "CA trường học", key: testKey(), ca: true });
    expect(status({ crls: [crl({ issuer: stranger, ...current })], certificates: [stranger.certificate] })).toBe(
      "unknown",
    );
    const noUsage = clone({ usage: [5] });
    expect(status({ crls: [crl({ issuer: noUsage, ...current })], certificates: [noUsage.certificate] })).toBe(
      "unknown",
    );
    const person = certificate({ subject: "CA trường học", key: testKey(), issuer: issuing });
    expect(status({ crls: [crl({ issuer: person, ...current })], certificates: [person.certificate] })).toBe("unknown");
  });

  // Under the same root another CA, licensed for other things, certifies a CA by the name of the school's. RFC 5280 §6.3.3 (f) only asks
  // for the same anchor.
  it("are not believed when another CA of the hierarchy made the namesake", () => {
    const other = certificate({ subject: "CA khác", key: testKey(), issuer: root, ca: true });
    const namesake = clone({ issuer: other });
    const otherCrl = crl({ issuer: other, ...current });
    const forged = crl({ issuer: namesake, thisUpdate: "2023-05-31", nextUpdate: "2023-06-05", number: 99 });
    const certificates = [other.certificate, namesake.certificate];
    expect(status({ crls: [forged, otherCrl, revoked], certificates })).toBe("revoked");
    expect(status({ crls: [forged, otherCrl], certificates })).toBe("unknown");
  });

  it("are believed when the CA signs them with another key that its own superior certified", () => {
    const second = clone({ usage: [6], ca: false });
    expect(status({ crls: [crl({ issuer: second, ...current })], certificates: [second.certificate] })).toBe("good");
    const rolled = clone();
    expect(status({ crls: [crl({ issuer: rolled, ...current })], certificates: [rolled.certificate] })).toBe("good");
  });
});

describe("lists that do not speak of the certificate, or not yet, or no longer", () => {
  const idp = (...parts: Uint8Array[]) => crl({ issuer: issuing, ...current, idp: parts });
  const flag = (n: number) => der(0x80 | n, Uint8Array.of(0xff));
  it("say nothing: CAs only, attribute certificates only, other addresses, some reasons, indirect ones of others", () => {
    expect(status({ crls: [idp(flag(2))] })).toBe("unknown");
    expect(status({ crls: [idp(flag(5))] })).toBe("unknown");
    expect(
      status({
        crls: [idp(der(0xa0, der(0xa0, der(0x86, new TextEncoder().encode("http://crl.example/other.crl")))))],
      }),
    ).toBe("unknown");
    expect(status({ crls: [idp(der(0x83, Uint8Array.of(6, 0x40)))] })).toBe("unknown");
    expect(status({ crls: [idp(flag(1), flag(2))] })).toBe("unknown");
    expect(status({ crls: [idp(flag(1))] })).toBe("good");
    expect(status({ crls: [idp(flag(4))] })).toBe("good");
    expect(status({ crls: [idp(der(0x8f, new Uint8Array()))] })).toBe("unknown");
    const usersOnly = crl({ issuer: root, ...current, idp: [flag(1)], number: 3 });
    const withUsersOnly = validatePath({
      certificate: leaf.certificate,
      anchors: [trustAnchor(root.certificate)],
      certificates: [issuing.certificate],
      time: Date.parse(T),
      crypto: nodeCrypto,
      revocation: { crls: [usersOnly, honest], ocspResponses: [] },
    });
    expect(withUsersOnly).toMatchObject({ valid: false, code: "REVOCATION_UNKNOWN" });
  });

  it("say nothing before their time, after it, or without an end long ago", () => {
    expect(status({ crls: [crl({ issuer: issuing, thisUpdate: "2023-07-01", nextUpdate: "2023-08-01" })] })).toBe(
      "unknown",
    );
    expect(status({ crls: [crl({ issuer: issuing, thisUpdate: "2023-05-01", nextUpdate: "2023-05-31" })] })).toBe(
      "unknown",
    );
    expect(status({ crls: [crl({ issuer: issuing, thisUpdate: "2023-05-01", nextUpdate: null })] })).toBe("unknown");
    expect(status({ crls: [crl({ issuer: issuing, thisUpdate: "2023-06-05", nextUpdate: "2023-05-05" })] })).toBe(
      "unknown",
    );
  });

  // An old list from before the revocation, put beside the new one.
  it("never outweigh a list that says revoked", () => {
    const old = crl({ issuer: issuing, thisUpdate: "2023-05-10", nextUpdate: "2023-06-10", number: 5 });
    expect(status({ crls: [old, revoked] })).toBe("revoked");
    expect(status({ crls: [revoked, old] })).toBe("revoked");
    const good = ocsp({
      certificate: leaf.certificate,
      issuer: issuing,
      status: "good",
      thisUpdate: "2023-05-31",
      nextUpdate: "2023-06-03",
    });
    expect(status({ crls: [revoked], ocsp: [good] })).toBe("revoked");
  });

  it("say nothing with critical extensions nobody knows, in the list or in any entry", () => {
    const odd = ext("1.2.3.4", new Uint8Array([5, 0]), true);
    expect(status({ crls: [crl({ issuer: issuing, ...current, more: [odd] })] })).toBe("unknown");
    expect(
      status({ crls: [crl({ issuer: issuing, ...current, more: [ext("1.2.3.4", new Uint8Array([5, 0]))] })] }),
    ).toBe("good");
    // Twice the same extension.
    expect(() => crl({ issuer: issuing, ...current, more: [ext("2.5.29.20", integer(9))] })).toThrow();
  });
});

describe("delta lists", () => {
  const delta = (base: number, number: number, more: object = {}) =>
    crl({ issuer: issuing, thisUpdate: "2023-05-28", nextUpdate: "2023-06-05", base, number, ...more });
  it("without their base, or over a later one, say nothing", () => {
    expect(status({ crls: [delta(7, 8)] })).toBe("unknown");
    const unrevoke = { revoked: [{ certificate: leaf.certificate, at: "2023-05-27", reason: 8 }] };
    // It takes back what a list says on which it does not build.
    expect(status({ crls: [revoked, delta(8, 9, unrevoke)] })).toBe("revoked");
    expect(status({ crls: [revoked, delta(3, 6, unrevoke)] })).toBe("revoked");
    expect(
      status({ crls: [honest, delta(7, 8, { revoked: [{ certificate: leaf.certificate, at: "2023-05-27" }] })] }),
    ).toBe("revoked");
  });

  it("of another scope or another key take nothing back", () => {
    const unrevoke = [{ certificate: leaf.certificate, at: "2023-05-27", reason: 8 }];
    expect(status({ crls: [revoked, delta(7, 8, { revoked: unrevoke, idp: [der(0x81, Uint8Array.of(0xff))] })] })).toBe(
      "revoked",
    );
    const rolled = clone();
    const foreign = crl({
      issuer: rolled,
      thisUpdate: "2023-05-28",
      nextUpdate: "2023-06-05",
      base: 7,
      number: 8,
      revoked: unrevoke,
    });
    expect(status({ crls: [revoked, foreign], certificates: [rolled.certificate] })).toBe("revoked");
  });

  // §5.3.1: removeFromCRL stands in delta lists only. A key that was compromised does not come back (§5.3.1: only holds do).
  it("do not take back a compromise", () => {
    const unrevoke = { revoked: [{ certificate: leaf.certificate, at: "2023-05-27", reason: 8 }] };
    const held = crl({
      issuer: issuing,
      ...current,
      number: 7,
      revoked: [{ certificate: leaf.certificate, at: "2023-05-20", reason: 6 }],
    });
    expect(status({ crls: [held] })).toBe("revoked");
    expect(status({ crls: [held, delta(7, 8, unrevoke)] })).toBe("good");
  });
});

describe("OCSP responses", () => {
  const good = { certificate: leaf.certificate, issuer: issuing, status: "good", ...current } as const;
  const responder = (input: Partial<Parameters<typeof certificate>[0]> = {}) =>
    certificate({
      subject: "Responder",
      key: testKey(),
      issuer: issuing,
      purposes: [KeyPurpose.OCSP_SIGNING],
      noCheck: true,
      ...input,
    });
  const by = (r: TestAuthority, more: object = {}) =>
    status({ ocsp: [ocsp({ ...good, responder: r, ...more })], crls: [] });

  it("by a responder of the issuer are believed, by nobody else's", () => {
    expect(by(responder())).toBe("good");
    expect(by(responder({ purposes: [] }))).toBe("unknown");
    expect(by(responder({ purposes: [KeyPurpose.TIME_STAMPING] }))).toBe("unknown");
    expect(by(responder({ issuer: root }))).toBe("unknown");
    const other = certificate({ subject: "CA khác", key: testKey(), issuer: root, ca: true });
    expect(by(responder({ issuer: other }))).toBe("unknown");
    // A namesake of the issuer made the responder.
    expect(by(responder({ issuer: clone() }))).toBe("unknown");
    expect(by(certificate({ subject: "Responder", key: testKey(), purposes: [KeyPurpose.OCSP_SIGNING] }))).toBe(
      "unknown",
    );
    // The leaf itself vouches for itself.
    expect(by(leaf)).toBe("unknown");
    expect(by(certificate({ subject: "CA trường học", key: testKey() }), { byKey: false })).toBe("unknown");
  });

  it("by a responder that has expired, is not yet valid, or was revoked are not believed", () => {
    expect(by(responder({ notAfter: "2023-05-01" }))).toBe("unknown");
    expect(by(responder({ notBefore: "2023-05-30" }))).toBe("unknown");
    const checked = responder({ noCheck: false, crlUrl: "http://crl.example/i.crl" });
    const answer = ocsp({ ...good, responder: checked });
    expect(status({ ocsp: [answer], crls: [honest] })).toBe("good");
    const gone = crl({
      issuer: issuing,
      ...current,
      number: 8,
      revoked: [{ certificate: checked.certificate, at: "2023-05-20", reason: 1 }],
    });
    // The list speaks of the leaf too, and says good: the answer itself must not count.
    const result = check({ ocsp: [answer], crls: [gone] }).revocation[0]!;
    expect(result.source).not.toBe("ocsp");
    expect(status({ ocsp: [answer] })).toBe("unknown");
  });

  it("about another certificate, another issuer, or nothing known are no answer", () => {
    const twin = certificate({ subject: "Người khác", key: testKey(), issuer: issuing });
    expect(status({ ocsp: [ocsp({ ...good, certificate: twin.certificate })] })).toBe("unknown");
    // The serial number is right, the issuer's key is another one's: the status of another CA's certificate.
    expect(status({ ocsp: [ocsp({ ...good, issuer: clone(), responder: issuing })] })).toBe("unknown");
    expect(status({ ocsp: [ocsp({ ...good, status: "unknown" })] })).toBe("unknown");
  });

  it("that are old, from the future, or produced before what they tell are no answer", () => {
    expect(status({ ocsp: [ocsp({ ...good, thisUpdate: "2023-05-01", nextUpdate: "2023-05-02" })] })).toBe("unknown");
    const { nextUpdate: _, ...endless } = good;
    expect(status({ ocsp: [ocsp({ ...endless, thisUpdate: "2023-05-01" })] })).toBe("unknown");
    expect(status({ ocsp: [ocsp({ ...good, thisUpdate: "2023-06-02", nextUpdate: "2023-06-09" })] })).toBe("unknown");
    expect(status({ ocsp: [ocsp({ ...good, producedAt: "2023-06-09" })] })).toBe("unknown");
    expect(status({ ocsp: [ocsp({ ...good, nextUpdate: "2023-05-01" })] })).toBe("unknown");
    // Signed long before the state it tells: a responder that foretells.
    expect(status({ ocsp: [ocsp({ ...good, producedAt: "2021-01-01" })] })).toBe("unknown");
  });

  it("that contradict each other: revoked counts", () => {
    const bad = ocsp({ ...good, status: { revokedAt: "2023-05-20", reason: 1 } });
    const newer = ocsp({ ...good, thisUpdate: "2023-05-31", nextUpdate: "2023-06-09" });
    expect(status({ ocsp: [newer, bad] })).toBe("revoked");
    expect(status({ ocsp: [bad, newer] })).toBe("revoked");
  });
});

describe("certificates that ask for no check", () => {
  const none = ext("2.5.29.56", new Uint8Array([5, 0]));
  it("are believed only as RFC 9608 has it: no CA, and no address where status could be had", () => {
    const short = certificate({ subject: "Ngắn hạn", key: testKey(), issuer: issuing, more: [none] });
    expect(status({ target: short.certificate })).toBe("good");
    const both = certificate({
      subject: "Hai lời",
      key: testKey(),
      issuer: issuing,
      more: [none],
      crlUrl: "http://crl.example/i.crl",
    });
    expect(status({ target: both.certificate })).toBe("unknown");
    const ca = certificate({ subject: "CA tự do", key: testKey(), issuer: root, ca: true, more: [none] });
    const under = certificate({ subject: "Người ký", key: testKey(), issuer: ca });
    const result = validatePath({
      certificate: under.certificate,
      anchors: [trustAnchor(root.certificate)],
      certificates: [ca.certificate],
      time: Date.parse(T),
      crypto: nodeCrypto,
      revocation: { crls: [crl({ issuer: ca, ...current })], ocspResponses: [] },
    });
    expect(result.code).toBe("REVOCATION_UNKNOWN");
  });
});

describe("cost", () => {
  it("of very many lists and answers is bounded", { timeout: 30_000 }, () => {
    const crls = Array.from({ length: 3000 }, (_, i) =>
      crl({ issuer: clone({ key: issuing.key }), ...current, number: i }),
    );
    const start = process.cpuUsage();
    check({ crls, certificates: Array.from({ length: 200 }, () => clone().certificate) });
    const spent = process.cpuUsage(start);
    expect((spent.user + spent.system) / 1000).toBeLessThan(2000);
  });
});
