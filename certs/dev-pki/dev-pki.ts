import type { KeyObject } from "node:crypto";
import { CertsError } from "../errors.ts";
import { Authority, hexSerial, randomSerial } from "./authority.ts";
import { buildCertificate, certificateFields, type Issuer, keyIdentifier } from "./certificate.ts";
import type { RevocationReason } from "./crl.ts";
import { Faults, type TsaFaults } from "./faults.ts";
import { serve } from "./http-service.ts";
import { type DevKeyType, generateKey, type SigningKey, signingKey } from "./keys.ts";
import { type DirectoryName, encodeName, type SubjectFields, subjectName } from "./names.ts";
import { ocspAuthority } from "./ocsp-authority.ts";
import { type OcspAuthority, respondOcsp } from "./ocsp-responder.ts";
import { certificateOnRecord, keyOnRecord } from "./on-record.ts";
import {
  caExtensions,
  DEV_NAMES,
  DevPolicy,
  endEntityExtensions,
  type ProfileOverrides,
  type PublishedAt,
  tsaExtensions,
} from "./profile.ts";
import { publicKeyOfRequest } from "./request.ts";
import { certificateService, crlService, ocspService, tsaService } from "./services.ts";
import { type RunningTsa, startTsa } from "./start-tsa.ts";
import { type AuthorityName, PkiStore } from "./store.ts";
import { TimestampAuthority } from "./timestamp-authority.ts";
import { tsaImpostors } from "./tsa-impostors.ts";

const DAY = 86_400_000;
const YEAR = 365 * DAY;

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

/**
 * Starts a PKI for demonstrations and tests: root, issuing authority, time stamp authority under the root, and their CRL,
 * OCSP, AIA and RFC 3161 services on loopback. Its private keys lie in files or memory: never trust it for real documents.
 * Not for two processes on one data directory at once.
 */
export async function startDevPki(options: DevPkiOptions = {}): Promise<DevPki> {
  const clock = options.clock ?? (() => new Date());
  const host = options.host ?? "127.0.0.1";
  const store = new PkiStore(options.dataDir ?? null);
  const faults = new Faults();
  const names = { ...DEV_NAMES, ...options.names };
  const caBits = `rsa-${options.keyBits ?? 4096}` as DevKeyType;
  const keys = Promise.all([
    keyOnRecord(store, "root", caBits),
    keyOnRecord(store, "issuing", caBits),
    keyOnRecord(store, "tsa", "rsa-2048"),
    generateKey("rsa-2048").then((k) => signingKey(k)),
  ]);
  // Awaited further down: a port that is taken must not leave an unhandled rejection behind.
  keys.catch(() => {});
  // Certificates name the services' addresses, so the port comes first; requests that arrive earlier wait for the rest.
  const authorities: Authority[] = [];
  const responders: OcspAuthority[] = [];
  let timestamps: TimestampAuthority | null = null;
  let opened = () => {};
  const ready = new Promise<void>((resolve) => {
    opened = resolve;
  });
  const services = [
    crlService(() => authorities),
    certificateService(() => authorities),
    ocspService(() => responders, { clock, validityMs: options.ocspValidityMs ?? 3_600_000 }),
    tsaService({ respond: (der, f) => timestamps!.respond(der, f) }),
  ].map((s) => ({
    ...s,
    answer: async (...args: Parameters<typeof s.answer>) => {
      await ready;
      return s.answer(...args);
    },
  }));
  const savedPort = Number(store.read("port") ?? 0);
  const server = await serve({ host, port: options.port ?? savedPort, faults }, services);
  try {
    store.write("port", String(server.port));
    const baseUrl = options.baseUrl ?? `http://${host}:${server.port}`;
    const cps = `${baseUrl}/cps`;
    const ocspUrl = `${baseUrl}/ocsp`;
    const at = (id: AuthorityName): PublishedAt => ({
      crl: [`${baseUrl}/crl/${id}.crl`],
      caIssuers: `${baseUrl}/crt/${id}.crt`,
      ocsp: ocspUrl,
    });
    const [rootKey, issuingKey, tsaKey, ocspKey] = await keys;
    const notBefore = options.notBefore ?? new Date(clock().getTime() - YEAR);
    const notAfter = options.notAfter ?? new Date(notBefore.getTime() + 20 * YEAR);
    const rest = { store, clock, crlValidityMs: options.crlValidityMs ?? 7 * DAY };

    const rootName = encodeName(names.root);
    const rootCertificate = await certificateOnRecord(store, "root", () =>
      buildCertificate(
        {
          serial: randomSerial(),
          subject: rootName,
          spki: rootKey.spki,
          notBefore,
          notAfter,
          extensions: caExtensions(null, cps),
        },
        { name: rootName, keyId: keyIdentifier(rootKey.spki), key: rootKey },
      ),
    );
    const root = new Authority({
      id: "root",
      certificate: rootCertificate,
      key: rootKey,
      publishedAt: at("root"),
      ...rest,
    });
    const issuingCertificate = await certificateOnRecord(store, "issuing", () =>
      root.issue({
        subject: encodeName(names.issuing),
        spki: issuingKey.spki,
        notBefore,
        notAfter,
        extensions: caExtensions(at("root"), cps, 0),
      }),
    );
    const issuing = new Authority({
      id: "issuing",
      certificate: issuingCertificate,
      key: issuingKey,
      publishedAt: at("issuing"),
      ...rest,
    });
    authorities.push(root, issuing);

    const tsaEnd = new Date(Math.min(notBefore.getTime() + 10 * YEAR, notAfter.getTime()));
    const issueTsa = (name: DirectoryName, key: SigningKey, profile: ProfileOverrides = {}) =>
      root.issue({
        subject: encodeName(name),
        spki: key.spki,
        notBefore,
        notAfter: tsaEnd,
        extensions: tsaExtensions(at("root"), cps, profile),
      });
    const tsaCertificate = await certificateOnRecord(store, "tsa", () => issueTsa(names.tsa, tsaKey));
    const impostors = tsaImpostors(names, issueTsa, { notBefore, notAfter: tsaEnd }, cps);
    timestamps = new TimestampAuthority({
      certificate: tsaCertificate,
      key: tsaKey,
      chain: [rootCertificate],
      policy: DevPolicy.timestamps,
      clock,
      impostors,
    });

    for (const authority of authorities)
      responders.push(await ocspAuthority(authority, ocspKey, names.ocsp, store, clock));
    opened();

    const authorityNamed = (id: AuthorityName): Authority => (id === "root" ? root : issuing);
    const issue = async (request: IssueRequest): Promise<Uint8Array> => {
      const spki = request.publicKeySpki ?? (request.csr ? publicKeyOfRequest(request.csr) : null);
      if (!spki) throw new CertsError("CERTIFICATE_MALFORMED", "a public key or a certification request is needed");
      const name = isDirectoryName(request.subject) ? request.subject : subjectName(request.subject);
      if (request.kind === "seal") checkSeal(name);
      const from = request.notBefore ?? new Date(clock().getTime() - 3_600_000);
      const issuer = request.issuer ?? "issuing";
      const authority = typeof issuer === "string" ? authorityNamed(issuer) : issuing;
      return authority.issue(
        {
          ...(request.serial === undefined ? {} : { serial: request.serial }),
          subject: encodeName(name),
          spki,
          notBefore: from,
          notAfter: request.notAfter ?? new Date(Math.min(from.getTime() + 3 * YEAR, notAfter.getTime())),
          extensions: endEntityExtensions(authority.publishedAt, cps, request),
        },
        typeof issuer === "string" ? authority.issuer : issuer,
      );
    };

    return {
      root,
      issuing,
      tsa: { certificate: tsaCertificate, url: `${baseUrl}/tsa`, policy: DevPolicy.timestamps, authority: timestamps },
      ocspUrl,
      baseUrl,
      faults,
      issue,
      async issueLeaf({ keyType = "rsa-2048", privateKey, ...request }) {
        const key = signingKey(privateKey ?? (await generateKey(keyType)));
        const certificate = await issue({ ...request, publicKeySpki: key.spki });
        const above = request.issuer === "root" ? [rootCertificate] : [issuingCertificate, rootCertificate];
        return {
          certificate,
          privateKey: key.privateKey,
          chain: [certificate, ...above],
          serial: certificateFields(certificate).serialHex,
        };
      },
      revoke(serial, reason = "unspecified", when = clock(), invalidityDate) {
        const hex = hexSerial(Buffer.from(serial, "hex"));
        const authority = store.authorityOf(hex);
        if (!authority) throw new CertsError("CERTIFICATE_MALFORMED", `no certificate on record has serial ${hex}`);
        store.recordRevoked(authority, { serial: hex, when, reason, ...(invalidityDate ? { invalidityDate } : {}) });
      },
      crl: (authority = "issuing") => authorityNamed(authority).crl(),
      ocsp: (request) =>
        respondOcsp(request, responders, { now: clock(), validityMs: options.ocspValidityMs ?? 3_600_000 }),
      async startTsa(tsaOptions = {}) {
        const key = signingKey(await generateKey(tsaOptions.keyType ?? "rsa-2048"));
        const name = tsaOptions.name ?? "Máy chủ cấp dấu thời gian thử nghiệm 02";
        const certificate = await issueTsa([...names.tsa.filter(([type]) => type !== "CN"), ["CN", name]], key);
        return startTsa({
          certificate,
          key,
          chain: [rootCertificate],
          policy: DevPolicy.timestamps,
          host,
          clock: tsaOptions.clock ?? clock,
          impostors,
          ...(tsaOptions.port === undefined ? {} : { port: tsaOptions.port }),
          ...(tsaOptions.faults ? { faults: tsaOptions.faults } : {}),
        });
      },
      close: server.close,
    };
  } catch (error) {
    await server.close();
    throw error;
  }
}

function isDirectoryName(subject: SubjectFields | DirectoryName): subject is DirectoryName {
  return Array.isArray(subject);
}

function checkSeal(name: DirectoryName): void {
  const uids = name.filter(([type]) => type === "UID").map(([, value]) => value);
  if (!uids.some((u) => u.startsWith("MNS:")) || !uids.some((u) => u.startsWith("MST:"))) {
    throw new CertsError("CERTIFICATE_MALFORMED", "a seal carries UID=MNS:… and UID=MST:…");
  }
}
