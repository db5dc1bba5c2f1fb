import { nodeCrypto } from "@hocba/certs/crypto/node";
import { readElement, readWhole } from "@hocba/certs/der";
import {
  type DevPki,
  Eku,
  type IssueRequest,
  type SigningKey,
  signingKey,
  startDevPki,
  TimestampAuthority,
} from "@hocba/certs/dev-pki";
import { buildTimestampRequest } from "@hocba/signatures/timestamps";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encode, type TranscriptScene, transcriptScene, unsignedTranscript } from "./transcript-scene.ts";

/*
 * The attacker holds a seal whose certificate was revoked yesterday. What he wants is a stamp of the day before, which would prove
 * that he signed in time. He has a TSA of his own, certificates of this hierarchy that are meant for something else, and
 * genuine stamps of other signatures.
 */
const DAY = 86_400_000;
let scene: TranscriptScene;
let evil: DevPki;
beforeAll(async () => {
  scene = await transcriptScene();
  evil = await startDevPki({ keyBits: 2048 });
}, 60_000);
afterAll(async () => {
  await scene.close();
  await evil.close();
});

interface Stamper {
  certificate: Uint8Array;
  key: SigningKey;
  chain: readonly Uint8Array[];
}

async function stamper(pki: DevPki, more: Partial<IssueRequest> = {}): Promise<Stamper> {
  const leaf = await pki.issueLeaf({
    subject: { organization: "Ban Cơ yếu", commonName: "Máy chủ cấp dấu thời gian 03" },
    keyType: "ec-p256",
    issuer: "root",
    basicConstraints: { ca: false },
    keyUsage: ["digitalSignature"],
    extendedKeyUsage: { purposes: [Eku.timeStamping], critical: true },
    notBefore: new Date(Date.now() - 30 * DAY),
    ...more,
  });
  return { certificate: leaf.certificate, key: signingKey(leaf.privateKey), chain: [pki.root.certificate] };
}

/** A token over the octets by whoever, at whatever time. */
async function token(
  octets: Uint8Array,
  by: Stamper,
  at = new Date(),
  digestAlgorithm: "sha256" | "sha1" = "sha256",
): Promise<Uint8Array> {
  const authority = new TimestampAuthority({ ...by, policy: "1.2.3.4", clock: () => at });
  const digest = nodeCrypto.digest(digestAlgorithm, octets);
  const answer = await authority.respond(
    buildTimestampRequest({ digestAlgorithm, digest, nonce: new Uint8Array([1, 2, 3]), certReq: true }),
  );
  return readWhole(answer).children()[1]!.raw;
}

/** Signed by the whole chain, the seal's stamp made by `make`. */
const sealed = (make: (octets: Uint8Array) => Promise<Uint8Array | null>) =>
  scene.signAll(unsignedTranscript(), {
    token: (octets, { id }) => (id === "seal" ? make(octets) : scene.stamp(octets)),
  });
async function seal(make: (octets: Uint8Array) => Promise<Uint8Array | null>, more: object = {}) {
  const report = scene.verify(await sealed(make), more);
  return { ...report.signatures.at(-1)!, document: report };
}
const proven = async (by: Stamper, at?: Date) => (await seal((octets) => token(octets, by, at))).bestSignatureTime;

describe("the honest twin", () => {
  it("proves the time by an authority of the hierarchy", async () => {
    const at = new Date(Math.floor((Date.now() - 60_000) / 1000) * 1000);
    expect(await proven(await stamper(scene.pki), at)).toBe(at.toISOString());
  });
});

describe("authorities that are none", () => {
  it("prove nothing: another hierarchy's, a stranger's of the same name, a signer's own certificate", async () => {
    expect(await proven(await stamper(evil))).toBe(null);
    const own = scene.leaves.get("seal")!;
    expect(await proven({ certificate: own.certificate, key: signingKey(own.privateKey), chain: [] })).toBe(null);
  });

  // RFC 3161 §2.3: one purpose, and critical. A certificate for everything is no authority's.
  it("prove nothing without the purpose, with others beside it, or when it is not critical", async () => {
    const purposes = (...list: string[]) => ({ extendedKeyUsage: { purposes: list, critical: true } });
    expect(await proven(await stamper(scene.pki, { extendedKeyUsage: null }))).toBe(null);
    expect(await proven(await stamper(scene.pki, purposes(Eku.emailProtection)))).toBe(null);
    expect(await proven(await stamper(scene.pki, purposes("2.5.29.37.0")))).toBe(null);
    expect(await proven(await stamper(scene.pki, purposes(Eku.timeStamping, Eku.clientAuth)))).toBe(null);
    expect(
      await proven(await stamper(scene.pki, { extendedKeyUsage: { purposes: [Eku.timeStamping], critical: false } })),
    ).toBe(null);
    expect(await proven(await stamper(scene.pki, { keyUsage: ["keyEncipherment"] }))).toBe(null);
  });
});

describe("times that an authority cannot vouch for", () => {
  it("prove nothing before the authority's certificate began, or after it ended", async () => {
    const young = await stamper(scene.pki, { notBefore: new Date(Date.now() - 2 * DAY) });
    expect(await proven(young, new Date(Date.now() - 10 * DAY))).toBe(null);
    const old = await stamper(scene.pki, {
      notBefore: new Date(Date.now() - 20 * DAY),
      notAfter: new Date(Date.now() - 10 * DAY),
    });
    expect(await proven(old)).toBe(null);
  });

  it("prove nothing in the future", async () => {
    const by = await stamper(scene.pki);
    expect(await proven(by, new Date(Date.now() + 2 * DAY))).toBe(null);
  });

  it("prove nothing once the authority's key is known to have been lost, whenever it stamped", async () => {
    const by = await stamper(scene.pki);
    const serial = (await import("@hocba/certs/x509")).parseCertificate(by.certificate).serial;
    const text = await sealed((octets) => token(octets, by));
    expect(scene.verify(text).signatures.at(-1)!.bestSignatureTime).not.toBe(null);
    scene.pki.revoke(serial, "keyCompromise", new Date(Date.now() + 60_000));
    const crls = [await scene.pki.crl("root"), await scene.pki.crl("issuing")];
    const later = { time: new Date(Date.now() + 3_600_000), crls };
    expect(scene.verify(text, later).signatures.at(-1)!.bestSignatureTime).toBe(null);
  });

  it("never pass a signature whose stamp is older than its certificate", async () => {
    const by = await stamper(scene.pki);
    const at = new Date(Date.now() - 5 * DAY);
    const { document, ...report } = await seal((octets) => token(octets, by, at));
    expect(report).toMatchObject({ indication: "TOTAL-FAILED", subIndication: "NOT_YET_VALID" });
    expect(document.indication).toBe("TOTAL-FAILED");
  });
});

describe("tokens over something else, or not quite tokens", () => {
  it("prove nothing and fail the step: another signature's, another digest's, a forged value, an empty one", async () => {
    const by = await stamper(scene.pki);
    const broken = async (make: (octets: Uint8Array) => Promise<Uint8Array>) => {
      const { document, ...report } = await seal(make);
      expect(report.bestSignatureTime).toBe(null);
      expect(document.indication).toBe("TOTAL-FAILED");
    };
    await broken(() => token(encode("chữ ký khác"), by));
    await broken(async (octets) => {
      const forged = (await token(octets, by)).slice();
      forged[forged.length - 5]! ^= 1;
      return forged;
    });
    // The token's own content exchanged for one of another time: the digest no longer holds.
    await broken(async (octets) => {
      const genuine = await token(octets, by);
      const text = Buffer.from(genuine).toString("latin1");
      const at = text.search(/20\d{12}Z/);
      return new Uint8Array(Buffer.from(`${text.slice(0, at)}2020${text.slice(at + 4)}`, "latin1"));
    });
    await broken(async () => encode("không phải dấu thời gian"));
  });

  it("prove nothing with a digest of the past", async () => {
    const by = await stamper(scene.pki);
    const strict = { policy: "etsi-baseline" } as const;
    const report = await seal((octets) => token(octets, by, new Date(), "sha1"), strict);
    expect(report.bestSignatureTime).toBe(null);
    // Official stamps have SHA-1 imprints: the policy for them says until when.
    expect((await seal((octets) => token(octets, by, new Date(), "sha1"))).bestSignatureTime).not.toBe(null);
    const after2030 = { time: new Date("2030-06-01T00:00:00Z") };
    expect((await seal((octets) => token(octets, by, new Date(), "sha1"), after2030)).bestSignatureTime).toBe(null);
  });

  it("prove nothing with several signers", async () => {
    const by = await stamper(scene.pki);
    const { document: _, ...report } = await seal(async (octets) => doubleSigner(await token(octets, by)));
    expect(report.bestSignatureTime).toBe(null);
  });
});

/** The same SignerInfo twice in the SET. */
function doubleSigner(der: Uint8Array): Uint8Array {
  const info = readElement(der, 0).children();
  const signedData = info[1]!.child();
  const parts = signedData.children();
  const signers = parts.at(-1)!;
  const signer = signers.child().raw;
  const tlv = (tag: number, content: Uint8Array): Uint8Array => {
    const n = content.length;
    const head = n < 128 ? [tag, n] : n < 256 ? [tag, 0x81, n] : [tag, 0x82, n >> 8, n & 255];
    return new Uint8Array([...head, ...content]);
  };
  const joined = (...list: Uint8Array[]) => new Uint8Array(Buffer.concat(list));
  const set = tlv(0x31, joined(signer, signer));
  return tlv(0x30, joined(info[0]!.raw, tlv(0xa0, tlv(0x30, joined(...parts.slice(0, -1).map((p) => p.raw), set)))));
}

describe("a seal that was revoked", () => {
  it("is saved by a genuine stamp of before, and by no other", async () => {
    const text = await scene.signAll(unsignedTranscript());
    const without = await sealed(async () => null);
    const serial = scene.leaves.get("seal")!.serial;
    scene.pki.revoke(serial, "keyCompromise", new Date(Date.now() + 60_000));
    const crls = [await scene.pki.crl("root"), await scene.pki.crl("issuing")];
    const later = { time: new Date(Date.now() + 3_600_000), crls };
    expect(scene.verify(text, later).indication).toBe("TOTAL-PASSED");
    expect(scene.verify(without, later)).toMatchObject({
      indication: "INDETERMINATE",
      subIndication: "REVOKED_NO_POE",
    });
    const forger = await stamper(evil);
    const backdated = await sealed((octets) => token(octets, forger, new Date(Date.now() - 60_000)));
    expect(scene.verify(backdated, later).indication).not.toBe("TOTAL-PASSED");
  });
});
