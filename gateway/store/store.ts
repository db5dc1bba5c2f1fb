export interface StoredBlob {
  readonly sha256: string;
  /** Octets. */
  readonly size: number;
  /** When it was put the last time, ms since 1970. */
  readonly putAt: number;
}

/** Octets that were received and are not stored yet. It ends with `keep` or with `drop`. */
export interface ReceivedBlob {
  readonly sha256: string;
  /** Octets. */
  readonly size: number;
  /** All of them, in memory: in `place`, as long as `size`, where it is given. @throws GatewayError STORE_UNAVAILABLE */
  content(place?: Uint8Array): Promise<Uint8Array>;
  /** Stores them under their address, as `put` does. @throws GatewayError STORE_FULL, STORE_UNAVAILABLE */
  keep(): Promise<void>;
  /** Forgets them; after `keep`, or a second time, without effect. */
  drop(): Promise<void>;
}

/** A stored content that need not be held whole. */
export interface BlobReader {
  readonly size: number;
  /**
   * From begin to end, may be asked for once. The last piece comes only when all of them are what the address says.
   * @throws GatewayError STORE_MISSING (removed meanwhile), STORE_DAMAGED, STORE_UNAVAILABLE
   */
  readonly pieces: AsyncIterable<Uint8Array>;
}

/**
 * Octets of documents, addressed by their SHA-256 (lower-case hex). What `put` has answered for survives a power cut; what
 * `get` gives has just been checked against its address. Adapters pass `contract.test-suite.ts`.
 */
export interface BlobStore {
  /**
   * Stores the octets and answers with their address. Storing the same again is no error and no second copy; it makes it young.
   * @throws GatewayError STORE_FULL (retryable; nothing was stored), STORE_UNAVAILABLE
   */
  put(content: Uint8Array, sha256?: string): Promise<string>;
  /** @throws GatewayError STORE_MISSING, STORE_DAMAGED (the octets are not those of the address), STORE_UNAVAILABLE */
  get(sha256: string): Promise<Uint8Array>;
  /** Takes octets in as they come, whatever their number, holding few in memory. @throws GatewayError STORE_*; what `pieces` throws */
  receive(pieces: AsyncIterable<Uint8Array>): Promise<ReceivedBlob>;
  /** As `get`, for what is to be passed on: checked once before and once on the way. @throws GatewayError as `get` */
  read(sha256: string): Promise<BlobReader>;
  has(sha256: string): Promise<boolean>;
  /** Everything there is, in no order of time; what comes or goes meanwhile may be left out. @throws GatewayError STORE_UNAVAILABLE */
  list(): AsyncIterable<StoredBlob>;
  /**
   * Removes what was last put before `before` (ms since 1970). Whether anybody needs it is the caller's to know.
   * @returns false when there was nothing so old @throws GatewayError STORE_UNAVAILABLE
   */
  removeOld(sha256: string, before: number): Promise<boolean>;
  /** Writes, reads and removes a probe. @throws GatewayError */
  ping(): Promise<void>;
  close(): Promise<void>;
}
