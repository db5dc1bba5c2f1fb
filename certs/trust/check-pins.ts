import type { CryptoProvider } from "../crypto/provider.ts";
import { CertsError } from "../errors.ts";
import { type Certificate, parseCertificate } from "../x509/certificate.ts";
import { pemOrDerBlocks } from "../x509/pem.ts";
import { type TrustPin, trustPins } from "./pins.ts";

export interface PinnedCertificate {
  readonly pin: TrustPin;
  readonly certificate: Certificate;
}

/** The pin of a certificate, or null when it is none of the pinned ones. */
export function pinOf(
  certificate: Certificate,
  crypto: CryptoProvider,
  pins: readonly TrustPin[] = trustPins,
): TrustPin | null {
  const fingerprint = certificate.fingerprint(crypto);
  return pins.find((pin) => pin.sha256 === fingerprint) ?? null;
}

/**
 * Reads a file said to hold the certificate of `expected`, or of any pinned CA when null, and returns the pinned ones in it.
 * What else the file holds is left out.
 * @throws CertsError TRUST_PIN_MISMATCH when none of its certificates carries the pinned fingerprint
 */
export function checkPins(
  bytes: Uint8Array,
  expected: TrustPin | null,
  crypto: CryptoProvider,
  pins: readonly TrustPin[] = trustPins,
): PinnedCertificate[] {
  const found: PinnedCertificate[] = [];
  const seen: string[] = [];
  for (const der of pemOrDerBlocks(bytes)) {
    const certificate = parseCertificate(der);
    const pin = pinOf(certificate, crypto, expected ? [expected] : pins);
    if (pin) found.push({ pin, certificate });
    else if (seen.length < 20) seen.push(certificate.fingerprint(crypto));
  }
  if (found.length > 0) return found;
  throw new CertsError("TRUST_PIN_MISMATCH", `none of the certificates carries a pinned fingerprint`, {
    details: { expected: expected?.sha256 ?? null, found: seen },
  });
}
