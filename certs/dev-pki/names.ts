import { der, ia5String, oid, printableString, sequence, utf8String } from "../der/index.ts";

/** Attribute types of a distinguished name, by their usual short names. */
export type AttributeType = "C" | "ST" | "L" | "O" | "OU" | "CN" | "T" | "E" | "UID" | "SERIALNUMBER";

/** A distinguished name in the order of its encoding (country first, as the official hierarchy writes it). */
export type DirectoryName = readonly (readonly [AttributeType, string])[];

const OIDS: Record<AttributeType, string> = {
  C: "2.5.4.6",
  ST: "2.5.4.8",
  L: "2.5.4.7",
  O: "2.5.4.10",
  OU: "2.5.4.11",
  CN: "2.5.4.3",
  T: "2.5.4.12",
  E: "1.2.840.113549.1.9.1",
  UID: "0.9.2342.19200300.100.1.1",
  SERIALNUMBER: "2.5.4.5",
};

/** Name, DER, one attribute per RDN. Strings as RFC 5280 §4.1.2.4 asks: UTF8String, but C and serialNumber printable, E IA5. */
export function encodeName(name: DirectoryName): Uint8Array {
  return sequence(
    ...name.map(([type, text]) => {
      const value =
        type === "C" || type === "SERIALNUMBER"
          ? printableString(text)
          : type === "E"
            ? ia5String(text)
            : utf8String(text);
      return der(0x31, sequence(oid(OIDS[type]), value));
    }),
  );
}

/** What a certificate of a person or of a school's seal says about its holder. */
export interface SubjectFields {
  commonName: string;
  /** Default VN. */
  country?: string;
  locality?: string;
  organization?: string;
  /** From the larger unit to the smaller one: UBND xã, then school. */
  organizationalUnits?: readonly string[];
  email?: string;
  /** Seals: `MNS:<agency code>` and `MST:<tax code>`. */
  uid?: readonly string[];
}

/** The name in the order official certificates use: C, L, O, OU…, CN, UID…, E. */
export function subjectName(fields: SubjectFields): DirectoryName {
  const name: [AttributeType, string][] = [["C", fields.country ?? "VN"]];
  if (fields.locality) name.push(["L", fields.locality]);
  if (fields.organization) name.push(["O", fields.organization]);
  for (const unit of fields.organizationalUnits ?? []) name.push(["OU", unit]);
  name.push(["CN", fields.commonName]);
  for (const uid of fields.uid ?? []) name.push(["UID", uid]);
  if (fields.email) name.push(["E", fields.email]);
  return name;
}
