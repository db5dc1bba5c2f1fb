import type { CryptoProvider } from "@hocba/certs/crypto";
import { type Element, Tag, toHex } from "@hocba/certs/der";
import { PathCache, type CertificatePool as PathPool } from "@hocba/certs/path";
import type { Certificate } from "@hocba/certs/x509";
import { CmsOid } from "../cms/oids.ts";
import type { SignedData } from "../cms/signed-data.ts";
import type { SignerInfo } from "../cms/signer-info.ts";
import { CertificatePool, readable } from "./certificate-pool.ts";
import type { EvidenceRequest, VerificationContext } from "./context.ts";
import { EvidenceStore } from "./evidence-store.ts";
import { type Policy, resolvePolicy } from "./policy.ts";
import { rememberValidation } from "./validation-memo.ts";
import { type CertificateValidation, pathPool, validateCertificate } from "./x509-validation.ts";

/** True for a certificate that holds a copy of its octets, as the cache makes them: keeping it does not keep a document. */
const isShared = ({ raw }: Certificate): boolean => raw.length === raw.buffer.byteLength;

export type Purpose = "signing" | "timestamping";

/** A caller hands the same list to every call: it is parsed once for each cache. */
const given = new WeakMap<PathCache, WeakMap<readonly Uint8Array[], readonly Certificate[]>>();

function parsedOnce(list: readonly Uint8Array[], cache: PathCache): readonly Certificate[] {
  const lists = given.get(cache) ?? new WeakMap<readonly Uint8Array[], readonly Certificate[]>();
  given.set(cache, lists);
  const known = lists.get(list);
  if (known) return known;
  const pool = new CertificatePool(cache);
  pool.addDer(list);
  lists.set(list, pool.list);
  return pool.list;
}

/** The state of one document's validation: what is at hand, and what turned out to be missing. */
export class ValidationProcess {
  readonly crypto: CryptoProvider;
  readonly policy: Policy;
  /** The time of validation, ms since 1970. */
  readonly time: number;
  readonly pool: CertificatePool;
  readonly cache: PathCache;
  readonly evidence: EvidenceStore;
  readonly context: VerificationContext;
  private builtPool: PathPool | null = null;
  private readonly requests = new Map<string, EvidenceRequest>();
  private readonly answered = new Map<string, CertificateValidation>();
  private readonly numbers = new Map<Certificate, number>();

  /** @param crypto the provider made for the document at hand; that of the context where there is none */
  constructor(context: VerificationContext, crypto: CryptoProvider = context.crypto) {
    this.context = context;
    this.crypto = crypto;
    this.policy = resolvePolicy(context.policy);
    const rule = this.policy.rules["signing-certificate-attribute"];
    const rules = { ...this.policy.rules, "signing-certificate-attribute": { ...rule, effect: "inform" } } as const;
    this.lenientIdentification = { ...this.policy, rules };
    this.time = context.time.getTime();
    this.cache = context.cache ?? new PathCache();
    this.pool = new CertificatePool(this.cache);
    for (const certificate of parsedOnce(context.certificates, this.cache)) this.pool.add(certificate);
    this.evidence = new EvidenceStore(this.cache);
    this.evidence.addCrls(context.crls);
    this.evidence.addOcspResponses(context.ocspResponses);
    this.evidence.startOfDocument();
  }

  /**
   * Time stamps are held to RFC 3161, which demands the ESS attribute; genuine tokens without it exist, and the imprint binds
   * the token anyway.
   */
  readonly lenientIdentification: Policy;

  get pathPool(): PathPool {
    this.builtPool = pathPool(this.pool.list, this.builtPool);
    return this.builtPool;
  }

  private readonly taken = new WeakSet<SignedData>();

  /** Takes up certificates, CRLs and OCSP responses from a SignedData and the CAdES attributes of a signer. */
  addEvidenceOf(signedData: SignedData, signer?: SignerInfo): void {
    if (!this.taken.has(signedData)) {
      // Once for all its signers: hundreds of them share thousands of certificates.
      this.taken.add(signedData);
      this.pool.addDer(signedData.certificates);
      this.evidence.addCrls(signedData.crls);
      this.evidence.addOcspResponses(signedData.ocspResponses);
    }
    const signed = signer?.signedAttributes?.values(CmsOid.adobeRevocationInfo) ?? [];
    const unsigned = signer?.unsignedAttributes;
    // Evidence that cannot be read is evidence that is missing.
    for (const values of unsigned?.values(CmsOid.certificateValues) ?? []) {
      this.pool.addDer(readable(() => values.children().map((e) => e.raw)) ?? []);
    }
    for (const values of [...signed, ...(unsigned?.values(CmsOid.revocationValues) ?? [])]) {
      readable(() => this.addRevocationValues(values));
    }
  }

  /**
   * RevocationValues (EN 319 122-1 §A.1.1.2) and Adobe's RevocationInfoArchival (ISO 32000-1 §12.8.3.3.2): `[0]` CRLs, `[1]` OCSP
   * responses.
   */
  private addRevocationValues(values: Element): void {
    for (const field of values.expect(Tag.SEQUENCE, "RevocationValues").children()) {
      const list = field
        .child()
        .children()
        .map((e) => e.raw);
      if (field.tag === 0xa0) this.evidence.addCrls(list);
      else if (field.tag === 0xa1) this.evidence.addOcspResponses(list);
    }
  }

  /** X.509 certificate validation (EN 319 102-1 §5.2.6) at a time, worked out once for each certificate and time. */
  validateCertificate(certificate: Certificate, at: number, purpose: Purpose): CertificateValidation {
    let number = this.numbers.get(certificate);
    if (number === undefined) {
      number = this.numbers.size;
      this.numbers.set(certificate, number);
    }
    const key = `${number}/${at}/${purpose}`;
    const known = this.answered.get(key);
    if (known) return known;
    const result = this.validateOnce(certificate, at, purpose);
    this.answered.set(key, result);
    for (const request of result.wanted) this.requests.set(this.requestKey(request), request);
    return result;
  }

  /** As of the time of validation many documents ask the same; the instant of a signature is its own. */
  private validateOnce(certificate: Certificate, at: number, purpose: Purpose): CertificateValidation {
    const validate = () => validateCertificate(certificate, at, purpose, this);
    const { context, evidence, pathPool } = this;
    if (at !== this.time || !pathPool.certificates.every(isShared)) return validate();
    const objects = [
      [certificate, this.policy, context.crypto],
      context.anchors,
      pathPool.certificates,
      evidence.crls,
      evidence.ocspResponses,
    ];
    return rememberValidation(this.cache, { objects, values: [purpose, at] }, validate);
  }

  /** One OCSP address answers for many certificates; a CRL is the same for all. */
  private requestKey({ kind, url, certificate }: EvidenceRequest): string {
    return kind === "ocsp" ? `${kind} ${url} ${toHex(this.crypto.digest("sha256", certificate))}` : `${kind} ${url}`;
  }

  /** Evidence that would have helped, each piece once. */
  get wanted(): EvidenceRequest[] {
    return [...this.requests.values()];
  }
}
