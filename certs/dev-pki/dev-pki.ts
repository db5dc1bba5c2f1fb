import { CertsError } from "../errors.ts";
import { Authority, hexSerial, randomSerial } from "./authority.ts";
import { buildCertificate, certificateFields, keyIdentifier } from "./certificate.ts";
import type { DevPki, DevPkiOptions, IssueRequest } from "./contract.ts";
import { Faults } from "./faults.ts";
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
import { startTsa } from "./start-tsa.ts";
import { type AuthorityName, PkiStore } from "./store.ts";
import { TimestampAuthority } from "./timestamp-authority.ts";
import { tsaImpostors } from "./tsa-impostors.ts";

const DAY = 86_400_000;
const YEAR = 365 * DAY;

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
