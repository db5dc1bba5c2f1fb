import type { CryptoProvider } from "@hocba/certs/crypto";
import type { Appearances } from "../appearance/index.ts";
import type { DocumentFormat } from "../ledger/index.ts";
import { cmsFormat } from "./cms-format.ts";
import { pdfFormat } from "./pdf-format.ts";
import type { SigningFormat } from "./signing-format.ts";
import { xmlFormat } from "./xml-format.ts";

/** The formats this gateway signs; a new one is added here. */
export function signingFormats(
  crypto: CryptoProvider,
  appearances: Appearances,
): Readonly<Record<DocumentFormat, SigningFormat>> {
  return { pdf: pdfFormat(crypto, appearances), xml: xmlFormat(crypto), cms: cmsFormat(crypto) };
}
