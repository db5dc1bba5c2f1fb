import type { CryptoProvider } from "@hocba/certs/crypto";
import { SignaturesError } from "@hocba/signatures";
import { completeInPlace, padesFormat } from "@hocba/signatures/sign";
import type { Appearances } from "../appearance/index.ts";
import type { SigningFormat } from "./signing-format.ts";

/** PDF: one signature a revision, since each covers the whole file before it. */
export function pdfFormat(crypto: CryptoProvider, appearances: Appearances): SigningFormat {
  const pades = padesFormat(crypto);
  return {
    largestGroup: 1,
    plan: (profile) => profile.steps.map((step) => ({ id: step.id, step, key: null, xml: null })),
    nameOf: ({ id, step }) => step.pdf?.fieldName ?? id,
    async prepare(document, [member, ...more]) {
      if (member === undefined || more.length > 0) throw new RangeError("a PDF takes one signature at a time");
      const { pdf } = member.planned.step;
      if (pdf === undefined) {
        throw new SignaturesError("PDF_FIELD_EXISTS", `the profile names no field for ${member.planned.id}`);
      }
      const { profile, identity, signingTime, original } = member;
      const signer = { certificate: identity.certificate, signingTime };
      const shown = await appearances.show(document, profile, member.planned.step, signer, original);
      const certify = shown.first ? profile.pdf?.docMdp : undefined;
      const prepared = pades.prepare(shown.document, identity, {
        fieldName: pdf.fieldName,
        reason: pdf.reason,
        signingTime: new Date(signingTime),
        ...(shown.appearance ? { appearance: shown.appearance } : {}),
        ...(certify ? { certify } : {}),
        ...(pdf.lock ? { lock: pdf.lock } : {}),
      });
      return {
        toBeSigned: [prepared.toBeSigned],
        timestampInput: (_, value) => pades.timestampInput(prepared, value),
        // The octets around the place stay as they are: completing twice would give the same.
        complete: ([value], [token]) => completeInPlace(prepared, value!, crypto, token ?? undefined),
      };
    },
  };
}
