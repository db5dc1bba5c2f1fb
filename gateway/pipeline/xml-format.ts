import type { CryptoProvider } from "@hocba/certs/crypto";
import { readWhole, Tag } from "@hocba/certs/der";
import { SignaturesError } from "@hocba/signatures";
import { planSignatures } from "@hocba/signatures/profiles";
import { xadesFormat } from "@hocba/signatures/sign";
import type { SigningFormat } from "./signing-format.ts";

/** XML: signatures of equal order stand in different holders and cover different parts, so a whole class of teachers signs at once. */
export function xmlFormat(crypto: CryptoProvider): SigningFormat {
  const xades = xadesFormat(crypto);
  return {
    largestGroup: 64,
    plan: async (profile, document) => planSignatures(profile, await document()),
    nameOf: ({ id }) => signatureIdOf(id),
    prepare(document, members) {
      const prepared = xades.prepareBatch(
        document,
        members.map(({ planned, identity, signingTime }) => {
          if (planned.xml === null) {
            throw new SignaturesError("XML_MISSING_ELEMENT", `the profile names no place for ${planned.id}`);
          }
          return {
            signer: identity,
            spec: {
              ...planned.xml,
              signatureId: signatureIdOf(planned.id),
              signingTime: new Date(signingTime),
              ...(planned.step.xml?.form ? { form: planned.step.xml.form } : {}),
            },
          };
        }),
      );
      const xmlValue = (value: Uint8Array, index: number) =>
        members[index]!.identity.algorithm === "ecdsa-p256-sha256" ? toP1363(value, 32) : value;
      return {
        toBeSigned: prepared.toBeSigned,
        timestampInput: (index, value) => xades.timestampInputOf(prepared, index, xmlValue(value, index)),
        complete: (values, tokens) => xades.completeBatch(prepared, values.map(xmlValue), tokens),
      };
    },
  };
}

/** An XML name in ASCII, different for different plans: what is not plain stands as its code point. */
function signatureIdOf(planned: string): string {
  return `sig-${planned.replace(":", "-").replace(/[^A-Za-z0-9.-]/gu, (sign) => `_${sign.codePointAt(0)!.toString(16)}_`)}`;
}

/** Tokens give ECDSA-Sig-Value in DER; XML carries r and s of equal length (RFC 4050 §3.3, XMLDSig 1.1 §6.4.3). */
export function toP1363(value: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(2 * size);
  for (const [i, part] of readWhole(value).expect(Tag.SEQUENCE, "ECDSA-Sig-Value").children().entries()) {
    const octets = part.expect(Tag.INTEGER, "r or s").content;
    const plain = octets.subarray(Math.max(0, octets.length - size));
    if (i > 1 || octets.length > size + 1)
      throw new SignaturesError("SIGNATURE_VALUE_INVALID", "not an ECDSA signature");
    out.set(plain, (i + 1) * size - plain.length);
  }
  return out;
}
