/** Short names of attribute types: RFC 4514 §3, RFC 4519, X.520, PKCS #9 and what ETSI EN 319 412 uses. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.4": "SN",
  "2.5.4.5": "serialNumber",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "STREET",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "2.5.4.12": "title",
  "2.5.4.13": "description",
  "2.5.4.15": "businessCategory",
  "2.5.4.17": "postalCode",
  "2.5.4.20": "telephoneNumber",
  "2.5.4.41": "name",
  "2.5.4.42": "GN",
  "2.5.4.43": "initials",
  "2.5.4.44": "generationQualifier",
  "2.5.4.46": "dnQualifier",
  "2.5.4.65": "pseudonym",
  "2.5.4.97": "organizationIdentifier",
  "0.9.2342.19200300.100.1.1": "UID",
  "0.9.2342.19200300.100.1.25": "DC",
  "1.2.840.113549.1.9.1": "emailAddress",
  "1.2.840.113549.1.9.2": "unstructuredName",
};
const OID_BY_NAME = new Map(Object.entries(SHORT_NAMES).map(([oid, name]) => [name.toLowerCase(), oid]));

/** Short name of an attribute type, or its dotted form. */
export const attributeName = (oid: string): string => (Object.hasOwn(SHORT_NAMES, oid) ? SHORT_NAMES[oid]! : oid);

/** Dotted form of a short name (any case); what is not known is taken for dotted already. */
export const attributeOid = (name: string): string => OID_BY_NAME.get(name.toLowerCase()) ?? name;
