import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { certificate, ext, testKey } from "../../test/pki-builder.ts";
import { concatBytes } from "../der/values.ts";
import { der, ia5String, oid, printableString, sequence, setOf, utf8String } from "../der/write.ts";
import { parseCertificate, parseName, pemBlocks, pemOrDerBlocks, pemText, prepareString } from "./index.ts";

const attribute = (type: string, value: Uint8Array) => sequence(oid(type), value);
const CN = "2.5.4.3";
const named = (...rdns: Uint8Array[]) => parseName(sequence(...rdns));
const one = (value: Uint8Array) => named(setOf(attribute(CN, value)));

describe("names", () => {
  it("match across string types, case, white space and composition, never across different letters", () => {
    const base = one(utf8String("Sở Giáo dục An Giang"));
    expect(base.equals(one(utf8String("  sở  GIÁO dục an giang ")))).toBe(true);
    expect(base.equals(one(utf8String("Sở Giáo dục An Giang".normalize("NFD"))))).toBe(true);
    expect(base.equals(one(utf8String("So Giao duc An Giang")))).toBe(false);
    expect(one(printableString("ABC")).equals(one(utf8String("abc")))).toBe(true);
    expect(one(utf8String("Đ")).equals(one(utf8String("D")))).toBe(false);
    expect(one(utf8String("An\u00adGiang")).equals(one(utf8String("AnGiang")))).toBe(true);
  });

  it("do not let a value pass for two attributes", () => {
    const two = named(setOf(attribute(CN, utf8String("a")), attribute("2.5.4.10", utf8String("b"))));
    expect(two.equals(one(utf8String("a+2.5.4.10=1:b")))).toBe(false);
    const sequential = named(setOf(attribute(CN, utf8String("a"))), setOf(attribute("2.5.4.10", utf8String("b"))));
    expect(two.equals(sequential)).toBe(false);
  });

  it("are equal whatever the order inside one RDN", () => {
    const a = attribute(CN, utf8String("a"));
    const b = attribute("2.5.4.10", utf8String("b"));
    expect(named(der(0x31, a, b)).equals(named(der(0x31, b, a)))).toBe(true);
  });

  it("show as RFC 4514 with Vietnamese left readable and tricks escaped", () => {
    const name = named(
      setOf(attribute("2.5.4.6", printableString("VN"))),
      setOf(attribute("2.5.4.10", utf8String("Trường, THCS"))),
      setOf(attribute(CN, utf8String(" Hà\u202eVăn#"))),
      setOf(attribute("0.9.2342.19200300.100.1.25", ia5String("vn"))),
    );
    expect(name.toString()).toBe("DC=vn,CN=\\ Hà\\E2\\80\\AEVăn#,O=Trường\\, THCS,C=VN");
    expect(name.get("O")).toBe("Trường, THCS");
    expect(name.get("OU")).toBeNull();
  });

  it("keep wrongly encoded text apart by its octets", () => {
    const bad = one(der(0x0c, Uint8Array.of(0xff, 0x41)));
    expect(bad.toString()).toBe("CN=#0C02FF41");
    expect(bad.equals(one(der(0x0c, Uint8Array.of(0xff, 0x61))))).toBe(false);
  });

  it("are prepared alike when prepared twice", () => {
    for (const text of ["ẞtraße", "ΣΊΣΥΦΟΣ", "ﬁ", "İ", "K", " a \t b ", "Ǆ", "ᾼ"]) {
      expect(prepareString(prepareString(text))).toBe(prepareString(text));
    }
  });
});

describe("files", () => {
  const { certificate: cert } = certificate({ subject: "Leaf", key: testKey() });
  const pem = (label: string, der: Uint8Array) => pemText({ label, der });
  const bytes = (text: string) => new TextEncoder().encode(text);

  it("give every structure in PEM, DER one after the other, and PKCS #7", () => {
    const text = `subject=…\n${pem("CERTIFICATE", cert.raw)}junk\r\n${pem("X509 CERTIFICATE", cert.raw)}`;
    expect(pemOrDerBlocks(bytes(text))).toEqual([cert.raw, cert.raw]);
    expect(pemOrDerBlocks(concatBytes(cert.raw, cert.raw, bytes("\n")))).toEqual([cert.raw, cert.raw]);
    const signedData = sequence(
      der(2, Uint8Array.of(1)),
      setOf(),
      sequence(oid("1.2.840.113549.1.7.1")),
      der(0xa0, cert.raw, cert.raw),
      setOf(),
    );
    const p7 = sequence(oid("1.2.840.113549.1.7.2"), der(0xa0, signedData));
    expect(pemOrDerBlocks(p7)).toEqual([cert.raw, cert.raw]);
    expect(pemOrDerBlocks(bytes(pem("PKCS7", p7)))).toEqual([cert.raw, cert.raw]);
    expect(pemBlocks(bytes(text)).map((b) => b.label)).toEqual(["CERTIFICATE", "X509 CERTIFICATE"]);
  });

  it("are written as OpenSSL writes them, whatever their length", () => {
    expect(pem("CERTIFICATE", cert.raw)).toBe(new X509Certificate(cert.raw).toString());
    for (const length of [0, 1, 2, 3, 47, 48, 49, 96]) {
      const octets = Uint8Array.from({ length }, (_, i) => 255 - i);
      const text = pem("X", octets);
      expect(text.split("\n").slice(1, -2).join("")).toBe(Buffer.from(octets).toString("base64"));
      expect(pemBlocks(bytes(text))).toEqual([{ label: "X", der: octets }]);
    }
  });

  it("that hold something else are refused", () => {
    expect(() => pemOrDerBlocks(bytes("hello"))).toThrow(expect.objectContaining({ code: "DER_MALFORMED" }));
    expect(() => pemOrDerBlocks(bytes("-----BEGIN CERTIFICATE-----\nAAAA"))).toThrow(
      expect.objectContaining({ code: "DER_MALFORMED" }),
    );
  });
});

describe("certificates", () => {
  it("decode their extensions on demand, so a broken one does not hide the rest", () => {
    const { certificate: c } = certificate({
      subject: "Broken",
      key: testKey(),
      more: [ext("2.5.29.18", sequence()), ext("2.5.29.32", Uint8Array.of(4, 0))],
    });
    expect(c.keyUsage?.has("nonRepudiation")).toBe(true);
    expect(c.issuerAltNames).toEqual([]);
    expect(() => c.certificatePolicies).toThrow(expect.objectContaining({ code: "DER_MALFORMED" }));
  });

  it("with negative and overlong serial numbers are read", () => {
    const { certificate: c } = certificate({ subject: "Negative", key: testKey(), serial: -5 });
    expect(c.serial).toBe("FB");
    expect([...c.serialNumber]).toEqual([0xfb]);
  });

  it("with octets behind them, or cut short, are refused", () => {
    const { certificate: c } = certificate({ subject: "Leaf", key: testKey() });
    for (const bytes of [concatBytes(c.raw, Uint8Array.of(0)), c.raw.subarray(0, -1), new Uint8Array()]) {
      expect(() => parseCertificate(bytes)).toThrow(expect.objectContaining({ code: "CERTIFICATE_MALFORMED" }));
    }
  });
});
