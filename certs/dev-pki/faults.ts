/** When a fault strikes: after the first `skip` requests since it was set, for the next `times` ones (default: all). */
export interface FaultWindow {
  skip?: number;
  times?: number;
}

/** What can go wrong on the way, whatever the service. */
export interface TransportFaults extends FaultWindow {
  /** Wait so long before answering, milliseconds. */
  latencyMs?: number;
  /** Close the connection without an answer. */
  refuse?: boolean;
  /** Take the request and never answer. */
  hang?: boolean;
  /** Answer 500. */
  http500?: boolean;
  /** Answer 200 with a web page, as captive portals do. */
  html?: boolean;
  /** Answer 200 with random octets. */
  garbage?: boolean;
  /** Send the first half of the right answer and end. */
  truncate?: boolean;
  /** Answer so many requests, then refuse: 429, or for the TSA a rejection by `quotaAnswer`. */
  quota?: number;
}

export interface TsaFaults extends TransportFaults {
  /** PKIStatus to answer with, instead of a token (RFC 3161 §2.4.2): 2 is rejection. */
  status?: number;
  /** Bit of PKIFailureInfo beside `status`. Default 25, systemFailure. */
  failureInfo?: number;
  quotaAnswer?: "http429" | "rejection";
  wrongNonce?: boolean;
  /** A token over something else. */
  wrongImprint?: boolean;
  /** Added to the clock: −759,000 and +22,846,000 have been seen in genuine tokens. */
  clockSkewMs?: number;
  wrongPolicy?: boolean;
  /** Signed by and naming a certificate of a stranger with the same name. */
  wrongCertificate?: boolean;
  /** Signed by and naming a certificate of this hierarchy without the timeStamping purpose. */
  noEku?: boolean;
  badSignature?: boolean;
}

export interface OcspFaults extends TransportFaults {
  /** No connection: the same as `refuse`. */
  down?: boolean;
  tryLater?: boolean;
  unauthorized?: boolean;
  /** An answer about another certificate. */
  wrongCert?: boolean;
  /** nextUpdate is past. */
  expired?: boolean;
  badSignature?: boolean;
  /** Signed by a certificate without the OCSPSigning purpose. */
  wrongResponder?: boolean;
  /** The nonce of the request is not returned. */
  dropNonce?: boolean;
  /** Five seconds of latency unless `latencyMs` says otherwise. */
  slow?: boolean;
}

export interface CrlFaults extends TransportFaults {
  down?: boolean;
  expired?: boolean;
  badSignature?: boolean;
}

export interface FaultsByService {
  tsa: TsaFaults;
  ocsp: OcspFaults;
  crl: CrlFaults;
  /** The certificates behind AIA caIssuers. */
  crt: TransportFaults & { down?: boolean };
}
export type ServiceName = keyof FaultsByService;

/**
 * The faults ordered for each service. Assigning sets them and starts the count of requests anew; `{}` mends the service:
 * `pki.faults.tsa = { wrongNonce: true, skip: 3, times: 2 }`.
 */
export class Faults implements FaultsByService {
  private readonly orders: { [S in ServiceName]: { faults: FaultsByService[S]; seen: number } } = {
    tsa: { faults: {}, seen: 0 },
    ocsp: { faults: {}, seen: 0 },
    crl: { faults: {}, seen: 0 },
    crt: { faults: {}, seen: 0 },
  };

  get tsa(): TsaFaults {
    return this.orders.tsa.faults;
  }
  set tsa(faults: TsaFaults) {
    this.orders.tsa = { faults, seen: 0 };
  }
  get ocsp(): OcspFaults {
    return this.orders.ocsp.faults;
  }
  set ocsp(faults: OcspFaults) {
    this.orders.ocsp = { faults, seen: 0 };
  }
  get crl(): CrlFaults {
    return this.orders.crl.faults;
  }
  set crl(faults: CrlFaults) {
    this.orders.crl = { faults, seen: 0 };
  }
  get crt(): FaultsByService["crt"] {
    return this.orders.crt.faults;
  }
  set crt(faults: FaultsByService["crt"]) {
    this.orders.crt = { faults, seen: 0 };
  }

  /** Counts one request of `service` and tells which faults strike it, and whether its quota is spent. */
  strike<S extends ServiceName>(service: S): { faults: FaultsByService[S]; overQuota: boolean } {
    const order = this.orders[service];
    const index = order.seen++;
    const { skip = 0, times = Number.POSITIVE_INFINITY, quota = Number.POSITIVE_INFINITY } = order.faults;
    const strikes = index >= skip && index < skip + times;
    return {
      faults: (strikes ? order.faults : {}) as FaultsByService[S],
      overQuota: strikes && index - skip >= quota,
    };
  }
}
