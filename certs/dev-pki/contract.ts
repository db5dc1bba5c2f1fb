import type { KeyObject } from "node:crypto";
import type { Authority } from "./authority.ts";
import type { Issuer } from "./certificate.ts";
import type { RevocationReason } from "./crl.ts";
import type { Faults, TsaFaults } from "./faults.ts";
import type { DevKeyType } from "./keys.ts";
import type { DirectoryName, SubjectFields } from "./names.ts";
import type { DEV_NAMES, ProfileOverrides } from "./profile.ts";
import type { RunningTsa } from "./start-tsa.ts";
import type { AuthorityName } from "./store.ts";
import type { TimestampAuthority } from "./timestamp-authority.ts";

export interface DevPkiOptions {
  /** Keeps keys (0600), certificates and the index of what was issued. Without it everything ends with the process. */
  dataDir?: string;
  /** Default: the port used before with this data directory, else any free one. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Written into certificates instead of `http://host:port`, where another name leads here. */
  baseUrl?: string;
  clock?: () => Date;
  /** RSA size of both authorities' keys. Default 4096 as in the official hierarchy; 2048 is quicker in tests. */
  keyBits?: 2048 | 3072 | 4096;
  /** Names of the authorities, for hierarchies that must look like another one. */
  names?: Partial<typeof DEV_NAMES>;
  /** Validity of CRLs. Default 7 days. */
  crlValidityMs?: number;
  /** Validity of OCSP answers. Default 1 hour. */
  ocspValidityMs?: number;
  /** Start of the authorities' validity. Default: a year before now, so that past moments can be tried. */
  notBefore?: Date;
  /** End of the authorities' validity. Default: 20 years after its start. */
  notAfter?: Date;
}

export interface IssueRequest extends ProfileOverrides {
  /** SubjectPublicKeyInfo, DER. Either this or `csr`. */
  publicKeySpki?: Uint8Array;
  /** PKCS #10 request, DER; its subject is not used. */
  csr?: Uint8Array;
  /** Fields, or the whole name in its order. */
  subject: SubjectFields | DirectoryName;
  /** A seal must carry `MNS:` and `MST:` in UID. Default person. */
  kind?: "person" | "seal";
  /** Default: an hour ago. */
  notBefore?: Date;
  /** Default: three years after notBefore, not beyond the authority. */
  notAfter?: Date;
  /** Hex. Default: 64 random bits. */
  serial?: string;
  /** Default issuing. An `Issuer` of one's own makes look-alikes and further levels; its certificates are not on record. */
  issuer?: AuthorityName | Issuer;
}

export interface IssuedLeaf {
  certificate: Uint8Array;
  privateKey: KeyObject;
  /** Certificate, issuing authority, root. */
  chain: Uint8Array[];
  /** Upper-case hex. */
  serial: string;
}

export interface DevPki {
  root: Authority;
  issuing: Authority;
  tsa: { certificate: Uint8Array; url: string; policy: string; authority: TimestampAuthority };
  ocspUrl: string;
  /** `http://127.0.0.1:port`, without a slash at the end. */
  baseUrl: string;
  faults: Faults;
  /** Issues by the official end-entity profile. @throws CertsError CERTIFICATE_MALFORMED, DER_MALFORMED */
  issue(request: IssueRequest): Promise<Uint8Array>;
  /** Makes a key, default RSA-2048, and a certificate for it. */
  issueLeaf(
    request: Omit<IssueRequest, "publicKeySpki" | "csr"> & { keyType?: DevKeyType; privateKey?: KeyObject },
  ): Promise<IssuedLeaf>;
  /** Revokes by serial (hex) whatever either authority issued. @throws CertsError CERTIFICATE_MALFORMED for unknown ones */
  revoke(serial: string, reason?: RevocationReason, when?: Date, invalidityDate?: Date): void;
  /** Current CRL, DER. Default: of the issuing authority. */
  crl(authority?: AuthorityName): Promise<Uint8Array>;
  /** Answer to an OCSP request, both DER, without HTTP. */
  ocsp(request: Uint8Array): Promise<Uint8Array>;
  /** One more time stamp authority under the root, on its own port with its own faults and clock. */
  startTsa(options?: {
    name?: string;
    port?: number;
    clock?: () => Date;
    faults?: TsaFaults;
    keyType?: DevKeyType;
  }): Promise<RunningTsa>;
  close(): Promise<void>;
}
