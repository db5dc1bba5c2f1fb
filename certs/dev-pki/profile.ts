import { CertsError } from "../errors.ts";
import {
  authorityInfoAccess,
  basicConstraints,
  certificatePolicies,
  crlDistributionPoints,
  Eku,
  type ExtensionSpec,
  extendedKeyUsage,
  type KeyUsageBit,
  keyUsage,
  ocspNoCheck,
} from "./extensions.ts";
import type { DirectoryName } from "./names.ts";

/** Where an authority publishes; null leaves the pointer out. */
export interface PublishedAt {
  crl: readonly string[] | null;
  caIssuers: string | null;
  ocsp: string | null;
}

/** Policies of the dev PKI, under the arc for examples (2.999), shaped like those of the official authority. */
export const DevPolicy = {
  certificates: "2.999.704.1.1.1.1.1",
  timestamps: "2.999.704.1.1.1.2",
} as const;

/** Names of the authorities: shaped like the official ones, and plainly not theirs. */
export const DEV_NAMES: Record<"root" | "issuing" | "tsa" | "ocsp", DirectoryName> = {
  root: [
    ["C", "VN"],
    ["O", "Đơn vị thử nghiệm Học bạ số"],
    ["CN", "RootCA thử nghiệm Học bạ"],
  ],
  issuing: [
    ["C", "VN"],
    ["O", "Đơn vị thử nghiệm Học bạ số"],
    ["CN", "CA thử nghiệm phục vụ các trường"],
  ],
  tsa: [
    ["C", "VN"],
    ["O", "Đơn vị thử nghiệm Học bạ số"],
    ["CN", "Máy chủ cấp dấu thời gian thử nghiệm 01"],
  ],
  ocsp: [
    ["C", "VN"],
    ["O", "Đơn vị thử nghiệm Học bạ số"],
    ["CN", "Máy chủ OCSP thử nghiệm"],
  ],
};

/** Departures from the profile, for negative cases. `null` leaves the extension out. */
export interface ProfileOverrides {
  basicConstraints?: { ca: boolean; pathLength?: number } | null;
  keyUsage?: readonly KeyUsageBit[] | null;
  extendedKeyUsage?: { purposes: readonly string[]; critical?: boolean } | null;
  crlDistributionPoints?: readonly string[] | null;
  caIssuers?: string | null;
  ocsp?: string | null;
  /** Policy OID. */
  policy?: string | null;
  extraExtensions?: readonly ExtensionSpec[];
}

/** The end-entity profile of the official G2 hierarchy: four key usages, three purposes, policy, pointers. */
export function endEntityExtensions(at: PublishedAt, cps: string, over: ProfileOverrides = {}): ExtensionSpec[] {
  return assemble(
    {
      basicConstraints: { ca: false },
      keyUsage: ["digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment"],
      extendedKeyUsage: { purposes: [Eku.clientAuth, Eku.emailProtection, Eku.smartcardLogon] },
      policy: DevPolicy.certificates,
    },
    at,
    cps,
    over,
  );
}

export function caExtensions(at: PublishedAt | null, cps: string, pathLength?: number): ExtensionSpec[] {
  return assemble(
    {
      basicConstraints: pathLength === undefined ? { ca: true } : { ca: true, pathLength },
      keyUsage: ["keyCertSign", "cRLSign"],
      extendedKeyUsage: null,
      policy: at ? DevPolicy.certificates : null,
    },
    at ?? { crl: null, caIssuers: null, ocsp: null },
    cps,
    {},
  );
}

/** RFC 3161 §2.3: the purpose timeStamping alone, and critical. */
export function tsaExtensions(at: PublishedAt, cps: string, over: ProfileOverrides = {}): ExtensionSpec[] {
  return assemble(
    {
      basicConstraints: { ca: false },
      keyUsage: ["digitalSignature"],
      extendedKeyUsage: { purposes: [Eku.timeStamping], critical: true },
      policy: null,
    },
    at,
    cps,
    over,
  );
}

/** RFC 6960 §4.2.2.2: a delegated responder, not itself to be checked for revocation. */
export function ocspResponderExtensions(withPurpose: boolean): ExtensionSpec[] {
  return [
    basicConstraints(false),
    keyUsage(["digitalSignature"]),
    ...(withPurpose ? [extendedKeyUsage([Eku.ocspSigning])] : []),
    ocspNoCheck(),
  ];
}

type Profile = Required<Pick<ProfileOverrides, "basicConstraints" | "keyUsage" | "extendedKeyUsage" | "policy">>;

function assemble(profile: Profile, at: PublishedAt, cps: string, over: ProfileOverrides): ExtensionSpec[] {
  const own = <K extends keyof Profile>(name: K): Profile[K] =>
    (over[name] === undefined ? profile[name] : over[name]) as Profile[K];
  const constraints = own("basicConstraints");
  const usage = own("keyUsage");
  const purposes = own("extendedKeyUsage");
  const policy = own("policy");
  const crl = over.crlDistributionPoints === undefined ? at.crl : over.crlDistributionPoints;
  const caIssuers = over.caIssuers === undefined ? at.caIssuers : over.caIssuers;
  const ocsp = over.ocsp === undefined ? at.ocsp : over.ocsp;
  const extensions: ExtensionSpec[] = [];
  if (constraints) extensions.push(basicConstraints(constraints.ca, constraints.pathLength));
  if (usage) extensions.push(keyUsage(usage));
  if (purposes) extensions.push(extendedKeyUsage(purposes.purposes, purposes.critical ?? false));
  if (policy) extensions.push(certificatePolicies(policy, cps));
  if (crl) extensions.push(crlDistributionPoints(crl));
  if (caIssuers || ocsp) extensions.push(authorityInfoAccess({ caIssuers, ocsp }));
  extensions.push(...(over.extraExtensions ?? []));
  const seen = new Set(extensions.map((e) => e.oid));
  if (seen.size !== extensions.length) throw new CertsError("CERTIFICATE_MALFORMED", "an extension is given twice");
  return extensions;
}
