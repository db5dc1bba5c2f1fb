import { describe, expect, it } from "vitest";
import { certificate, crl, ocsp, testKey } from "../test/pki-builder.ts";
import { nodeCrypto } from "./crypto/node.ts";
import { CertsError } from "./errors.ts";
import { validatePath } from "./path/index.ts";
import { parseCrl, parseOcspResponse } from "./revocation/index.ts";
import { trustAnchor } from "./trust/index.ts";
import { parseCertificate, pemOrDerBlocks } from "./x509/index.ts";

/** mulberry32: the same mutants on every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A copy with some octets changed, a piece cut out, doubled, or the end cut off. */
function mutate(bytes: Uint8Array, next: () => number): Uint8Array {
  const at = Math.floor(next() * bytes.length);
  const length = Math.floor(next() * 12) + 1;
  const kind = Math.floor(next() * 6);
  if (kind === 0) return bytes.slice(0, at);
  if (kind === 1) return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + length)]);
  if (kind === 2) return Uint8Array.from([...bytes.subarray(0, at + length), ...bytes.subarray(at)]);
  const out = bytes.slice();
  const INTERESTING = [0x00, 0x01, 0x7f, 0x80, 0x84, 0xff, 0x30, 0x31, 0xa0, 0x05, 0x06];
  for (let i = 0; i < (kind === 3 ? 1 : 3); i++) {
    const place = Math.floor(next() * out.length);
    out[place] = kind === 4 ? INTERESTING[Math.floor(next() * INTERESTING.length)]! : Math.floor(next() * 256);
  }
  return out;
}

const root = certificate({ subject: "Root", key: testKey(), ca: true, policies: ["2.5.29.32.0"] });
const ca = certificate({
  subject: "CA",
  key: testKey(),
  ca: true,
  issuer: root,
  policies: ["1.2.3.4"],
  mappings: [["1.2.3.4", "1.2.3.5"]],
});
const leaf = certificate({
  subject: "Hà Văn Tý",
  key: testKey(),
  issuer: ca,
  policies: ["1.2.3.5"],
  crlUrl: "http://a.example/",
  ocspUrl: "http://b.example/",
});
const TIME = Date.parse("2023-06-01");
const list = crl({
  issuer: ca,
  thisUpdate: "2023-05-30",
  revoked: [{ certificate: root.certificate, at: "2023-01-01", reason: 1, invalidityDate: "2022-01-01" }],
  expiredCertsOnCrl: "2020-01-01",
});
const answer = ocsp({
  certificate: leaf.certificate,
  issuer: ca,
  thisUpdate: "2023-05-31",
  nextUpdate: "2023-06-02",
  status: "good",
});

/** The value, or null when it was refused; anything but a CertsError is a defect. */
function tolerant<T>(action: () => T): T | null {
  try {
    return action();
  } catch (error) {
    if (error instanceof CertsError) return null;
    throw error;
  }
}

describe("mutants of certificates, CRLs and OCSP responses", () => {
  const RUNS = 4000;

  it("are refused with a code or judged, never crash, and a changed signed octet is never valid", {
    timeout: 60_000,
  }, () => {
    const next = random(20_261_123);
    let judged = 0;
    for (let run = 0; run < RUNS; run++) {
      const pick = run % 4;
      const target =
        pick === 0 ? tolerant(() => parseCertificate(mutate(leaf.certificate.raw, next))) : leaf.certificate;
      const issuer = pick === 1 ? tolerant(() => parseCertificate(mutate(ca.certificate.raw, next))) : ca.certificate;
      const mutatedList = pick === 2 ? tolerant(() => parseCrl(mutate(list.raw, next))) : list;
      const mutatedAnswer = pick === 3 ? tolerant(() => parseOcspResponse(mutate(answer.raw, next))) : answer;
      if (!target || !issuer) continue;
      const result = validatePath({
        certificate: target,
        anchors: [trustAnchor(root.certificate)],
        certificates: [issuer],
        time: TIME,
        crypto: nodeCrypto,
        strictness: run % 2 ? "strict-profile" : "validation",
        revocation: {
          crls: mutatedList ? [mutatedList] : [],
          ocspResponses: pick === 2 ? [] : mutatedAnswer ? [mutatedAnswer] : [],
          required: pick > 1,
        },
      });
      judged++;
      if (result.valid && pick < 2) {
        const changed = pick === 0 ? target : issuer;
        const original = pick === 0 ? leaf.certificate : ca.certificate;
        expect(Buffer.from(changed.tbs).equals(original.tbs)).toBe(true);
      }
      // A good status rests on evidence that says so under an untouched signature.
      if (pick === 3 && mutatedAnswer && result.revocation[0]?.source === "ocsp") {
        expect(Buffer.from(mutatedAnswer.basic!.tbs).equals(answer.basic!.tbs)).toBe(true);
      }
      if (pick === 2 && mutatedList && result.revocation[0]?.source === "crl") {
        expect(Buffer.from(mutatedList.tbs).equals(list.tbs)).toBe(true);
      }
    }
    console.log(`fuzz: ${RUNS} mutants, ${judged} judged`);
    expect(judged).toBeGreaterThan(RUNS / 2);
  });

  it("every octet of a signed certificate counts", { timeout: 60_000 }, () => {
    // Save one: the count of unused bits of the signature, which NIST's own certificates set to other than zero.
    const unusedBits = leaf.certificate.raw.length - leaf.certificate.signature.length - 1;
    for (let i = 0; i < leaf.certificate.raw.length; i++) {
      if (i === unusedBits) continue;
      const bytes = leaf.certificate.raw.slice();
      bytes[i]! ^= 1 << (i % 8);
      const target = tolerant(() => parseCertificate(bytes));
      if (!target) continue;
      const { valid } = validatePath({
        certificate: target,
        anchors: [trustAnchor(root.certificate)],
        certificates: [ca.certificate],
        time: TIME,
        crypto: nodeCrypto,
      });
      expect(valid, `octet ${i}`).toBe(false);
    }
  });

  it("structures built to exhaust are refused quickly", () => {
    const nested = (tag: number, depth: number) =>
      Uint8Array.from([...Array(depth).fill([tag, 0x80]).flat(), ...Array(depth * 2).fill(0)]);
    const hostile = [
      nested(0x30, 100_000),
      nested(0x24, 100_000),
      Uint8Array.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff]),
      Uint8Array.from([0x30, 0x83, 0x0f, 0x42, 0x3c, 0x02, 0x83, 0x0f, 0x42, 0x37, ...Array(999_991).fill(0x55)]),
      new Uint8Array(1_000_000).fill(0x30),
    ];
    const started = performance.now();
    for (const bytes of hostile) {
      expect(tolerant(() => parseCertificate(bytes))).toBeNull();
      expect(tolerant(() => parseCrl(bytes))).toBeNull();
      expect(tolerant(() => parseOcspResponse(bytes))).toBeNull();
      tolerant(() => pemOrDerBlocks(bytes));
    }
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
