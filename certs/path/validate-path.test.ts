import { describe, expect, it } from "vitest";
import { certificate, ext, nameOf, type TestAuthority, testKey } from "../../test/pki-builder.ts";
import { algorithmPolicies } from "../algorithms/index.ts";
import { nodeCrypto } from "../crypto/node.ts";
import { der, oid, printableString, sequence, setOf, utf8String } from "../der/write.ts";
import { type TrustAnchor, trustAnchor } from "../trust/index.ts";
import { type Certificate, KeyPurpose } from "../x509/index.ts";
import { PathCache, type PathRequest, type PathResult, validatePath } from "./index.ts";

const TIME = Date.parse("2025-06-01T00:00:00Z");
const root = certificate({ subject: "Root", key: testKey(), ca: true });
const ca = certificate({ subject: "CA", key: testKey(), ca: true, issuer: root });
const leaf = certificate({ subject: "Leaf", key: testKey(), issuer: ca });

const validate = (
  target: TestAuthority,
  pool: readonly TestAuthority[],
  request: Partial<PathRequest> = {},
  anchors: readonly TrustAnchor[] = [trustAnchor(root.certificate)],
): PathResult =>
  validatePath({
    certificate: target.certificate,
    anchors,
    certificates: pool.map((a) => a.certificate),
    time: TIME,
    crypto: nodeCrypto,
    ...request,
  });
const subjects = (path: readonly Certificate[]) => path.map((c) => c.subject.get("CN"));

describe("building paths", () => {
  it("goes from leaf to anchor whatever the order of the pool, with a cache as without", () => {
    const cache = new PathCache();
    for (const pool of [[ca], [leaf, ca], [ca, leaf, root]]) {
      for (const request of [{}, { cache }, { cache }]) {
        const result = validate(leaf, pool, request);
        expect(result).toMatchObject({ valid: true, code: "VALID", index: null });
        expect(subjects(result.path)).toEqual(["Leaf", "CA", "Root"]);
      }
    }
  });

  it("says that there is no path, and how far it came", () => {
    expect(validate(leaf, [])).toMatchObject({ code: "NO_PATH", path: [leaf.certificate] });
    const stranger = certificate({ subject: "Stranger", key: testKey(), ca: true });
    const under = certificate({ subject: "Under", key: testKey(), issuer: stranger });
    const result = validate(under, [stranger]);
    expect(result.code).toBe("NO_PATH");
    expect(subjects(result.path)).toEqual(["Under", "Stranger"]);
  });

  it("tells a look-alike, right name and wrong key, from a missing issuer", () => {
    const lookAlike = certificate({ subject: "CA", key: testKey(), ca: true, issuer: root });
    const forged = certificate({ subject: "Forged", key: testKey(), issuer: lookAlike });
    expect(validate(forged, [ca]).code).toBe("SIGNATURE_INVALID");
  });

  it("tries further paths when the likeliest fails", () => {
    const key = testKey();
    const expired = certificate({ subject: "CA2", key, ca: true, issuer: root, notAfter: "2021-01-01" });
    const current = certificate({ subject: "CA2", key, ca: true, issuer: root });
    const end = certificate({ subject: "End", key: testKey(), issuer: current });
    expect(validate(end, [expired, current]).valid).toBe(true);
    const long = certificate({ subject: "CA2", key, ca: true, issuer: ca });
    const notCa = certificate({ subject: "CA2", key, issuer: root, usage: [5] });
    expect(subjects(validate(end, [notCa, long, ca]).path)).toEqual(["End", "CA2", "CA", "Root"]);
  });

  it("follows a change of the root's key through self-issued certificates", () => {
    const newKey = testKey();
    const newWithOld = certificate({ subject: "Root", key: newKey, ca: true, issuer: root });
    const end = certificate({ subject: "End", key: testKey(), issuer: newWithOld });
    const result = validate(end, [newWithOld]);
    expect(result.valid).toBe(true);
    expect(result.path).toHaveLength(3);
  });

  it("ends in bounded work in a mesh of cross-certificates that leads nowhere", () => {
    const keys = Array.from({ length: 14 }, () => testKey());
    const self = keys.map((key, i) => certificate({ subject: `Mesh ${i}`, key, ca: true }));
    const mesh = self.flatMap((issuer, i) =>
      self.flatMap((subject, j) =>
        i === j ? [] : [certificate({ subject: `Mesh ${j}`, key: subject.key, ca: true, issuer })],
      ),
    );
    const end = certificate({ subject: "End", key: testKey(), issuer: self[0]! });
    const started = performance.now();
    expect(["NO_PATH", "WORK_LIMIT_EXCEEDED"]).toContain(validate(end, mesh).code);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it("matches names by their characters, not their encoding", () => {
    const spaced = sequence(
      setOf(sequence(oid("2.5.4.10"), printableString("Ban Co yeu  Chinh phu"))),
      setOf(sequence(oid("2.5.4.3"), utf8String("CƠ QUAN CHỨNG THỰC SỐ".normalize("NFD")))),
    );
    const plain = sequence(
      setOf(sequence(oid("2.5.4.10"), utf8String(" ban co yeu chinh PHU "))),
      setOf(sequence(oid("2.5.4.3"), utf8String("Cơ quan chứng thực số"))),
    );
    const key = testKey();
    const asIssued = certificate({ subject: spaced, key, ca: true, issuer: root });
    const asNamed = certificate({ subject: plain, key, ca: true });
    const end = certificate({ subject: "End", key: testKey(), issuer: asNamed });
    expect(validate(end, [asIssued]).valid).toBe(true);
    const other = certificate({ subject: nameOf("Co quan chung thuc so"), key, ca: true, issuer: root });
    expect(validate(end, [other]).code).toBe("NO_PATH");
  });
});

describe("validating a path", () => {
  it("holds each certificate to its validity, the seconds named included", () => {
    const at = (time: string) => validate(leaf, [ca], { time: Date.parse(time) }).code;
    expect(at("2030-01-01T00:00:00.900Z")).toBe("VALID");
    expect(at("2030-01-01T00:00:01Z")).toBe("EXPIRED");
    expect(at("2019-12-31T23:59:59Z")).toBe("NOT_YET_VALID");
  });

  it("refuses an issuer that is no CA, or whose key may not sign certificates", () => {
    const end = certificate({ subject: "End", key: testKey(), issuer: leaf });
    expect(validate(end, [leaf, ca])).toMatchObject({ code: "NOT_A_CA", index: 1 });
    const mute = certificate({ subject: "Mute", key: testKey(), ca: true, issuer: root, usage: [6] });
    const under = certificate({ subject: "Under", key: testKey(), issuer: mute });
    expect(validate(under, [mute])).toMatchObject({ code: "KEY_USAGE_NOT_ALLOWED", index: 1 });
  });

  it("counts path lengths without self-issued certificates", () => {
    const top = certificate({ subject: "Top", key: testKey(), ca: true, issuer: root, pathLength: 0 });
    const again = certificate({ subject: "Top", key: testKey(), ca: true, issuer: top });
    const end = certificate({ subject: "End", key: testKey(), issuer: again });
    expect(validate(end, [top, again]).valid).toBe(true);
    const below = certificate({ subject: "Below", key: testKey(), ca: true, issuer: top });
    const deep = certificate({ subject: "Deep", key: testKey(), issuer: below });
    expect(validate(deep, [top, below])).toMatchObject({ code: "PATH_TOO_LONG", index: 1 });
  });

  it("keeps purposes of the leaf and of the CAs above it", () => {
    const wants = { purposes: [KeyPurpose.DOCUMENT_SIGNING, KeyPurpose.EMAIL_PROTECTION] };
    const mail = certificate({ subject: "Mail", key: testKey(), issuer: ca, purposes: [KeyPurpose.EMAIL_PROTECTION] });
    const tls = certificate({ subject: "TLS", key: testKey(), issuer: ca, purposes: [KeyPurpose.SERVER_AUTH] });
    expect(validate(mail, [ca], wants).valid).toBe(true);
    expect(validate(leaf, [ca], wants).valid).toBe(true);
    expect(validate(tls, [ca], wants)).toMatchObject({ code: "PURPOSE_NOT_ALLOWED", index: 0 });
    const tlsCa = certificate({
      subject: "TC",
      key: testKey(),
      ca: true,
      issuer: root,
      purposes: [KeyPurpose.SERVER_AUTH],
    });
    const under = certificate({ subject: "Under", key: testKey(), issuer: tlsCa });
    expect(validate(under, [tlsCa], wants)).toMatchObject({ code: "PURPOSE_NOT_ALLOWED", index: 1 });
  });

  it("keeps the window and the purposes of an anchor", () => {
    const within = (limits: Partial<TrustAnchor>, request: Partial<PathRequest> = {}) =>
      validate(leaf, [ca], request, [trustAnchor(root.certificate, limits)]).code;
    expect(within({ validUntil: Date.parse("2025-01-01") })).toBe("ANCHOR_NOT_IN_FORCE");
    expect(within({ validFrom: Date.parse("2026-01-01") })).toBe("ANCHOR_NOT_IN_FORCE");
    expect(within({ validFrom: Date.parse("2025-01-01"), validUntil: Date.parse("2026-01-01") })).toBe("VALID");
    const stamping = { purposes: [KeyPurpose.TIME_STAMPING] };
    expect(within(stamping, { purposes: [KeyPurpose.EMAIL_PROTECTION] })).toBe("ANCHOR_NOT_TRUSTED_FOR_PURPOSE");
    expect(within(stamping, { purposes: [KeyPurpose.TIME_STAMPING] })).toBe("VALID");
  });

  it("does not know an extension that is critical, unless the caller does", () => {
    const odd = certificate({
      subject: "Odd",
      key: testKey(),
      issuer: ca,
      more: [ext("1.3.6.1.4.1.55738.7", Uint8Array.of(5, 0), true)],
    });
    expect(validate(odd, [ca]).code).toBe("UNKNOWN_CRITICAL_EXTENSION");
    expect(validate(odd, [ca], { recognizedExtensions: ["1.3.6.1.4.1.55738.7"] }).valid).toBe(true);
    const twice = certificate({
      subject: "Twice",
      key: testKey(),
      issuer: ca,
      more: [ext("1.2.3.4", Uint8Array.of(5, 0)), ext("1.2.3.4", Uint8Array.of(5, 0))],
    });
    expect(validate(twice, [ca]).code).toBe("DUPLICATE_EXTENSION");
    const broken = certificate({
      subject: "Broken",
      key: testKey(),
      issuer: ca,
      more: [ext("2.5.29.32", Uint8Array.of(4, 0))],
    });
    expect(validate(broken, [ca]).code).toBe("EXTENSION_MALFORMED");
  });

  it("reports weak algorithms as facts, and refuses them when the policy says so", () => {
    const dated = { ...algorithmPolicies["etsi-ts-119-312"], keys: { ed25519: [{ minBits: 0, until: "2024-01-01" }] } };
    const advisory = validate(leaf, [ca], { algorithms: dated, algorithmsAdvisory: true });
    expect(advisory.valid).toBe(true);
    expect(advisory.algorithmFindings).toContainEqual({
      index: 0,
      use: "key",
      algorithm: "ed25519-256",
      until: Date.parse("2024-01-01"),
    });
    expect(validate(leaf, [ca], { algorithms: dated }).code).toBe("ALGORITHM_NOT_ACCEPTABLE");
    expect(validate(leaf, [ca], { algorithms: dated, algorithmTime: Date.parse("2023-01-01") }).valid).toBe(true);
  });

  it("keeps name constraints on directory names and mailboxes", () => {
    const mailboxes = der(0x81, new TextEncoder().encode("edu.vn"));
    const permitted = der(0xa0, sequence(der(0xa4, nameOf("Trường A"))), sequence(mailboxes));
    const constrained = certificate({
      subject: "Constrained",
      key: testKey(),
      ca: true,
      issuer: root,
      more: [ext("2.5.29.30", sequence(permitted), true)],
    });
    const mail = (address: string) => ext("2.5.29.17", sequence(der(0x81, new TextEncoder().encode(address))));
    const issue = (subject: string, address: string) =>
      validate(certificate({ subject, key: testKey(), issuer: constrained, more: [mail(address)] }), [constrained])
        .code;
    expect(issue("TRƯỜNG A", "a@edu.vn")).toBe("VALID");
    expect(issue("Trường B", "a@edu.vn")).toBe("NAME_NOT_PERMITTED");
    expect(issue("Trường A", "a@sub.edu.vn")).toBe("NAME_NOT_PERMITTED");
    expect(issue("Trường A", "a@b@edu.vn")).toBe("NAME_NOT_COMPARABLE");
  });

  it("judges a policy that maps to many policies at every step in polynomial time", () => {
    const all = Array.from({ length: 60 }, (_, i) => `1.3.6.1.4.1.55738.9.${i}`);
    const mappings = all.flatMap((a) => all.map((b) => [a, b] as const));
    let issuer = root;
    const chain: TestAuthority[] = [];
    for (let i = 0; i < 12; i++) {
      issuer = certificate({ subject: `P${i}`, key: testKey(), ca: true, issuer, policies: all, mappings });
      chain.push(issuer);
    }
    const end = certificate({ subject: "End", key: testKey(), issuer, policies: [all[0]!] });
    const started = performance.now();
    const result = validate(end, chain, { explicitPolicy: true, policies: [all[3]!] });
    expect(result).toMatchObject({ valid: true, policies: [all[3]] });
    expect(validate(end, chain, { explicitPolicy: true, policies: ["1.2.3"] }).code).toBe("POLICY_NOT_ACCEPTABLE");
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it("takes a leaf that is itself an anchor, within what its anchor allows", () => {
    const result = validate(leaf, [], {}, [trustAnchor(leaf.certificate)]);
    expect(result).toMatchObject({ valid: true, path: [leaf.certificate] });
    const late = validate(leaf, [], { time: Date.parse("2031-01-01") }, [trustAnchor(leaf.certificate)]);
    expect(late.code).toBe("EXPIRED");
  });
});
