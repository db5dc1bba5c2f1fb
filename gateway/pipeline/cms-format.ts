import type { CryptoProvider } from "@hocba/certs/crypto";
import { cadesFormat } from "@hocba/signatures/sign";
import type { SigningFormat } from "./signing-format.ts";

/** Any file, by a detached CAdES signature of one signer: the content stays as it is, the signature is the next revision. */
export function cmsFormat(crypto: CryptoProvider): SigningFormat {
  const cades = cadesFormat(crypto);
  return {
    largestGroup: 1,
    plan: (profile) => profile.steps.map((step) => ({ id: step.id, step, key: null, xml: null })),
    nameOf: () => "1",
    prepare(content, [member, ...more]) {
      if (member === undefined || more.length > 0) throw new RangeError("a detached signature has one signer");
      const prepared = cades.prepare(content, member.identity, {
        signingTime: new Date(member.signingTime),
        mimeType: mediaTypeIn(content),
      });
      return {
        toBeSigned: [prepared.toBeSigned],
        timestampInput: (_, value) => cades.timestampInput(prepared, value),
        complete: ([value], [token]) => cades.complete(prepared, value!, token ?? undefined),
      };
    },
  };
}

const magic: readonly (readonly [string, string])[] = [
  ["PK\u0003\u0004", "application/zip"],
  ["PK\u0005\u0006", "application/zip"],
  ["%PDF-", "application/pdf"],
  ["<?xml", "application/xml"],
];

/** What the content begins like; it is signed with it, so that who finds the signature alone knows what to look for. */
function mediaTypeIn(content: Uint8Array): string {
  const head = String.fromCharCode(...content.subarray(0, 8));
  return magic.find(([start]) => head.startsWith(start))?.[1] ?? "application/octet-stream";
}
