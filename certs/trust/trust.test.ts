import { describe, expect, it } from "vitest";
import { certificate, testKey } from "../../test/pki-builder.ts";
import { nodeCrypto } from "../crypto/node.ts";
import { concatBytes } from "../der/values.ts";
import { der, oid, sequence, utf8String } from "../der/write.ts";
import { KeyPurpose } from "../x509/index.ts";
import { checkPins, parseTrustAnchors, type TrustPin, trustPins } from "./index.ts";

const { certificate: root } = certificate({ subject: "Root", key: testKey(), ca: true });
const { certificate: other } = certificate({ subject: "Root", key: testKey(), ca: true });
const pem = (label: string, body: Uint8Array) =>
  new TextEncoder().encode(
    `-----BEGIN ${label}-----\n${Buffer.from(body).toString("base64")}\n-----END ${label}-----\n`,
  );
const pin: TrustPin = {
  id: "test-root",
  sha256: root.fingerprint(nodeCrypto),
  kind: "root",
  urls: [],
  crlUrls: [],
  hierarchy: "vgca-g2",
};

describe("pins", () => {
  it("let the pinned certificate in, from a bundle too, and nothing that merely looks like it", () => {
    expect(checkPins(root.raw, pin, nodeCrypto).map((f) => f.pin.id)).toEqual(["test-root"]);
    const bundle = concatBytes(pem("CERTIFICATE", other.raw), pem("CERTIFICATE", root.raw));
    expect(checkPins(bundle, null, nodeCrypto, [pin]).map((f) => f.certificate.serial)).toEqual([root.serial]);
    expect(() => checkPins(other.raw, pin, nodeCrypto)).toThrow(
      expect.objectContaining({ code: "TRUST_PIN_MISMATCH" }),
    );
    expect(() => checkPins(other.raw, null, nodeCrypto)).toThrow(
      expect.objectContaining({ code: "TRUST_PIN_MISMATCH" }),
    );
  });

  it("that are shipped are fingerprints of SHA-256 under names of their own", () => {
    expect(trustPins.filter((p) => !/^[0-9A-F]{64}$/.test(p.sha256))).toEqual([]);
    expect(new Set(trustPins.map((p) => p.id)).size).toBe(trustPins.length);
    expect(new Set(trustPins.map((p) => p.sha256)).size).toBe(trustPins.length);
    for (const url of trustPins.flatMap((p) => [...p.urls, ...p.crlUrls]))
      expect(new URL(url).hostname).toMatch(/\.vn$/);
  });
});

describe("trust anchors", () => {
  it("come from PEM, DER and bundles, without limits", () => {
    const bundle = concatBytes(pem("CERTIFICATE", root.raw), pem("X509 CERTIFICATE", other.raw));
    expect(parseTrustAnchors(bundle).map((a) => a.certificate.serial)).toEqual([root.serial, other.serial]);
    expect(parseTrustAnchors(root.raw)).toMatchObject([{ purposes: null, rejectedPurposes: [], validFrom: null }]);
  });

  it("take purposes from OpenSSL's trusted form", () => {
    const aux = sequence(
      sequence(oid(KeyPurpose.TIME_STAMPING)),
      der(0xa0, oid(KeyPurpose.SERVER_AUTH)),
      utf8String("TSA"),
    );
    const [anchor] = parseTrustAnchors(pem("TRUSTED CERTIFICATE", concatBytes(root.raw, aux)));
    expect(anchor).toMatchObject({
      purposes: [KeyPurpose.TIME_STAMPING],
      rejectedPurposes: [KeyPurpose.SERVER_AUTH],
      label: "TSA",
    });
  });
});
