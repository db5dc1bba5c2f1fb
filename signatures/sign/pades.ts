import { type CryptoProvider, portableCrypto } from "@hocba/certs/crypto";
import {
  buildSignedAttributes,
  buildSignedData,
  type CmsSigner,
  cmsSigner,
  signatureTimestampAttribute,
} from "../cms/index.ts";
import {
  assertAppendable,
  dateString,
  openPdf,
  PdfDict,
  type PdfValue,
  pdfName,
  signatureFields,
  textString,
} from "../pdf/index.ts";
import { fillPlace, reservePlace } from "./pades-place.ts";
import { type PadesPlacement, type PadesSpec, reservedSize } from "./pades-spec.ts";
import { assertMayBeSigned, enterPermissions, placeField } from "./pades-update.ts";
import type { PreparedSignature, SignerIdentity, TwoPhaseFormat } from "./two-phase.ts";
import { Update } from "./update.ts";

/**
 * PAdES baseline signatures (EN 319 142-1 §6): ETSI.CAdES.detached with signing-certificate-v2, in an incremental update, level B
 * or, with a signature time stamp, T. Earlier signatures stay valid: no octet before the update changes.
 * `crypto` digests the document: hand in `nodeCrypto` where there is Node.
 *
 * Errors: PDF_NOT_A_PDF, PDF_MALFORMED, PDF_LIMIT, PDF_ENCRYPTED, PDF_CERTIFIED_NO_CHANGES, PDF_FIELD_EXISTS,
 * RESERVED_PLACE_TOO_SMALL.
 */
export function padesFormat(crypto: CryptoProvider): TwoPhaseFormat<PadesSpec, PadesPlacement> {
  return {
    prepare: (document, signer, spec) => prepare(document, signer, spec, crypto),
    timestampInput: (_, signatureValue) => signatureValue,
    complete(prepared, signatureValue, timestampToken) {
      // A copy: slice of a Buffer would be a view.
      const out = new Uint8Array(prepared.document);
      fillPlace(out, prepared.placement, cmsOf(prepared, signatureValue, crypto, timestampToken));
      return out;
    },
  };
}

/** `padesFormat` with portable cryptography. */
export const pades: TwoPhaseFormat<PadesSpec, PadesPlacement> = padesFormat(portableCrypto);

/**
 * Same as `complete`, writing into `prepared.document` itself and giving that back: for files too large to hold twice. Whoever holds
 * `prepared`, or what an earlier call gave, sees it change; what it was prepared from is not touched. May be called again, with a token
 * too: only the reserved place is written to.
 */
export function completeInPlace(
  prepared: PreparedSignature<PadesPlacement>,
  signatureValue: Uint8Array,
  crypto: CryptoProvider,
  timestampToken?: Uint8Array,
): Uint8Array {
  fillPlace(prepared.document, prepared.placement, cmsOf(prepared, signatureValue, crypto, timestampToken));
  return prepared.document;
}

function cmsOf(
  prepared: PreparedSignature<PadesPlacement>,
  signatureValue: Uint8Array,
  crypto: CryptoProvider,
  token: Uint8Array | undefined,
): Uint8Array {
  return buildSignedData(signerOf(prepared.placement.signer, crypto), {
    signedAttributes: prepared.toBeSigned,
    signatureValue,
    unsignedAttributes: token ? [signatureTimestampAttribute(token)] : [],
  });
}

const signers = new WeakMap<Uint8Array, { identity: SignerIdentity; signer: CmsSigner }>();

/** A signer's constant parts are encoded once for all the documents of a class. */
function signerOf(identity: SignerIdentity, crypto: CryptoProvider): CmsSigner {
  const known = signers.get(identity.certificate);
  if (known && known.identity.algorithm === identity.algorithm && sameChain(known.identity.chain, identity.chain)) {
    return known.signer;
  }
  const signer = cmsSigner(identity, crypto);
  signers.set(identity.certificate, { identity, signer });
  return signer;
}

const sameChain = (a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean =>
  a.length === b.length && a.every((certificate, i) => certificate === b[i]);

function prepare(
  bytes: Uint8Array,
  signer: SignerIdentity,
  spec: PadesSpec,
  crypto: CryptoProvider,
): PreparedSignature<PadesPlacement> {
  const document = openPdf(bytes);
  assertAppendable(document);
  assertMayBeSigned(signatureFields(document), spec.fieldName, spec.certify !== undefined);
  const update = new Update(document);
  const value = update.reserve();
  const lock = placeField(update, spec.fieldName, value, spec.appearance, spec.lock);
  if (spec.certify) enterPermissions(update, value);
  const place = reservePlace(update, value, signatureDictionary(spec, lock, update), reservedSize(signer, spec));
  const messageDigest = crypto.digest("sha256", ...place.ranges);
  return {
    document: place.document,
    toBeSigned: buildSignedAttributes(signerOf(signer, crypto), { messageDigest }),
    placement: { start: place.start, capacity: place.capacity, signer },
  };
}

/** The signature dictionary (ISO 32000-2 table 255) but for /ByteRange and /Contents. */
function signatureDictionary(spec: PadesSpec, lock: PdfDict | null, update: Update): PdfDict {
  const entries = new Map<string, PdfValue>([
    ["Type", pdfName("Sig")],
    ["Filter", pdfName("Adobe.PPKLite")],
    ["SubFilter", pdfName("ETSI.CAdES.detached")],
    ["M", dateString(spec.signingTime)],
  ]);
  const texts = { Name: spec.name, Reason: spec.reason, Location: spec.location, ContactInfo: spec.contactInfo };
  for (const [key, text] of Object.entries(texts)) if (text !== undefined) entries.set(key, textString(text));
  const references: PdfDict[] = [];
  if (spec.certify) references.push(transform("DocMDP", { P: spec.certify }));
  if (lock) {
    // The lock of the field becomes binding by the signature's own transform (§12.8.2.4).
    const action = update.view.get(lock, "Action");
    const fields = update.view.array(lock.get("Fields"));
    references.push(transform("FieldMDP", { Action: action, ...(fields ? { Fields: fields } : {}) }));
  }
  if (references.length) entries.set("Reference", references);
  return new PdfDict(entries);
}

function transform(method: string, parameters: Record<string, PdfValue>): PdfDict {
  return PdfDict.of({
    Type: pdfName("SigRef"),
    TransformMethod: pdfName(method),
    TransformParams: PdfDict.of({ Type: pdfName("TransformParams"), ...parameters, V: pdfName("1.2") }),
  });
}
