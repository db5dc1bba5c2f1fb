import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { CertificatePool, PathCache, validatePath } from "@hocba/certs/path";
import { parseTrustAnchors, type TrustAnchor } from "@hocba/certs/trust";
import { parseCertificate, pemOrDerBlocks } from "@hocba/certs/x509";
import type { Config } from "../config/index.ts";
import { GatewayError } from "../errors.ts";
import type { TrustTsa } from "../timestamps/index.ts";

/** Whom this gateway trusts, read once at the start. */
export interface TrustMaterial {
  anchors: readonly TrustAnchor[];
  /** DER of certificates for building paths. */
  certificates: readonly Uint8Array[];
}

/** @throws GatewayError CONFIG_INVALID naming the file that cannot be used */
export function loadTrust(config: Config["trust"]): TrustMaterial {
  const anchors = filesOf(config.anchors, "trust.anchors").flatMap((file) =>
    readable(file, "trust.anchors", (bytes) => parseTrustAnchors(bytes)),
  );
  const certificates = filesOf(config.certificates, "trust.certificates").flatMap((file) =>
    readable(file, "trust.certificates", (bytes) => {
      const blocks = pemOrDerBlocks(bytes);
      for (const block of blocks) parseCertificate(block);
      return blocks;
    }),
  );
  return { anchors, certificates };
}

const timeStamping = "1.3.6.1.5.5.7.3.8";
const MOST_REMEMBERED = 256;

/**
 * Trusts a time-stamping authority whose certificate leads to an anchor at genTime. Revocation is judged when the finished
 * document is verified. Without any anchor nothing is trusted.
 */
export function tsaTrust(trust: TrustMaterial): TrustTsa {
  const cache = new PathCache();
  const certificates = trust.certificates.map((der) => parseCertificate(der));
  const good = new Map<string, { until: number }>();
  return (certificate, others, at) => {
    const fingerprint = certificate.fingerprint(nodeCrypto);
    const known = good.get(fingerprint);
    if (known !== undefined && at <= known.until) return true;
    const inToken = others.flatMap((der) => {
      try {
        return [parseCertificate(new Uint8Array(der))];
      } catch {
        // A certificate that nobody can read helps no path; whether one is found decides.
        return [];
      }
    });
    const result = validatePath({
      certificate,
      anchors: trust.anchors,
      certificates: new CertificatePool([...certificates, ...inToken]),
      time: at,
      crypto: nodeCrypto,
      purposes: [timeStamping],
      algorithmsAdvisory: true,
      cache,
    });
    if (!result.valid) return false;
    if (good.size >= MOST_REMEMBERED) good.clear();
    // One path holds at least for the hour: the validity of its members is looked at again then.
    good.set(fingerprint, { until: Math.min(certificate.notAfter, at + 3_600_000) });
    return true;
  };
}

function filesOf(paths: readonly string[], key: string): string[] {
  return paths.flatMap((path) => {
    try {
      if (!statSync(path).isDirectory()) return [path];
      return readdirSync(path)
        .filter((name) => /\.(pem|crt|cer|der|p7b)$/i.test(name))
        .sort()
        .map((name) => join(path, name));
    } catch (error) {
      throw new GatewayError("CONFIG_INVALID", `${key}: ${path} cannot be read`, { cause: error });
    }
  });
}

function readable<T>(file: string, key: string, read: (bytes: Uint8Array) => T[]): T[] {
  try {
    const found = read(readFileSync(file));
    if (found.length > 0) return found;
  } catch (error) {
    throw new GatewayError("CONFIG_INVALID", `${key}: ${file} holds no readable certificate`, { cause: error });
  }
  throw new GatewayError("CONFIG_INVALID", `${key}: ${file} holds no certificate`);
}
