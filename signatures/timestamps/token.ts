import { CertsError } from "@hocba/certs";
import type { DigestAlgorithm } from "@hocba/certs/crypto";
import {
  contextConstructed,
  contextPrimitive,
  type Element,
  readBoolean,
  readInteger,
  readIntegerHex,
  readOctetString,
  readOid,
  readTime,
  readWhole,
  Tag,
} from "@hocba/certs/der";
import { digestAlgorithmOf, readAlgorithmIdentifier } from "../cms/algorithm-identifier.ts";
import { CmsOid } from "../cms/oids.ts";
import { parseSignedData, type SignedData } from "../cms/signed-data.ts";
import type { SignerInfo } from "../cms/signer-info.ts";
import { SignaturesError } from "../errors.ts";

/** A TimeStampToken as it reads (RFC 3161 §2.4.2). Nothing about it has been verified. */
export interface TimestampToken {
  /** DER (or BER) of the ContentInfo, padding behind it left out. */
  readonly raw: Uint8Array;
  readonly signedData: SignedData;
  /** The one signer: a token with more is refused. */
  readonly signerInfo: SignerInfo;
  /** DER of TSTInfo, the content. */
  readonly tstInfo: Uint8Array;
  readonly policy: string;
  readonly imprint: {
    /** Dotted. */
    readonly oid: string;
    /** Null when we do not know the algorithm. */
    readonly digestAlgorithm: DigestAlgorithm | null;
    readonly digest: Uint8Array;
  };
  /** Upper-case hex. */
  readonly serial: string;
  /** Milliseconds since 1970. */
  readonly genTime: number;
  /** Milliseconds; null when the token states none. */
  readonly accuracy: number | null;
  readonly ordering: boolean;
  /** Upper-case hex without leading zeros; null when absent. */
  readonly nonce: string | null;
}

/** @throws SignaturesError TSP_MALFORMED, CMS_MALFORMED */
export function parseTimestampToken(bytes: Uint8Array): TimestampToken {
  return readingTsp(() => {
    const signedData = parseSignedData(bytes);
    if (signedData.contentType !== CmsOid.tstInfo || !signedData.content) {
      throw new SignaturesError("TSP_MALFORMED", "the token's content is not a TSTInfo");
    }
    const signerInfo = signedData.signerInfos[0];
    if (!signerInfo || signedData.signerInfos.length > 1) {
      throw new SignaturesError("TSP_MALFORMED", "a token has exactly one signer");
    }
    const tstInfo = signedData.content;
    return { raw: signedData.element.raw, signedData, signerInfo, tstInfo, ...readTstInfo(tstInfo) };
  });
}

function readTstInfo(bytes: Uint8Array) {
  const fields = readWhole(bytes, { ber: true }).expect(Tag.SEQUENCE, "TSTInfo").children();
  let at = 0;
  const next = (what: string): Element => {
    const field = fields[at++];
    if (!field) throw new SignaturesError("TSP_MALFORMED", `TSTInfo: ${what} is missing`);
    return field;
  };
  const optional = (tag: number): Element | null => (fields[at]?.tag === tag ? fields[at++]! : null);
  if (readInteger(next("version")) !== 1) throw new SignaturesError("TSP_MALFORMED", "TSTInfo of unknown version");
  const policy = readOid(next("policy"));
  const [algorithm, hashed] = next("messageImprint").children();
  if (!algorithm || !hashed) throw new SignaturesError("TSP_MALFORMED", "TSTInfo: messageImprint is incomplete");
  const imprintAlgorithm = readAlgorithmIdentifier(algorithm);
  const serial = readIntegerHex(next("serialNumber"));
  const genTime = readTime(next("genTime").expect(Tag.GENERALIZED_TIME, "genTime"));
  const accuracy = optional(Tag.SEQUENCE);
  const ordering = optional(Tag.BOOLEAN);
  const nonce = optional(Tag.INTEGER);
  return {
    policy,
    imprint: {
      oid: imprintAlgorithm.oid,
      digestAlgorithm: digestAlgorithmOf(imprintAlgorithm.oid),
      digest: readOctetString(hashed),
    },
    serial,
    genTime,
    accuracy: accuracy && readAccuracy(accuracy),
    ordering: ordering ? readBoolean(ordering) : false,
    nonce: nonce && readIntegerHex(nonce),
  };
}

/** Accuracy in milliseconds, microseconds rounded up. */
function readAccuracy(e: Element): number {
  let total = 0;
  for (const part of e.children()) {
    const value = readInteger(part);
    if (part.tag === Tag.INTEGER) total += value * 1000;
    else if (part.tag === contextPrimitive(0)) total += value;
    else if (part.tag === contextPrimitive(1)) total += Math.ceil(value / 1000);
    else if (part.tag === contextConstructed(0)) throw new SignaturesError("TSP_MALFORMED", "accuracy malformed");
  }
  return total;
}

/** What is wrong with the DER becomes TSP_MALFORMED with the cause kept. */
export function readingTsp<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof CertsError) throw new SignaturesError("TSP_MALFORMED", error.message, { cause: error });
    throw error;
  }
}
