import { CertsError } from "@hocba/certs";
import { LruCache, type SignatureAlgorithm } from "@hocba/certs/crypto";
import { type Certificate, parseCertificate } from "@hocba/certs/x509";
import type { SigningAlgorithm } from "@hocba/hsm-adapters";
import type { SignerIdentity } from "@hocba/signatures/sign";
import { GatewayError } from "../errors.ts";
import type { CertificateBinding } from "../ledger/index.ts";

interface Kept {
  certificate: Certificate;
  identity: SignerIdentity;
}
const kept = new LruCache<string, Kept>(5000);

/** The certificate of a binding, parsed once. @throws GatewayError CERTIFICATE_UNUSABLE */
export function certificateOf(binding: CertificateBinding): Certificate {
  return keep(binding).certificate;
}

/** Who signs, for the formats. The same object for the same binding: formats encode a signer's constant parts once. */
export function identityOf(binding: CertificateBinding): SignerIdentity {
  return keep(binding).identity;
}

function keep(binding: CertificateBinding): Kept {
  const known = kept.get(binding.id);
  if (known !== undefined && Buffer.from(known.certificate.raw).equals(binding.certificate)) return known;
  try {
    const certificate = parseCertificate(binding.certificate);
    const identity = { certificate: certificate.raw, chain: binding.chain, algorithm: binding.algorithm };
    kept.set(binding.id, { certificate, identity });
    return { certificate, identity };
  } catch (error) {
    if (!(error instanceof CertsError)) throw error;
    throw new GatewayError("CERTIFICATE_UNUSABLE", `the certificate of binding ${binding.id} cannot be read`, {
      details: { binding: binding.id },
      cause: error,
    });
  }
}

/**
 * What must hold before a key is used: the binding and its certificate are valid now, the certificate is for signatures,
 * the algorithm is one for its key. Whether the key fits the certificate shows the first signature.
 * @throws GatewayError CERTIFICATE_EXPIRED, CERTIFICATE_NOT_YET_VALID, CERTIFICATE_KEY_USAGE, CERTIFICATE_UNUSABLE
 */
export function checkSigningCertificate(binding: CertificateBinding, now: number): Certificate {
  const certificate = certificateOf(binding);
  const details = { binding: binding.id, role: binding.role, serial: certificate.serial };
  if (binding.revokedAt !== null) {
    throw new GatewayError("CERTIFICATE_UNUSABLE", `binding ${binding.id} was withdrawn`, { details });
  }
  if (now > Math.min(certificate.notAfter, binding.validTo)) {
    throw new GatewayError("CERTIFICATE_EXPIRED", `the certificate of ${binding.role} has expired`, {
      details: { ...details, notAfter: new Date(certificate.notAfter).toISOString() },
    });
  }
  if (now < Math.max(certificate.notBefore, binding.validFrom)) {
    throw new GatewayError("CERTIFICATE_NOT_YET_VALID", `the certificate of ${binding.role} is not valid yet`, {
      details: { ...details, notBefore: new Date(certificate.notBefore).toISOString() },
    });
  }
  const usage = certificate.keyUsage;
  if (usage !== null && !usage.has("digitalSignature") && !usage.has("nonRepudiation")) {
    throw new GatewayError("CERTIFICATE_KEY_USAGE", "the key usage forbids signatures", { details });
  }
  const { kind } = certificate.publicKey;
  if (kind !== (binding.algorithm === "ecdsa-p256-sha256" ? "ec" : "rsa")) {
    throw new GatewayError("CERTIFICATE_UNUSABLE", `${binding.algorithm} does not fit a key of kind ${kind}`, {
      details,
    });
  }
  return certificate;
}

/** A signer's algorithm in the words of the crypto provider. */
export function algorithmFor(name: SigningAlgorithm): SignatureAlgorithm {
  switch (name) {
    case "rsa-pkcs1-sha256":
      return { scheme: "rsa-pkcs1", digest: "sha256" };
    case "rsa-pss-sha256":
      return { scheme: "rsa-pss", digest: "sha256", mgfDigest: "sha256", saltLength: 32 };
    case "ecdsa-p256-sha256":
      return { scheme: "ecdsa", digest: "sha256", encoding: "der" };
  }
}
