import { type CryptoProvider, portableCrypto } from "@hocba/certs/crypto";
import { der, Tag } from "@hocba/certs/der";
import {
  attribute,
  buildSignedAttributes,
  buildSignedData,
  CmsOid,
  cmsSigner,
  signatureTimestampAttribute,
} from "../cms/index.ts";
import { SignaturesError } from "../errors.ts";
import type { PreparedSignature, SignerIdentity, TwoPhaseFormat } from "./two-phase.ts";

export interface CadesSpec {
  /** Claimed time of signing, to the second. */
  signingTime: Date;
  /** MIME type of the content, for who finds the signature without it (EN 319 122-1 §5.2.5.2). */
  mimeType?: string;
  /** The content goes into the CMS (`.p7m`); otherwise the signature is detached (`.p7s`) and the content stays as it is. */
  attached?: boolean;
}

export interface CadesPlacement {
  signer: SignerIdentity;
  attached: boolean;
}

const MIME_TYPE = /^[\w.+-]{1,127}\/[\w.+-]{1,127}$/;

/**
 * CAdES baseline signatures (EN 319 122-1 §6) over whole files, level B or, with a signature time stamp, T. `prepare` takes the
 * content, whatever it is; `complete` gives the CMS in DER. `cades-long-term.ts` raises it to LT and LTA.
 * `crypto` digests the content: hand in `nodeCrypto` where there is Node.
 *
 * Errors: CMS_MALFORMED (the signer's certificate, the MIME type), SIGNATURE_VALUE_INVALID.
 */
export function cadesFormat(crypto: CryptoProvider): TwoPhaseFormat<CadesSpec, CadesPlacement> {
  return {
    prepare: (content, signer, spec) => prepare(content, signer, spec, crypto),
    timestampInput: (_, signatureValue) => signatureValue,
    complete({ document, toBeSigned, placement }, signatureValue, timestampToken) {
      if (signatureValue.length === 0) throw new SignaturesError("SIGNATURE_VALUE_INVALID", "the signature is empty");
      return buildSignedData(cmsSigner(placement.signer, crypto), {
        signedAttributes: toBeSigned,
        signatureValue,
        unsignedAttributes: timestampToken ? [signatureTimestampAttribute(timestampToken)] : [],
        ...(placement.attached ? { content: document } : {}),
      });
    },
  };
}

/** `cadesFormat` with portable cryptography. */
export const cades: TwoPhaseFormat<CadesSpec, CadesPlacement> = cadesFormat(portableCrypto);

function prepare(
  content: Uint8Array,
  signer: SignerIdentity,
  spec: CadesSpec,
  crypto: CryptoProvider,
): PreparedSignature<CadesPlacement> {
  const { mimeType } = spec;
  if (mimeType !== undefined && !MIME_TYPE.test(mimeType))
    throw new SignaturesError("CMS_MALFORMED", "not a MIME type");
  const utf8 = (text: string) => der(Tag.UTF8_STRING, new TextEncoder().encode(text));
  return {
    document: content,
    toBeSigned: buildSignedAttributes(cmsSigner(signer, crypto), {
      messageDigest: crypto.digest("sha256", content),
      // Mandatory in the baseline (§6.3 table 1); PAdES alone has it elsewhere.
      signingTime: spec.signingTime,
      ...(mimeType === undefined ? {} : { extra: [attribute(CmsOid.mimeType, utf8(mimeType))] }),
    }),
    placement: { signer, attached: spec.attached ?? false },
  };
}
