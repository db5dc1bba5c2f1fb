import { type CryptoProvider, portableCrypto } from "@hocba/certs/crypto";
import { PathCache } from "@hocba/certs/path";
import { parseTrustAnchors } from "@hocba/certs/trust";
import { pemOrDerBlocks } from "@hocba/certs/x509";
import { type PolicyName, sentence, type VerificationContext, verifyDocument } from "@hocba/signatures/verify";
import { etsiValidationReport } from "@hocba/signatures/verify/reports";

/** What a verdict rests on besides the document, as octets, so that Node and a browser are given the same. */
export interface EngineMaterial {
  readonly roots: readonly Uint8Array[];
  readonly certificates: readonly Uint8Array[];
  readonly crls: readonly Uint8Array[];
  /** Time of validation, ms since 1970. */
  readonly time: number;
}

export interface EngineDocument {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly detached?: Uint8Array;
}

/** Gives everything the engine has to say of a document, as one text: report, wanted evidence, sentence, ETSI report. */
export type Engine = (document: EngineDocument, policy: PolicyName) => string;

export function makeEngine(material: EngineMaterial, crypto: CryptoProvider = portableCrypto): Engine {
  const context: Omit<VerificationContext, "policy" | "fileName"> = {
    crypto,
    time: new Date(material.time),
    anchors: material.roots.flatMap((bytes) => parseTrustAnchors(bytes)),
    certificates: material.certificates.flatMap((bytes) => pemOrDerBlocks(bytes)),
    crls: material.crls,
    ocspResponses: [],
    cache: new PathCache(),
  };
  return ({ name, bytes, detached }, policy) => {
    const { report, wanted } = verifyDocument(bytes, {
      ...context,
      policy,
      fileName: name,
      ...(detached ? { detachedContent: detached } : {}),
    });
    const evidence = wanted.map((w) => [w.kind, w.url, [...w.certificate], w.issuer && [...w.issuer]]);
    return JSON.stringify(
      { report, evidence, sentence: sentence(report), etsi: etsiValidationReport(report) },
      null,
      1,
    );
  };
}
