import { createHash, generateKeyPairSync, type KeyObject, sign as signOctets } from "node:crypto";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import {
  bitString,
  boolean,
  der,
  integer,
  octetString,
  oid,
  sequence,
  setOf,
  time,
  utf8String,
} from "@hocba/certs/der";
import { trustAnchor } from "@hocba/certs/trust";
import { parseCertificate } from "@hocba/certs/x509";
import { type PadesSpec, padesFormat, type SignerIdentity } from "@hocba/signatures/sign";
import {
  type SignatureReport,
  shippedPolicies,
  type VerificationContext,
  type VerificationReport,
  verifyDocument,
} from "@hocba/signatures/verify";

/** A person with a P-256 key made for this run. */
export interface TestSigner {
  readonly identity: SignerIdentity;
  readonly privateKey: KeyObject;
}

const ECDSA_SHA256 = sequence(oid("1.2.840.10045.4.3.2"));
const NOW = new Date("2026-06-01T00:00:00Z");

/** A self-signed certificate: trusted where a test hands it to `verify`, a stranger's elsewhere. */
export function makeSigner(
  commonName: string,
  options: { serial?: Uint8Array; key?: ReturnType<typeof ecKey>; keyId?: Uint8Array } = {},
): TestSigner {
  const { privateKey, publicKey } = options.key ?? ecKey();
  const spki = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
  const name = sequence(setOf(sequence(oid("2.5.4.3"), utf8String(commonName))));
  const keyId = options.keyId ?? new Uint8Array(createHash("sha1").update(spki).digest());
  const extension = (id: string, value: Uint8Array, critical = false) =>
    sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(value));
  const tbs = sequence(
    der(0xa0, integer(2)),
    options.serial ? der(2, options.serial) : integer(1 + Math.floor(Math.random() * 1e9)),
    ECDSA_SHA256,
    name,
    sequence(time(new Date("2025-01-01")), time(new Date("2030-01-01"))),
    name,
    spki,
    der(
      0xa3,
      sequence(
        extension("2.5.29.14", octetString(keyId)),
        extension("2.5.29.15", bitString(Uint8Array.of(0xc0)), true),
      ),
    ),
  );
  const certificate = sequence(tbs, ECDSA_SHA256, bitString(new Uint8Array(signOctets("sha256", tbs, privateKey))));
  return { identity: { certificate, chain: [], algorithm: "ecdsa-p256-sha256" }, privateKey };
}

export const ecKey = () => generateKeyPairSync("ec", { namedCurve: "P-256" });

export const signOver = (signer: TestSigner, octets: Uint8Array): Uint8Array =>
  new Uint8Array(signOctets("sha256", octets, signer.privateKey));

/** The document with one more PAdES signature. */
export function signPdf(
  document: Uint8Array,
  signer: TestSigner,
  fieldName: string,
  more: Partial<PadesSpec> = {},
): Uint8Array {
  const format = padesFormat(nodeCrypto);
  const prepared = format.prepare(document, signer.identity, {
    fieldName,
    signingTime: NOW,
    reservedBytes: 1024,
    ...more,
  });
  return format.complete(prepared, signOver(signer, prepared.toBeSigned));
}

/** Trusts the signers given and asks for no revocation data: nothing but the attack stands between the file and TOTAL-PASSED. */
export function verifyTrusting(
  bytes: Uint8Array,
  trusted: readonly TestSigner[],
  more: Partial<VerificationContext> = {},
): VerificationReport {
  const vn = shippedPolicies.get("vn-official")!;
  const revocation = { ...vn.rules["revocation-information"], effect: "inform" } as const;
  return verifyDocument(bytes, {
    crypto: nodeCrypto,
    policy: { ...vn, rules: { ...vn.rules, "revocation-information": revocation } },
    time: NOW,
    anchors: trusted.map((s) => trustAnchor(parseCertificate(s.identity.certificate))),
    certificates: [],
    crls: [],
    ocspResponses: [],
    profile: null,
    fileName: "attack",
    ...more,
  }).report;
}

/** One line of a report, for messages. */
export const brief = (report: VerificationReport): string =>
  `${report.indication} ${report.findings.map((f) => f.code).join(",")} ${report.signatures.map(line).join(" | ")}`;

const line = (s: SignatureReport): string =>
  `[${s.id} ${s.indication} ${s.subIndication} ${s.integrity} ${s.coverage} ${s.laterChanges} ${s.findings.map((f) => `${f.code}: ${f.message.en}`).join("; ")}]`;
