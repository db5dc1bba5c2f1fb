import type { CryptoProvider } from "@hocba/certs/crypto";
import { fromHex, toHex } from "@hocba/certs/der";
import { encodeBase64 } from "../../xml/base64.ts";
import { DS_NS, XADES_132_NS } from "../../xml/namespaces.ts";
import type { Finding, Indication, SignatureReport, TimestampReport, VerificationReport } from "../report.ts";
import { element, type Markup } from "./xml-text.ts";

/** Namespace of the validation report (TS 119 102-2, its schema kept this name since V1.2.1). */
export const VALIDATION_REPORT_NS = "http://uri.etsi.org/19102/v1.2.1#";

export interface EtsiReportOptions {
  /** DER of certificates; those that the report speaks of are put into it. The others appear by their SHA-256. */
  readonly certificates?: readonly Uint8Array[];
  /** Needed with `certificates`. */
  readonly crypto?: CryptoProvider;
}

/**
 * The report as ETSI TS 119 102-2 §4 writes it, UTF-8 XML without white space between elements. What that standard has no element
 * for (findings, the role in a transcript) stands in AdditionalValidationReportData under `urn:hocba:`; a file without signatures
 * gets one report with the main indication `urn:hocba:mainindication:no-signature`, since the schema demands at least one. Pure.
 */
export function etsiValidationReport(report: VerificationReport, options: EtsiReportOptions = {}): string {
  const objects = new ValidationObjects(report, options);
  const signatures = report.signatures.map((s, i) => signatureReport(report, s, i, objects));
  const root = element(
    "ValidationReport",
    { xmlns: VALIDATION_REPORT_NS, "xmlns:ds": DS_NS, "xmlns:xades": XADES_132_NS },
    ...(signatures.length > 0 ? signatures : [noSignatureReport(report)]),
    objects.list(),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root.markup}\n`;
}

function signatureReport(
  report: VerificationReport,
  s: SignatureReport,
  index: number,
  objects: ValidationObjects,
): Markup {
  const certificate = s.signer && objects.certificate(s.signer.fingerprint);
  // Findings about the document as a whole belong to every signature of it.
  const findings = [...s.findings, ...report.findings];
  return element(
    "SignatureValidationReport",
    {},
    element(
      "SignatureIdentifier",
      { id: `S-${index + 1}` },
      element("HashOnly", {}, "false"),
      element("DocHashOnly", {}, "false"),
      element("DAIdentifier", {}, s.id),
    ),
    constraints(report),
    validationTime(report, s.bestSignatureTime),
    signersDocument(report),
    attributes(s),
    s.signer &&
      element(
        "SignerInformation",
        {},
        element("SignerCertificate", { VOReference: certificate! }),
        element("Signer", {}, s.signer.subject),
      ),
    validationProcess(),
    status(s.indication, s.subIndication, [
      certificate === null
        ? null
        : element("CertificateChain", {}, element("SigningCertificate", { VOReference: certificate })),
      certificate ? revocation(s, certificate) : null,
      additional(s, findings),
    ]),
  );
}

function noSignatureReport(report: VerificationReport): Markup {
  return element(
    "SignatureValidationReport",
    {},
    constraints(report),
    validationTime(report, null),
    signersDocument(report),
    validationProcess(),
    status(report.indication, report.subIndication, [additional(null, report.findings)]),
  );
}

/** §4.2.5: the policy under which the verdict was reached. */
function constraints(report: VerificationReport): Markup {
  return element(
    "ValidationConstraintsEvaluationReport",
    {},
    element(
      "SignatureValidationPolicy",
      {},
      element("SignaturePolicyIdentifier", {}, element("xades:SignaturePolicyImplied")),
      element("PolicyName", {}, report.policy),
    ),
  );
}

/** §4.2.6: without proof of an earlier time the signature is known to exist at the time of validation. */
function validationTime(report: VerificationReport, bestSignatureTime: string | null): Markup {
  return element(
    "ValidationTimeInfo",
    {},
    element("ValidationTime", {}, report.validationTime),
    element(
      "BestSignatureTime",
      {},
      element("POETime", {}, bestSignatureTime ?? report.validationTime),
      element("TypeOfProof", {}, "urn:etsi:019102:poetype:validation"),
    ),
  );
}

/** §4.2.7: the file as it was given. */
function signersDocument(report: VerificationReport): Markup {
  return element(
    "SignersDocument",
    {},
    digestAlgAndValue(fromHex(report.sha256)),
    element("SignersDocumentRef", { VOReference: FILE }),
  );
}

const TIMESTAMP_ATTRIBUTE: Readonly<Record<TimestampReport["type"], string | null>> = {
  signature: "SignatureTimeStamp",
  content: "AllDataObjectsTimeStamp",
  archive: "ArchiveTimeStamp",
  document: "DocTimeStamp",
  // Named in AdditionalValidationReportData: annex A has no element for it.
  "evidence-record": null,
};

/** §4.2.8, annex A. */
function attributes(s: SignatureReport): Markup | null {
  const list = [
    s.claimedSigningTime ? element("SigningTime", { Signed: "true" }, element("Time", {}, s.claimedSigningTime)) : null,
    ...s.timestamps.map((t) => {
      const name = TIMESTAMP_ATTRIBUTE[t.type];
      if (!name || !t.time) return null;
      return element(name, { Signed: String(t.type === "content") }, element("TimeStampValue", {}, t.time));
    }),
  ].filter((part) => part !== null);
  return list.length > 0 ? element("SignatureAttributes", {}, ...list) : null;
}

/** §4.2.11: the process with archival data, EN 319 102-1 §5.6. */
function validationProcess(): Markup {
  return element(
    "SignatureValidationProcess",
    {},
    element("SignatureValidationProcessID", {}, "urn:etsi:019102:validationprocess:LTA"),
  );
}

const MAIN_INDICATION: Readonly<Record<Indication, string>> = {
  "TOTAL-PASSED": "urn:etsi:019102:mainindication:total-passed",
  "TOTAL-FAILED": "urn:etsi:019102:mainindication:total-failed",
  INDETERMINATE: "urn:etsi:019102:mainindication:indeterminate",
  "NO-SIGNATURE": "urn:hocba:mainindication:no-signature",
};

/** §4.2.12. */
function status(
  indication: Indication,
  subIndication: SignatureReport["subIndication"],
  data: readonly (Markup | null)[],
): Markup {
  const present = data.filter((part) => part !== null);
  const prefix = subIndication === "CUSTOM" ? "urn:hocba:subindication:" : "urn:etsi:019102:subindication:";
  return element(
    "SignatureValidationStatus",
    {},
    element("MainIndication", {}, MAIN_INDICATION[indication]),
    subIndication === null ? null : element("SubIndication", {}, prefix + subIndication),
    present.length > 0 ? element("AssociatedValidationReportData", {}, ...present) : null,
  );
}

/** §4.3.8: told for a revoked signer only, as the schema demands a time of revocation. */
function revocation(s: SignatureReport, certificate: string): Markup | null {
  const revoked = s.revocation.find((r) => r.status === "revoked" && r.subject === s.signer?.subject);
  if (!revoked?.revokedAt) return null;
  return element(
    "RevocationStatusInformation",
    {},
    element("ValidationObjectId", { VOReference: certificate }),
    element("RevocationTime", {}, revoked.revokedAt),
    revoked.reason ? element("RevocationReason", {}, `urn:etsi:019102:revocationReason:${revoked.reason}`) : null,
  );
}

/** §4.3.10: what the standard has no element for. */
function additional(s: SignatureReport | null, findings: readonly Finding[]): Markup | null {
  const data = (type: string, ...value: (Markup | string)[]) =>
    element("ReportData", {}, element("Type", {}, `urn:hocba:${type}`), element("Value", {}, ...value));
  const list = [
    ...(s
      ? [
          data("signature-format", s.format),
          data("signature-level", s.level),
          data("integrity", s.integrity),
          data("coverage", s.coverage),
          data("later-changes", s.laterChanges),
        ]
      : []),
    ...(s?.role ? [data("role", s.role)] : []),
    ...(s?.covers ?? []).map((path) => data("covers", path)),
    ...(s?.timestamps ?? []).map((t) =>
      data("timestamp", [t.type, t.time ?? "?", t.tsa ?? "?", t.integrity, t.indication].join("; ")),
    ),
    ...(s?.revocation ?? []).map((r) => data("revocation", [r.status, r.source, r.thisUpdate, r.subject].join("; "))),
    ...findings.map((f) => data(`finding:${f.severity}:${f.code}`, `${f.message.vi} / ${f.message.en}`)),
  ];
  return list.length > 0 ? element("AdditionalValidationReportData", {}, ...list) : null;
}

const SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256";

function digestAlgAndValue(digest: Uint8Array): Markup {
  return element(
    "DigestAlgAndValue",
    {},
    element("ds:DigestMethod", { Algorithm: SHA256 }),
    element("ds:DigestValue", {}, encodeBase64(digest)),
  );
}

const FILE = "D-1";

/** §4.4: the file and the certificates of signers, each once. */
class ValidationObjects {
  private readonly report: VerificationReport;
  private readonly known: ReadonlyMap<string, Uint8Array>;
  private readonly used = new Map<string, string>();

  constructor(report: VerificationReport, options: EtsiReportOptions) {
    this.report = report;
    const { certificates = [], crypto } = options;
    this.known = new Map(crypto ? certificates.map((c) => [toHex(crypto.digest("sha256", c)), c]) : []);
  }

  /** Its id, by the certificate's SHA-256 in hex. */
  certificate(fingerprint: string): string {
    const id = `C-${fingerprint}`;
    this.used.set(fingerprint, id);
    return id;
  }

  list(): Markup {
    const certificates = [...this.used].map(([fingerprint, id]) => {
      const octets = this.known.get(fingerprint);
      const form = octets ? element("base64", {}, encodeBase64(octets)) : digestAlgAndValue(fromHex(fingerprint));
      return validationObject(id, "certificate", form);
    });
    const file = validationObject(FILE, "signedData", digestAlgAndValue(fromHex(this.report.sha256)));
    return element("SignatureValidationObjects", {}, file, ...certificates);
  }
}

function validationObject(id: string, type: string, form: Markup): Markup {
  return element(
    "ValidationObject",
    { id },
    element("ObjectType", {}, `urn:etsi:019102:validationObject:${type}`),
    element("ValidationObjectRepresentation", {}, form),
  );
}
