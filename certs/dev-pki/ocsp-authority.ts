import type { Authority } from "./authority.ts";
import { certificateFields } from "./certificate.ts";
import { generateKey, type SigningKey, signingKey } from "./keys.ts";
import { type DirectoryName, encodeName } from "./names.ts";
import type { OcspAuthority } from "./ocsp-responder.ts";
import { once } from "./on-record.ts";
import { ocspResponderExtensions } from "./profile.ts";
import type { PkiStore } from "./store.ts";

const DAY = 86_400_000;

/** Certifies a delegated responder under `authority` (RFC 6960 §4.2.2.2), good for a year. */
export async function ocspAuthority(
  authority: Authority,
  key: SigningKey,
  name: DirectoryName,
  store: PkiStore,
  clock: () => Date,
): Promise<OcspAuthority> {
  const { subject, spki } = certificateFields(authority.certificate);
  const certify = (responderKey: SigningKey, withPurpose: boolean) =>
    authority.issue({
      subject: encodeName(name),
      spki: responderKey.spki,
      notBefore: new Date(clock().getTime() - DAY),
      notAfter: new Date(clock().getTime() + 365 * DAY),
      extensions: ocspResponderExtensions(withPurpose),
    });
  const impostor = once(async () => {
    const other = signingKey(await generateKey("ec-p256"));
    return { certificate: await certify(other, false), key: other };
  });
  return {
    name: subject,
    spki,
    // A responder's certificate lives a year and its key as long as the process: nothing of it needs to last.
    responder: { certificate: await certify(key, true), key },
    impostor,
    status: (serial) => store.status(authority.id, serial),
  };
}
