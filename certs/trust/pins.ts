/** What the product knows of a CA before it has seen its certificate: a fingerprint, an address, what it is trusted for. */
export interface TrustPin {
  /** Stable name, used as file name when the certificate is stored. */
  readonly id: string;
  /** SHA-256 of the certificate, upper-case hex. */
  readonly sha256: string;
  /** `root`: an anchor; `issuing`: an intermediate, trusted only through its root. */
  readonly kind: "root" | "issuing";
  /** Addresses it is published under, tried in order; empty when none is known (import it from a file). */
  readonly urls: readonly string[];
  /** Addresses of the CRL it issues. */
  readonly crlUrls: readonly string[];
  readonly hierarchy: "vgca-g1" | "vgca-g2" | "national-2008" | "national-2014";
}

const PUBLISHED = "http://ca.gov.vn/pki/pub";

/** The hierarchies of Ban Cơ yếu Chính phủ (VGCA) and the public national roots. Fingerprints only: no certificate is shipped. */
export const trustPins: readonly TrustPin[] = [
  {
    id: "vgca-root-g1",
    sha256: "F7BC89054CEC7F12730D7B8CD3EB7955B163835087E5EB873EDFB584763B3F90",
    kind: "root",
    urls: [],
    crlUrls: [`${PUBLISHED}/crl/rootca.crl`],
    hierarchy: "vgca-g1",
  },
  {
    id: "vgca-root-g2",
    sha256: "F04BA4B459A7C9A1B971AD9B1CB833E695A80C79AEA63B174B66A70EDFE2FDB8",
    kind: "root",
    urls: [`${PUBLISHED}/crt/rootcag2.crt`, "http://ca.dcs.vn/pki/pub/crt/rootcag2.crt"],
    crlUrls: [`${PUBLISHED}/crl/rootcag2.crl`],
    hierarchy: "vgca-g2",
  },
  {
    id: "vgca-cp-g1",
    sha256: "75E969C07BA35C29C72BBC1BFB880F20F3891A619B00B77EB02CA6160736A1FE",
    kind: "issuing",
    urls: [`${PUBLISHED}/cert/cp.crt`],
    crlUrls: [`${PUBLISHED}/crl/cp.crl`, "http://pub.ca.gov.vn/pki/pub/crl/cp.crl"],
    hierarchy: "vgca-g1",
  },
  {
    id: "vgca-cp-g2",
    sha256: "D8CAB7A4AEF92E6BB2509D7C61CEE7B44F3731B2D21074963530277B366FAE4B",
    kind: "issuing",
    urls: [`${PUBLISHED}/crt/cpcag2.crt`],
    crlUrls: [`${PUBLISHED}/crl/cpcag2.crl`],
    hierarchy: "vgca-g2",
  },
  {
    id: "vgca-dcs-g1",
    sha256: "6E218B3EBC2F31B0D03205C64FD7E8920FB47187D37AFCDB4CB2BB4178BF4635",
    kind: "issuing",
    urls: [],
    crlUrls: [],
    hierarchy: "vgca-g1",
  },
  {
    id: "vgca-dcs-g2",
    sha256: "E4B402E3CB4CACC0A20D21FA49BCE76BEB4EB47BA7FFB7A8F71C554DBE561A81",
    kind: "issuing",
    urls: [],
    crlUrls: [],
    hierarchy: "vgca-g2",
  },
  {
    id: "vgca-btc-g1",
    sha256: "A262CFA489DBBE666F8B89FAB832547809874D5A06FA9F7A38FC227EBDF40514",
    kind: "issuing",
    urls: [`${PUBLISHED}/cert/btc.crt`],
    crlUrls: [`${PUBLISHED}/crl/btc.crl`],
    hierarchy: "vgca-g1",
  },
  {
    id: "vgca-bca-g1",
    sha256: "ECBF8428266C549EB1BFDC2715270D5B9DFF3BBBE2D3F0C33E0FD91F70B2D943",
    kind: "issuing",
    urls: [],
    crlUrls: [],
    hierarchy: "vgca-g1",
  },
  {
    id: "vgca-bng-g1",
    sha256: "3C4281296F92D292CC952295FE41AD7D0B37438FF1D143B56C4642CC1B14BD93",
    kind: "issuing",
    urls: [],
    crlUrls: [],
    hierarchy: "vgca-g1",
  },
  {
    id: "vn-national-root-2014",
    sha256: "BAC8BF609AB420A8EE1780D74F4DE5C7F7184959D2A7375B0A75E4C29F0908E7",
    kind: "root",
    urls: ["https://rootca.gov.vn/crt/vnrca256.p7b"],
    crlUrls: ["https://rootca.gov.vn/crl/vnrca256.crl"],
    hierarchy: "national-2014",
  },
  {
    id: "mic-national-root-2008",
    sha256: "CA918D635BB130BEC97639E6AABF7EDBC4EB1310F8058B9419F467AE0230AD8C",
    kind: "root",
    urls: [],
    crlUrls: [],
    hierarchy: "national-2008",
  },
  {
    id: "vnpt-ca-sha2-2024",
    sha256: "7D6BA5245317F9ED5D8BC765A4634D26AC6340D36B9F584DF3B52D9C4A81A306",
    kind: "issuing",
    urls: [],
    crlUrls: [],
    hierarchy: "national-2014",
  },
];
