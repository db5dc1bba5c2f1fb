import { C14N_10, encodeBase64 } from "@hocba/signatures/xml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  appended,
  DS,
  encode,
  errorsOf,
  reference,
  signatureIn,
  type TranscriptScene,
  transcriptScene,
  unsignedTranscript,
  XADES,
} from "./transcript-scene.ts";

const C14N_WITH_COMMENTS = `${C14N_10}#WithComments`;
const SEAL = "PHAT_HANH_HOC_BA/KY_PHAT_HANH";
const PRINCIPAL = "PHAT_HANH_HOC_BA/DANH_SACH_CBQL/CBQL";
const GVCN = "DU_LIEU_HOC_BA/DANH_SACH_THONG_TIN_KY/GVCN";

let scene: TranscriptScene;
let signed: string;
let unsealed: string;
/** Everything signed but for the principal and the seal. */
let half: string;
beforeAll(async () => {
  scene = await transcriptScene();
  signed = await scene.signAll(unsignedTranscript());
  unsealed = await scene.signAll(unsignedTranscript(), { skip: ["seal"] });
  half = await scene.signAll(unsignedTranscript(), { skip: ["principal", "seal"] });
}, 60_000);
afterAll(() => scene.close());

/** Never valid; and where codes are named, for one of these reasons. */
function refused(text: string | Uint8Array, ...codes: string[]) {
  const report = scene.verify(text);
  expect(report.indication).not.toBe("TOTAL-PASSED");
  if (codes.length > 0)
    expect(
      codes.some((code) => errorsOf(report).includes(code)),
      `${report.indication} ${errorsOf(report)}`,
    ).toBe(true);
  return report;
}
function accepted(text: string | Uint8Array) {
  const report = scene.verify(text);
  expect([report.indication, errorsOf(report)]).toEqual(["TOTAL-PASSED", []]);
  return report;
}
const inserted = (text: string, before: string, what: string) => {
  const at = text.lastIndexOf(before);
  expect(at).toBeGreaterThan(0);
  return text.slice(0, at) + what + text.slice(at);
};

describe("the honest twin", () => {
  it("is valid, as signed and as a copy saved with a byte order mark and a declaration", () => {
    accepted(signed);
    accepted(`\ufeff<?xml version="1.0" encoding="UTF-8"?>\n${signed}\n`);
    accepted(signed.replace("<HO_VA_TEN>", "<HO_VA_TEN><!-- không ai ký lời bình -->"));
  });

  // The hand-made signature is what the insider tests below rest on: made honestly it must pass.
  it("is valid with the seal's signature made by hand in plain XMLDSig", () => {
    accepted(scene.signByHand(unsealed, SEAL, scene.leaves.get("seal")!, { references: reference("#data") }));
  });
});

describe("content that a program shows and nobody signed", () => {
  // The attacker cannot sign. He keeps the genuine block where the reference by Id finds it and puts a forged one where the profile,
  // or a program that goes by names, looks for it.
  it("refuses the genuine data moved aside and forged data in its place", () => {
    const data = /<DU_LIEU_HOC_BA .*<\/DU_LIEU_HOC_BA>/s.exec(signed)![0];
    const forged = data
      .replace('Id="data"', "")
      .replaceAll(/ Id="(?:mon|thong|gvbm)[^"]*"/g, "")
      .replace("7.8", "9.8");
    for (const home of [
      (d: string) => signed.replace(data, forged + d),
      (d: string) => signed.replace(data, forged).replace("<KY_PHAT_HANH>", `<KY_PHAT_HANH><CU>${d}</CU>`),
      (d: string) => inserted(signed.replace(data, forged), "</ds:Signature>", `<ds:Object>${d}</ds:Object>`),
      (d: string) => inserted(signed.replace(data, forged), "</ds:KeyInfo>", d),
    ])
      refused(home(data));
  });

  it("refuses a second element with the Id of a signed one, by whichever spelling, and wherever", () => {
    for (const name of ["Id", "ID", "id", "xml:id", "AssertionID"])
      for (const place of ["<PHAT_HANH_HOC_BA>", "<KY_PHAT_HANH>"])
        refused(signed.replace(place, `${place}<X ${name}="data"/>`));
    for (const id of ["data", "thongtinhocba", "mon-19"])
      refused(inserted(signed, "</ds:Signature>", `<ds:Object Id="${id}"><X/></ds:Object>`));
    // By a character reference: the parser reads the same Id.
    refused(signed.replace("<PHAT_HANH_HOC_BA>", '<PHAT_HANH_HOC_BA><X Id="d&#x61;ta"/>'));
  });

  it("refuses a result told by the name of an empty element or by an Id", () => {
    for (const forged of [
      "<HOC_SINH_GIOI/>",
      '<X Id="hoc-sinh-gioi-toan-quoc"/>',
      '<GVBM Id="Học sinh giỏi"/>',
      "<DUOC_LEN_LOP></DUOC_LEN_LOP>",
    ])
      refused(signed.replace("<DANH_SACH_CBQL>", `${forged}<DANH_SACH_CBQL>`), "HOCBA_UNSIGNED_CONTENT");
  });

  // The document element and the holders of the last signatures lie outside of what is signed: attributes can be added to them.
  it("refuses attributes that nobody signed on the elements around the signed ones, and admits the known ones", () => {
    for (const [tag, forged] of [
      ["<HOC_BA ", '<HOC_BA xepLoai="Giỏi" '],
      ["<HOC_BA ", '<HOC_BA xml:lang="en" '],
      ["<HOC_BA ", '<HOC_BA xml:base="http://evil.example/" '],
      ["<HOC_BA ", '<HOC_BA Id="Học sinh giỏi" '],
      ["<PHAT_HANH_HOC_BA>", '<PHAT_HANH_HOC_BA ngay="2026-06-01">'],
      ["<KY_PHAT_HANH>", '<KY_PHAT_HANH nguoiKy="Bộ trưởng">'],
      ["<CBQL>", '<CBQL chucVu="Giám đốc Sở">'],
      ['phienBan="1.0"', 'phienBan="1.0, học sinh giỏi"'],
    ] as const) {
      expect(signed).toContain(tag);
      refused(signed.replace(tag, forged), "HOCBA_UNSIGNED_CONTENT");
    }
    accepted(signed.replace(' phienBan="1.0"', ""));
    accepted(signed.replace('phienBan="1.0"', 'phienBan="1.1"'));
  });

  // A browser that is handed the file applies the style sheet and shows whatever it says; Windows opens it with the program named.
  it("refuses instructions to programs that nobody signed: style sheets, applications", () => {
    for (const pi of [
      '<?xml-stylesheet type="text/xsl" href="http://evil.example/x.xsl"?>',
      '<?xml-stylesheet type="text/css" href="data:text/css,HO_VA_TEN{display:none}"?>',
      '<?mso-application progid="Word.Document"?>',
    ]) {
      refused(pi + signed, "XML_UNSIGNED_INSTRUCTION");
      refused(`<?xml version="1.0"?>${pi}${signed}`, "XML_UNSIGNED_INSTRUCTION");
      refused(signed.replace("<KY_PHAT_HANH>", `<KY_PHAT_HANH>${pi}`), "XML_UNSIGNED_INSTRUCTION");
      refused(inserted(signed, "</ds:Signature>", `<ds:Object>${pi}</ds:Object>`), "XML_UNSIGNED_INSTRUCTION");
    }
  });

  // Opened in a browser, elements in the namespaces of XHTML and SVG are drawn, and scripts in them run.
  it("refuses web content inside a signature's object, in whatever namespace browsers draw", () => {
    for (const object of [
      '<h:h1 xmlns:h="http://www.w3.org/1999/xhtml">Học sinh giỏi</h:h1>',
      '<h:script xmlns:h="http://www.w3.org/1999/xhtml" src="http://evil.example/x.js"/>',
      '<s:svg xmlns:s="http://www.w3.org/2000/svg" onload="alert(1)"/>',
      "Học sinh giỏi toàn diện",
      "<SigningTime>Học sinh giỏi</SigningTime>",
      "<ds:Manifest>Học sinh giỏi</ds:Manifest>",
    ])
      refused(inserted(signed, "</ds:Signature>", `<ds:Object>${object}</ds:Object>`), "HOCBA_UNSIGNED_CONTENT");
  });

  it("refuses text split, entities and sections that read otherwise than they were signed", () => {
    refused(signed.replace("7.8", "<![CDATA[9]]>.8"));
    refused(signed.replace("7.8", "9&#46;8"));
    refused(`<!DOCTYPE HOC_BA [<!ENTITY d "9.8">]>${signed.replace("7.8", "&d;")}`);
    refused(signed.replace("7.8", "7.8<?x 9.9?>"));
    refused(signed.replace("7.8", "7.8\u0000"));
    // The same characters written otherwise are the same content.
    accepted(signed.replace("7.8", "<![CDATA[7]]>&#46;8"));
  });
});

describe("namespaces and what surrounds the signed part", () => {
  it("refuses namespaces laid around or under the signed part", () => {
    refused(signed.replace("<HOC_BA ", '<HOC_BA xmlns="urn:x" '));
    refused(signed.replace("<DU_LIEU_HOC_BA ", '<DU_LIEU_HOC_BA xmlns="urn:x" '));
    refused(signed.replace("<CA_NAM>7.8</CA_NAM>", '<CA_NAM xmlns="urn:x">7.8</CA_NAM>'));
    refused(signed.replace(`<ds:Signature xmlns:ds="${DS}"`, '<ds:Signature xmlns:ds="urn:x"'));
    refused(signed.replace("<THONG_TIN_HOC_BA ", '<THONG_TIN_HOC_BA xml:space="preserve" '));
  });

  it("refuses encodings that are not what they say", () => {
    refused(`<?xml version="1.0" encoding="ISO-8859-1"?>${signed}`);
    refused(`<?xml version="1.0" encoding="UTF-16"?>${signed}`);
    refused(`<?xml version="1.1"?>${signed}`);
    const utf16 = new Uint8Array(Buffer.from(`\ufeff${signed.replace("7.8", "9.8")}`, "utf16le"));
    refused(utf16);
    accepted(new Uint8Array(Buffer.from(`\ufeff${signed}`, "utf16le")));
    refused(new Uint8Array(Buffer.from(signed, "utf16le")));
    const broken = encode(signed);
    broken[signed.indexOf("7.8")] = 0xff;
    refused(broken);
  });
});

describe("insiders: a signer with a genuine certificate who signs something else than what is asked", () => {
  const seal = () => scene.leaves.get("seal")!;
  const sealed = (references: string, more: object = {}) =>
    scene.signByHand(unsealed, SEAL, seal(), { references, ...more });

  it("refuses a seal over less, more, or nothing of the data", () => {
    for (const references of [
      reference("#thongtinhocba"),
      reference("#mon-19"),
      reference("#gvbm-19"),
      reference("#data") + reference("#mon-19"),
      reference("#sig-principal"),
      reference(null),
      reference("http://127.0.0.1:1/data"),
      reference("data:text/xml,a"),
      reference("#khong-co"),
      reference("#xpointer(/)"),
      reference("#xpointer(id('thongtinhocba'))"),
      reference("", { transforms: `<ds:Transform Algorithm="${DS}enveloped-signature"/>` }),
    ])
      refused(sealed(references));
  });

  it("takes an XPointer to the whole data for what it is, comments signed or not", () => {
    accepted(sealed(reference("#xpointer(id('data'))")));
    accepted(
      sealed(reference("#xpointer(id('data'))", { transforms: `<ds:Transform Algorithm="${C14N_WITH_COMMENTS}"/>` })),
    );
    // Signed comments cannot be changed; unsigned ones say nothing.
    const text = sealed(
      reference("#xpointer(id('data'))", { transforms: `<ds:Transform Algorithm="${C14N_WITH_COMMENTS}"/>` }),
    );
    refused(text.replace("<HO_VA_TEN>", "<HO_VA_TEN><!-- x -->"));
  });

  // He signs a projection of the data that leaves the marks out, and changes them at leisure.
  it("refuses transforms that leave out a part of what is referenced", () => {
    const xpath = (text: string) =>
      `<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>${text}</ds:XPath></ds:Transform>`;
    const filter2 = (...filters: readonly [string, string][]) =>
      `<ds:Transform Algorithm="http://www.w3.org/2002/06/xmldsig-filter2">${filters
        .map(([f, x]) => `<f:XPath xmlns:f="http://www.w3.org/2002/06/xmldsig-filter2" Filter="${f}">${x}</f:XPath>`)
        .join("")}</ds:Transform>`;
    for (const transforms of [
      xpath("not(ancestor-or-self::CA_NAM)"),
      xpath("not(self::text())"),
      xpath("not(parent::CA_NAM and self::text())"),
      xpath("false()"),
      filter2(["subtract", "//CA_NAM"]),
      filter2(["intersect", "//lyLich"]),
      filter2(["subtract", "/"], ["union", "//lyLich"]),
      filter2(["subtract", "//@Id"]),
      `<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"><x/></ds:Transform>`,
      `<ds:Transform Algorithm="urn:own"/>`,
      '<ds:Transform Algorithm="http://www.w3.org/2001/04/xmldsig-more/xptr"><x:XPointer xmlns:x="http://www.w3.org/2001/04/xmldsig-more/xptr">xpointer(id(\'mon-15\'))</x:XPointer></ds:Transform>',
    ])
      refused(sealed(reference("#data", { transforms })), "HOCBA_WRONG_REFERENCE", "XML_TRANSFORM_REFUSED");
    refused(sealed(reference("#data", { transforms: `<ds:Transform Algorithm="${DS}base64"/>` })));
    accepted(sealed(reference("#data", { transforms: xpath("true()") })));
    accepted(sealed(reference("#data", { transforms: filter2(["intersect", "//DU_LIEU_HOC_BA"]) })));
    accepted(sealed(reference("#data", { transforms: filter2(["subtract", "//KHONG_CO"], ["union", "//MA_HOC_BA"]) })));
  });

  // The seal's key signs a manifest, and the manifest says anything.
  it("refuses a manifest in place of the data, whole or broken", () => {
    const manifest = (digest: string) =>
      `<ds:Object Id="o"><ds:Manifest Id="m"><ds:Reference URI="#data"><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue>${digest}</ds:DigestValue></ds:Reference></ds:Manifest></ds:Object>`;
    for (const type of [`${DS}Manifest`, undefined])
      refused(sealed(reference("#m", type ? { type } : {}), { objects: manifest(encodeBase64(new Uint8Array(32))) }));
    // Beside a good reference a broken manifest is told too.
    refused(
      sealed(reference("#data") + reference("#m", { type: `${DS}Manifest` }), {
        objects: manifest(encodeBase64(new Uint8Array(32))),
      }),
      "HASH_MISMATCH",
    );
    // One reference beyond what is looked at: nothing may go unjudged.
    const many = manifest("").replace(
      "<ds:DigestValue></ds:DigestValue></ds:Reference>",
      "<ds:DigestValue>AAAA</ds:DigestValue></ds:Reference>",
    );
    const one = /<ds:Reference .*<\/ds:Reference>/s.exec(many)![0];
    refused(
      sealed(reference("#data") + reference("#m", { type: `${DS}Manifest` }), {
        objects: many.replace(one, one.replace("#data", "#x").repeat(2001)),
      }),
    );
  });

  it("refuses weak digests, shared secrets and bare keys", () => {
    refused(sealed(reference("#data", { digestMethod: `${DS}sha1` })), "DIGEST_WEAK");
    refused(sealed(reference("#data", { digestMethod: "http://www.w3.org/2001/04/xmldsig-more#md5" })), "DIGEST_WEAK");
    refused(sealed(reference("#data", { digestMethod: "urn:none" })));
    refused(sealed(reference("#data"), { method: "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256" }));
    refused(sealed(reference("#data"), { method: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" }));
    refused(sealed(reference("#data"), { keyInfo: "<ds:KeyInfo><ds:KeyName>x</ds:KeyName></ds:KeyInfo>" }));
    refused(sealed(reference("#data"), { keyInfo: "" }));
  });

  it("refuses a signature inside what it signs", () => {
    const inside = scene.signByHand(unsealed.replace("<KY_PHAT_HANH/>", ""), "DU_LIEU_HOC_BA", seal(), {
      references: reference("#data", { transforms: `<ds:Transform Algorithm="${DS}enveloped-signature"/>` }),
    });
    refused(inside);
    const homeroom = scene.signByHand(
      half.replace(signatureIn(half, "homeroom-teacher"), ""),
      "DU_LIEU_HOC_BA/THONG_TIN_HOC_BA",
      scene.leaves.get("homeroom-teacher")!,
      {
        references: reference("#thongtinhocba", { transforms: `<ds:Transform Algorithm="${DS}enveloped-signature"/>` }),
      },
    );
    refused(homeroom);
  });

  // An insider wraps a second result into an object of his own signature, which his own reference covers: signed it is, but by one
  // teacher and not by the school.
  it("refuses results that only a signer's own object holds", () => {
    const fake =
      '<ds:Object Id="own"><DIEM_TONG_KET><MA_MON_HOC>19</MA_MON_HOC><CA_NAM>9.9</CA_NAM></DIEM_TONG_KET></ds:Object>';
    refused(sealed(reference("#data") + reference("#own"), { objects: fake }));
  });
});

describe("the properties of XAdES", () => {
  const properties = (id: string, target = "#sig-hand", inner = "") =>
    `<ds:Object><x:QualifyingProperties xmlns:x="${XADES}" Target="${target}"><x:SignedProperties Id="${id}"><x:SignedSignatureProperties>` +
    `<x:SigningTime>2026-01-01T00:00:00Z</x:SigningTime>${inner}</x:SignedSignatureProperties></x:SignedProperties></x:QualifyingProperties></ds:Object>`;
  const TYPE = "http://uri.etsi.org/01903#SignedProperties";
  const sealed = (references: string, objects: string, more: object = {}) =>
    scene.signByHand(unsealed, SEAL, scene.leaves.get("seal")!, { references, objects, ...more });

  it("takes a hand-made one for what it is", () => {
    accepted(sealed(reference("#data") + reference("#p", { type: TYPE }), properties("p")));
  });

  it("refuses properties that nothing covers, that are doubled, or that belong to another signature", () => {
    refused(sealed(reference("#data"), properties("p")));
    refused(sealed(reference("#data") + reference("#p", { type: TYPE }), properties("p") + properties("q")));
    refused(sealed(reference("#data") + reference("#q", { type: TYPE }), properties("p") + properties("q")));
    refused(sealed(reference("#data") + reference("#p", { type: TYPE }), properties("p", "#sig-principal")));
    // The reference bears the type, and points to properties of another signature.
    refused(sealed(reference("#data") + reference("#sig-principal-props", { type: TYPE }), properties("p")));
    refused(
      sealed(
        reference("#data") + reference("#p", { type: TYPE }),
        properties("p").replace("<x:SignedProperties", "<x:SignedProperties/><x:SignedProperties"),
      ),
    );
  });

  it("refuses a signing-certificate property over another certificate, or with a digest nobody knows", () => {
    const cert = (digest: string, method = "http://www.w3.org/2001/04/xmlenc#sha256") =>
      `<x:SigningCertificateV2><x:Cert><x:CertDigest><ds:DigestMethod Algorithm="${method}"/><ds:DigestValue>${digest}</ds:DigestValue></x:CertDigest></x:Cert></x:SigningCertificateV2>`;
    const digest = (leaf: string) =>
      encodeBase64(scene.context.crypto.digest("sha256", scene.leaves.get(leaf)!.certificate));
    const both = reference("#data") + reference("#p", { type: TYPE });
    accepted(sealed(both, properties("p", "#sig-hand", cert(digest("seal")))));
    refused(sealed(both, properties("p", "#sig-hand", cert(digest("principal")))));
    refused(sealed(both, properties("p", "#sig-hand", cert("AAAA"))));
    refused(sealed(both, properties("p", "#sig-hand", cert(digest("seal"), "urn:none"))));
    refused(sealed(both, properties("p", "#sig-hand", cert("", "http://www.w3.org/2001/04/xmlenc#sha256"))));
  });

  // Same key, other name: the CA certified the attacker's key too, or he took the school's name at another CA.
  it("refuses KeyInfo exchanged for a certificate of another issuer over the same key", async () => {
    const evil = await (await import("@hocba/certs/dev-pki")).startDevPki({ keyBits: 2048 });
    try {
      const twin = await evil.issueLeaf({
        kind: "seal",
        subject: { organization: "THCS Thử Nghiệm", commonName: "TRƯỜNG THCS THỬ NGHIỆM", uid: ["MNS:K1", "MST:1"] },
        privateKey: scene.leaves.get("seal")!.privateKey,
      });
      const text = sealed(reference("#data"), "");
      const genuine = encodeBase64(scene.leaves.get("seal")!.certificate);
      refused(text.replace(genuine, encodeBase64(twin.certificate)));
      // Both in KeyInfo: the trusted one may be found, never the other.
      const report = scene.verify(
        text.replace(
          `<ds:X509Certificate>${genuine}`,
          `<ds:X509Certificate>${encodeBase64(twin.certificate)}</ds:X509Certificate><ds:X509Certificate>${genuine}`,
        ),
      );
      if (report.indication === "TOTAL-PASSED") expect(report.signatures.at(-1)!.signer!.issuer).toContain("O=");
    } finally {
      await evil.close();
    }
  });

  it("tells a signing time of the future, and proves no time by it", () => {
    const text = sealed(
      reference("#data") + reference("#p", { type: TYPE }),
      properties("p").replace("2026-01-01", "2099-01-01"),
    );
    const report = scene.verify(text);
    expect(report.signatures.at(-1)).toMatchObject({ bestSignatureTime: null });
    expect(report.signatures.at(-1)!.findings.map((f) => f.code)).toContain("SIGNING_TIME_IN_FUTURE");
  });

  it("gives nothing for a stamp of another signature, and fails the step that demands one", () => {
    const stampOf = (id: string) =>
      /<xades:UnsignedProperties>.*?<\/xades:UnsignedProperties>/s.exec(signatureIn(signed, id))![0];
    const forged = signed.replace(stampOf("seal"), stampOf("principal"));
    refused(forged, "HOCBA_STEP_STAMP_BROKEN");
    // With another canonicalisation named, the stamp is over other octets.
    const c14n =
      '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:CanonicalizationMethod><xades:EncapsulatedTimeStamp>';
    const at = signed.lastIndexOf(c14n);
    expect(at).toBeGreaterThan(0);
    const other =
      signed.slice(0, at) +
      c14n.replace("http://www.w3.org/2001/10/xml-exc-c14n#", "urn:none") +
      signed.slice(at + c14n.length);
    expect(scene.verify(other).signatures.at(-1)).toMatchObject({ bestSignatureTime: null });
    refused(other, "HOCBA_STEP_STAMP_BROKEN");
  });

  it("admits a stamp cut off, and says that the profile demands one", () => {
    const seal = signatureIn(signed, "seal");
    const cut = signed.replace(seal, seal.replace(/<xades:UnsignedProperties>.*<\/xades:UnsignedProperties>/s, ""));
    const report = scene.verify(cut);
    expect(report.signatures.at(-1)).toMatchObject({ role: "seal", level: "B", bestSignatureTime: null });
    expect(report.indication).toBe("TOTAL-PASSED");
    expect(report.findings).toContainEqual(
      expect.objectContaining({ code: "HOCBA_TIMESTAMP_MISSING", severity: "warning" }),
    );
    expect(scene.verify(signed).findings.map((f) => f.code)).not.toContain("HOCBA_TIMESTAMP_MISSING");
  });
});

describe("the role chain", () => {
  it("refuses another pupil's signatures", async () => {
    const other = await scene.signAll(unsignedTranscript("Nguyễn Văn An", "HB-2", ["9.8", "9.9"]));
    for (const id of ["subject-teacher-19", "homeroom-teacher", "principal", "seal"])
      refused(signed.replace(signatureIn(signed, id), signatureIn(other, id)));
  });

  it("refuses missing, doubled and strayed signatures", () => {
    for (const id of ["subject-teacher-19", "homeroom-teacher", "principal", "seal"])
      refused(signed.replace(signatureIn(signed, id), ""));
    const seal = signatureIn(signed, "seal");
    refused(signed.replace(seal, seal + seal.replaceAll("sig-seal", "sig-copy")), "HOCBA_STEP_REPEATED");
    refused(appended(signed, "PHAT_HANH_HOC_BA", seal.replaceAll("sig-seal", "sig-copy")), "HOCBA_WRONG_PLACE");
    // As a counter-signature it would speak of nothing but a signature: it takes no place, and is no seal.
    refused(signed.replace(seal, `<CounterSignature>${seal}</CounterSignature>`), "HOCBA_STEP_MISSING");
  });

  it("refuses a teacher's signature over another's subject, with a sentence people understand", () => {
    const bare = unsignedTranscript();
    const text = scene.signByHand(
      bare,
      "DU_LIEU_HOC_BA/DANH_SACH_THONG_TIN_KY/DANH_SACH_GVBM/GVBM[@maMonHoc='19']",
      scene.leaves.get("subject-teacher:19")!,
      {
        references: reference("#mon-15"),
      },
    );
    const found = scene.verify(text).findings.find((f) => f.code === "HOCBA_WRONG_REFERENCE")!;
    expect(found.message.vi).toContain("#mon-15");
    expect(found.message.vi).not.toContain("≠");
    const part = scene.signByHand(bare, GVCN, scene.leaves.get("homeroom-teacher")!, {
      references: reference("#thongtinhocba", { transforms: `<ds:Transform Algorithm="${DS}base64"/>` }),
    });
    const told = scene.verify(part).findings.find((f) => f.code === "HOCBA_WRONG_REFERENCE");
    if (told) expect(told.message.en).not.toContain("≠");
  });

  it("holds each signer against the register: another school's, another role's, a namesake's", async () => {
    const registered = new Map([...scene.leaves].map(([step, leaf]) => [leaf.serial, step.split(":")[0]]));
    const registry = {
      isBound: (c: { serial: string }, role: string, school: string | null) =>
        school === "89999001" && registered.get(c.serial) === role,
    };
    const codes = (text: string) => scene.verify(text, { registry });
    expect(codes(signed).indication).toBe("TOTAL-PASSED");
    const namesake = await scene.person("Đỗ Mão");
    expect(errorsOf(codes(await scene.signAll(unsignedTranscript(), { as: { principal: namesake } })))).toContain(
      "HOCBA_NOT_REGISTERED",
    );
    const swapped = await scene.signAll(unsignedTranscript(), {
      as: { principal: scene.leaves.get("homeroom-teacher") },
    });
    expect(errorsOf(codes(swapped))).toContain("HOCBA_NOT_REGISTERED");
    // A colleague signs a subject that is not his, with his own genuine certificate and in the right place.
    const bySubject = {
      isBound: (c: { serial: string }, role: string, _school: string | null, _time: number, subject: string | null) =>
        role !== "subject-teacher" || scene.leaves.get(`${role}:${subject}`)?.serial === c.serial,
    };
    expect(scene.verify(signed, { registry: bySubject }).indication).toBe("TOTAL-PASSED");
    const foreign = await scene.signAll(unsignedTranscript(), {
      as: { "subject-teacher:15": scene.leaves.get("subject-teacher:19") },
    });
    expect(errorsOf(scene.verify(foreign, { registry: bySubject }))).toContain("HOCBA_NOT_REGISTERED");
    const elsewhere = await scene.signAll(unsignedTranscript().replace("89999001", "89999002"));
    expect(errorsOf(codes(elsewhere))).toContain("HOCBA_NOT_REGISTERED");
  });

  // The seal is put under a transcript that the principal has not seen. Clocks of authorities are off by hours now and then, so a
  // contradiction of times is told and fails nothing; who signs with the school's seal is the register's and the school's affair.
  it("tells a seal that is older than the principal's signature", async () => {
    const early = await scene.pki.startTsa({ clock: () => new Date(Date.now() - 3600_000) });
    const text = await scene.signAll(unsignedTranscript(), {
      order: (a, b) => Number(a.id === "principal") - Number(b.id === "principal"),
      token: (octets, { id }) => scene.stamp(octets, id === "seal" ? early.url : undefined),
    });
    expect(scene.verify(text).findings).toContainEqual(expect.objectContaining({ code: "HOCBA_ORDER" }));
    expect(scene.verify(signed).findings.map((f) => f.code)).not.toContain("HOCBA_ORDER");
    await early.close();
  });
});

describe("documents that choose their own judge", () => {
  // Without the seal, so that only the chain tells. The attacker renames what the profile goes by.
  it("never calls a look-alike a transcript", () => {
    for (const [from, to] of [
      ["HOC_BA", "HOCBA"],
      ["HOC_BA", "hoc_ba"],
      ["HOC_BA", "H\u1eccC_B\u1ea0"],
    ] as const) {
      const bare = unsignedTranscript().replaceAll(from, to);
      const text = scene.signByHand(bare, `PHAT_HANH_${to}/KY_PHAT_HANH`, scene.leaves.get("seal")!, {
        references: reference("#data"),
      });
      const report = scene.verify(text);
      expect(report).toMatchObject({ profile: null });
      expect(report.signatures.every((s) => s.role === null)).toBe(true);
    }
    expect(scene.verify(signed)).toMatchObject({ profile: "hocba-xml" });
  });

  it("is held to the profile that the caller names, whatever the document looks like", async () => {
    const { shippedProfiles } = await import("@hocba/signatures/profiles");
    const xml = shippedProfiles.get("hocba-xml")!;
    const text = scene.signByHand('<GIAY Id="g"><KY/></GIAY>', "KY", scene.leaves.get("seal")!, {
      references: reference("", { transforms: `<ds:Transform Algorithm="${DS}enveloped-signature"/>` }),
    });
    expect(scene.verify(text).indication).toBe("TOTAL-PASSED");
    expect(scene.verify(text, { profile: xml }).indication).toBe("TOTAL-FAILED");
    // A PDF profile named for an XML file: the file is not what it should be.
    expect(scene.verify(signed, { profile: shippedProfiles.get("hocba-pdf")! }).indication).toBe("TOTAL-FAILED");
  });
});

describe("before anybody has signed", () => {
  // What would make the finished transcript not valid is said to the school at once, not after twelve people have signed.
  it("the gateway refuses what none of the signatures would cover", async () => {
    const { checkDocument } = await import("../../gateway/intake/check-document.ts");
    const profile = (await import("@hocba/signatures/profiles")).shippedProfiles.get("hocba-xml")!;
    const plain = unsignedTranscript();
    expect(checkDocument(encode(plain), profile)).toMatchObject({ format: "xml" });
    for (const text of [
      `<?xml-stylesheet href="x.xsl"?>${plain}`,
      plain.replace("<HOC_BA ", '<HOC_BA xepLoai="Giỏi" '),
      plain.replace("<DANH_SACH_CBQL>", "<LEN_LOP/><DANH_SACH_CBQL>"),
      plain.replace("<DANH_SACH_CBQL>", "Được lên lớp<DANH_SACH_CBQL>"),
    ])
      expect(() => checkDocument(encode(text), profile)).toThrow(
        expect.objectContaining({ code: "XML_UNSIGNED_CONTENT" }),
      );
  });
});

describe("cost", () => {
  it.each<[string, () => string]>([
    ["attributes", () => `<HOC_BA ${Array.from({ length: 200_000 }, (_, i) => `a${i}="x"`).join(" ")}/>`],
    [
      "namespaces",
      () =>
        `<HOC_BA>${"<a xmlns:p='u' xmlns:q='v'>".repeat(200)}${"<p:b/>".repeat(100_000)}${"</a>".repeat(200)}</HOC_BA>`,
    ],
    ["depth", () => `${"<a>".repeat(300_000)}`],
    ["breadth", () => `<HOC_BA>${"<a/>".repeat(400_000)}</HOC_BA>`],
    ["Ids", () => `<HOC_BA>${"<a Id='data'/>".repeat(200_000)}</HOC_BA>`],
    [
      "subjects",
      () =>
        `<HOC_BA><DU_LIEU_HOC_BA><THONG_TIN_HOC_BA><BANG_DIEM>${"<DIEM_TONG_KET Id='m'><MA_MON_HOC>1</MA_MON_HOC></DIEM_TONG_KET>".repeat(50_000)}</BANG_DIEM></THONG_TIN_HOC_BA></DU_LIEU_HOC_BA></HOC_BA>`,
    ],
    [
      "signatures",
      () => signed.replace("</KY_PHAT_HANH>", `${signatureIn(signed, "seal").repeat(900)}</KY_PHAT_HANH>`),
    ],
    ["unsigned elements", () => signed.replace("<KY_PHAT_HANH>", `<KY_PHAT_HANH>${"<x>9</x>".repeat(300_000)}`)],
    [
      "nested signatures",
      () => `<HOC_BA>${`<ds:Signature xmlns:ds="${DS}">`.repeat(200)}${"</ds:Signature>".repeat(200)}</HOC_BA>`,
    ],
  ])("of %s is bounded", { timeout: 30_000 }, (_, make) => {
    const text = make();
    const start = process.cpuUsage();
    expect(scene.verify(text).indication).not.toBe("TOTAL-PASSED");
    const spent = process.cpuUsage(start);
    expect((spent.user + spent.system) / 1000).toBeLessThan(2000);
  });

  it("of XPath counts, and of filters on filters, is bounded", { timeout: 30_000 }, () => {
    const wide = unsealed.replace("<MA_HOC_BA>", `${"<n><m/></n>".repeat(3000)}<MA_HOC_BA>`);
    for (const expression of [
      "count(//node()[count(//node()) &gt; 0]) &gt; 0",
      "count(here()//node()) &gt; 0",
      "string-length(string(//node())) &gt; count(//*//*//*)",
    ]) {
      const transforms = `<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>${expression}</ds:XPath></ds:Transform>`;
      const text = scene.signByHand(wide, PRINCIPAL, scene.leaves.get("principal")!, {
        references: reference("#data", { transforms }),
      });
      const start = process.cpuUsage();
      expect(scene.verify(text).indication).not.toBe("TOTAL-PASSED");
      const spent = process.cpuUsage(start);
      expect((spent.user + spent.system) / 1000).toBeLessThan(2000);
    }
  });
});
