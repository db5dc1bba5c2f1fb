import type { CryptoProvider } from "@hocba/certs/crypto";
import { SignaturesError } from "@hocba/signatures";
import { planSignatures } from "@hocba/signatures/profiles";
import { xadesFormat } from "@hocba/signatures/sign";
import type { SigningFormat } from "./signing-format.ts";

/** XML: signatures of equal order stand in different holders and cover different parts, so a whole class of teachers signs at once. */
export function xmlFormat(crypto: CryptoProvider): SigningFormat {
  const xades = xadesFormat(crypto);
  return {
    largestGroup: 64,
    plan: (profile, document) => planSignatures(profile, document),
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
              signatureId: `sig-${planned.id.replace(/[^A-Za-z0-9_.-]/g, "-")}`,
              signingTime: new Date(signingTime),
            },
          };
        }),
      );
      return {
        toBeSigned: prepared.toBeSigned,
        timestampInput: (index, value) => xades.timestampInputOf(prepared, index, value),
        complete: (values, tokens) => xades.completeBatch(prepared, values, tokens),
      };
    },
  };
}
