import { pemBlocks } from "@hocba/certs/x509";

/** The DER blocks of a file: the file itself when it is DER, else its PEM blocks with a fitting label. */
export function readPemBlocks(bytes: Uint8Array, label: RegExp): Uint8Array[] {
  if (bytes[0] === 0x30) return [bytes];
  return pemBlocks(bytes)
    .filter((block) => label.test(block.label))
    .map((block) => block.der);
}
