/** Object identifiers of CMS, ESS, CAdES and TSP that this package reads or writes (RFC 5652, 5035, 3161, EN 319 122-1). */
export const CmsOid = {
  data: "1.2.840.113549.1.7.1",
  signedData: "1.2.840.113549.1.7.2",
  tstInfo: "1.2.840.113549.1.9.16.1.4",

  contentType: "1.2.840.113549.1.9.3",
  messageDigest: "1.2.840.113549.1.9.4",
  signingTime: "1.2.840.113549.1.9.5",
  counterSignature: "1.2.840.113549.1.9.6",
  signingCertificate: "1.2.840.113549.1.9.16.2.12",
  signingCertificateV2: "1.2.840.113549.1.9.16.2.47",
  otherSigningCertificate: "1.2.840.113549.1.9.16.2.19",
  algorithmProtection: "1.2.840.113549.1.9.52",
  mimeType: "0.4.0.1733.2.1",
  contentHints: "1.2.840.113549.1.9.16.2.4",
  signaturePolicy: "1.2.840.113549.1.9.16.2.15",
  commitmentType: "1.2.840.113549.1.9.16.2.16",
  contentTimestamp: "1.2.840.113549.1.9.16.2.20",

  signatureTimestamp: "1.2.840.113549.1.9.16.2.14",
  certificateRefs: "1.2.840.113549.1.9.16.2.21",
  revocationRefs: "1.2.840.113549.1.9.16.2.22",
  certificateValues: "1.2.840.113549.1.9.16.2.23",
  revocationValues: "1.2.840.113549.1.9.16.2.24",
  completeRevocationRefs: "1.2.840.113549.1.9.16.2.22",
  cadesCTimestamp: "1.2.840.113549.1.9.16.2.25",
  certCrlTimestamp: "1.2.840.113549.1.9.16.2.26",
  archiveTimestamp: "1.2.840.113549.1.9.16.2.27",
  archiveTimestampV2: "1.2.840.113549.1.9.16.2.48",
  archiveTimestampV3: "0.4.0.1733.2.4",
  longTermValidation: "0.4.0.1733.2.2",
  atsHashIndex: "0.4.0.1733.2.5",
  atsHashIndexV3: "0.4.0.19122.1.5",
  evidenceRecordInternal: "1.2.840.113549.1.9.16.2.49",
  evidenceRecordExternal: "1.2.840.113549.1.9.16.2.50",
  /** Adobe's RevocationInfoArchival, a signed attribute (ISO 32000-1 §12.8.3.3.2). */
  adobeRevocationInfo: "1.2.840.113583.1.1.8",

  /** OtherRevocationInfoFormat id-ri-ocsp-response (RFC 5940). */
  revocationInfoOcsp: "1.3.6.1.5.5.7.16.2",
  ocspBasic: "1.3.6.1.5.5.7.48.1.1",
} as const;
