import { randomSerial } from "./authority.ts";
import { buildCertificate, keyIdentifier } from "./certificate.ts";
import { generateKey, type SigningKey, signingKey } from "./keys.ts";
import { type DirectoryName, encodeName } from "./names.ts";
import { once } from "./on-record.ts";
import { type DEV_NAMES, type ProfileOverrides, tsaExtensions } from "./profile.ts";
import type { TimestampIdentity } from "./timestamp-authority.ts";

/** Identities for the faults `wrongCertificate` (same names, a stranger's keys) and `noEku`, made when first needed. */
export function tsaImpostors(
  names: typeof DEV_NAMES,
  issueTsa: (name: DirectoryName, key: SigningKey, profile: ProfileOverrides) => Promise<Uint8Array>,
  validity: { notBefore: Date; notAfter: Date },
  cps: string,
): { wrongCertificate: () => Promise<TimestampIdentity>; noEku: () => Promise<TimestampIdentity> } {
  return {
    wrongCertificate: once(async () => {
      const strangersRoot = signingKey(await generateKey("ec-p256"));
      const key = signingKey(await generateKey("ec-p256"));
      const nowhere = { crl: null, caIssuers: null, ocsp: null };
      const certificate = await buildCertificate(
        {
          ...validity,
          serial: randomSerial(),
          subject: encodeName(names.tsa),
          spki: key.spki,
          extensions: tsaExtensions(nowhere, cps),
        },
        { name: encodeName(names.root), keyId: keyIdentifier(strangersRoot.spki), key: strangersRoot },
      );
      return { certificate, key, chain: [] };
    }),
    noEku: once(async () => {
      const key = signingKey(await generateKey("ec-p256"));
      return { certificate: await issueTsa(names.tsa, key, { extendedKeyUsage: null }), key, chain: [] };
    }),
  };
}
