import { type Element, Tag } from "../der/element.ts";
import { decodeOid, readOid } from "../der/values.ts";
import { CertsError } from "../errors.ts";
import { type Name, readName } from "./name.ts";

/** GeneralName (RFC 5280 §4.2.1.6). Texts are IA5 read as Latin-1: a stray octet stays visible. */
export type GeneralName =
  | { type: "otherName"; oid: string /** Encoding of the value inside its explicit tag. */; value: Element }
  | { type: "rfc822Name" | "dNSName" | "uniformResourceIdentifier"; text: string }
  | { type: "directoryName"; name: Name }
  | { type: "iPAddress"; octets: Uint8Array }
  | { type: "registeredID"; oid: string }
  | { type: "x400Address" | "ediPartyName"; value: Element };

const latin1 = new TextDecoder("latin1");

/** Reads one GeneralName. @throws CertsError DER_MALFORMED */
export function readGeneralName(e: Element): GeneralName {
  switch (e.tag) {
    case 0xa0: {
      const [type, value] = e.children();
      if (!type || !value) throw new CertsError("DER_MALFORMED", "otherName incomplete");
      return { type: "otherName", oid: readOid(type), value: value.expect(0xa0, "otherName value").child() };
    }
    case 0x81:
      return { type: "rfc822Name", text: latin1.decode(e.content) };
    case 0x82:
      return { type: "dNSName", text: latin1.decode(e.content) };
    case 0xa3:
      return { type: "x400Address", value: e };
    case 0xa4:
      return { type: "directoryName", name: readName(e.child()) };
    case 0xa5:
      return { type: "ediPartyName", value: e };
    case 0x86:
      return { type: "uniformResourceIdentifier", text: latin1.decode(e.content) };
    case 0x87:
      return { type: "iPAddress", octets: e.content };
    case 0x88:
      return { type: "registeredID", oid: decodeOid(e.content, e) };
    default:
      throw new CertsError("DER_MALFORMED", `no GeneralName has tag 0x${e.tag.toString(16)}`);
  }
}

/** Reads GeneralNames under any tag; an empty list, as some issuers write it, is read as such. */
export const readGeneralNames = (e: Element): GeneralName[] => e.children().map(readGeneralName);

/** Reads the GeneralNames of an extension value. @throws CertsError DER_MALFORMED */
export const readGeneralNamesExtension = (e: Element): GeneralName[] =>
  readGeneralNames(e.expect(Tag.SEQUENCE, "GeneralNames"));
