import { constants, createHash, createPublicKey, randomBytes, verify } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Signer, SignerError, type SigningAlgorithm, type TokenKey } from "./signer.ts";

/** What an adapter gives the suite: an open Signer with at least one RSA-2048, one RSA-3072 and one P-256 key. */
export interface ContractSubject {
  readonly signer: Signer;
  /** Name of a token that the signer has. */
  readonly token: string;
  stop(): Promise<void>;
}

const sha256 = (message: Uint8Array): Buffer => createHash("sha256").update(message).digest();

/** True when node:crypto, which had no part in signing, accepts the signature over the message. */
export function verifies(
  key: TokenKey,
  algorithm: SigningAlgorithm,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const publicKey = createPublicKey({ key: Buffer.from(key.spki!), format: "der", type: "spki" });
  if (algorithm !== "rsa-pss-sha256") return verify("sha256", message, publicKey, signature);
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return verify("sha256", message, { key: publicKey, padding, saltLength: 32 }, signature);
}

/** The SignerError a call fails with. */
export async function failureOf(call: Promise<unknown>): Promise<SignerError> {
  const error = await call.then(
    () => null,
    (cause: unknown) => cause,
  );
  if (!(error instanceof SignerError)) throw new Error(`expected a SignerError, got ${String(error)}`);
  return error;
}

/** The behaviour that every Signer shows. */
export function describeSignerContract(name: string, open: () => Promise<ContractSubject>): void {
  describe(`${name}: contract of a Signer`, () => {
    let subject: ContractSubject;
    let keys: TokenKey[];

    beforeAll(async () => {
      subject = await open();
      keys = await subject.signer.keys();
    }, 60_000);
    afterAll(() => subject?.stop());

    const supporting = (algorithm: SigningAlgorithm): TokenKey[] =>
      keys.filter((key) => key.algorithms.includes(algorithm));

    it("answers a ping", async () => {
      await expect(subject.signer.ping()).resolves.toBeUndefined();
    });

    it("lists keys by lower-case hex id, with their public keys", () => {
      expect(keys.length).toBeGreaterThanOrEqual(3);
      for (const key of keys) {
        expect(key.token).toBe(subject.token);
        expect(key.id).toMatch(/^([0-9a-f]{2})+$/);
        expect(key.spki).toBeInstanceOf(Uint8Array);
      }
      const sizes = keys.map((key) => {
        const publicKey = createPublicKey({ key: Buffer.from(key.spki!), format: "der", type: "spki" });
        return publicKey.asymmetricKeyDetails?.modulusLength ?? publicKey.asymmetricKeyDetails?.namedCurve;
      });
      expect(sizes).toEqual(expect.arrayContaining([2048, 3072, "prime256v1"]));
    });

    for (const algorithm of ["rsa-pkcs1-sha256", "rsa-pss-sha256", "ecdsa-p256-sha256"] as const) {
      it(`makes ${algorithm} signatures that node:crypto accepts, and only over this message`, async () => {
        const able = supporting(algorithm);
        expect(able.length).toBeGreaterThanOrEqual(algorithm === "ecdsa-p256-sha256" ? 1 : 2);
        for (const key of able) {
          for (let i = 0; i < 8; i++) {
            const message = randomBytes(100);
            const signature = await subject.signer.sign(key, algorithm, sha256(message));
            expect(verifies(key, algorithm, message, signature)).toBe(true);
            expect(verifies(key, algorithm, randomBytes(100), signature)).toBe(false);
          }
        }
      });
    }

    it("keeps 200 concurrent calls apart", async () => {
      const able = supporting("rsa-pkcs1-sha256");
      const jobs = Array.from({ length: 200 }, (_, i) => ({ key: able[i % able.length]!, message: randomBytes(32) }));
      const signatures = await Promise.all(
        jobs.map(({ key, message }) => subject.signer.sign(key, "rsa-pkcs1-sha256", sha256(message))),
      );
      const good = jobs.filter(({ key, message }, i) => verifies(key, "rsa-pkcs1-sha256", message, signatures[i]!));
      expect(good.length).toBe(200);
    });

    it("says KEY_NOT_FOUND for an id that no key has, and for a token that is not configured", async () => {
      const digest = sha256(randomBytes(8));
      for (const key of [
        { token: subject.token, id: "ffeeddccbbaa" },
        { token: subject.token, id: "not hex" },
        { token: "no-such-token", id: keys[0]!.id },
      ]) {
        const error = await failureOf(subject.signer.sign(key, "rsa-pkcs1-sha256", digest));
        expect(error.code).toBe("KEY_NOT_FOUND");
        expect(error.retryable).toBe(false);
      }
    });

    it("says REQUEST_INVALID for a digest that is not 32 octets, and for an unknown algorithm", async () => {
      for (const octets of [0, 20, 31, 33, 64]) {
        const error = await failureOf(subject.signer.sign(keys[0]!, "rsa-pkcs1-sha256", new Uint8Array(octets)));
        expect(error.code).toBe("REQUEST_INVALID");
      }
      const unknown = "rsa-md5" as SigningAlgorithm;
      const error = await failureOf(subject.signer.sign(keys[0]!, unknown, sha256(randomBytes(8))));
      expect(error.code).toBe("REQUEST_INVALID");
    });

    it("says MECHANISM_UNSUPPORTED when the key is of another kind", async () => {
      const rsa = supporting("rsa-pkcs1-sha256")[0]!;
      const ec = supporting("ecdsa-p256-sha256")[0]!;
      const digest = sha256(randomBytes(8));
      for (const call of [
        subject.signer.sign(rsa, "ecdsa-p256-sha256", digest),
        subject.signer.sign(ec, "rsa-pkcs1-sha256", digest),
      ]) {
        expect((await failureOf(call)).code).toBe("MECHANISM_UNSUPPORTED");
      }
    });

    it("rejects with the reason of an aborted signal, and works on afterwards", async () => {
      const reason = new Error("the request went away");
      const key = supporting("rsa-pkcs1-sha256")[0]!;
      const before = AbortSignal.abort(reason);
      const digest = sha256(randomBytes(8));
      await expect(subject.signer.sign(key, "rsa-pkcs1-sha256", digest, before)).rejects.toBe(reason);

      const control = new AbortController();
      const many = Array.from({ length: 50 }, () =>
        subject.signer
          .sign(key, "rsa-pkcs1-sha256", digest, AbortSignal.any([control.signal]))
          .catch((error: unknown) => error),
      );
      control.abort(reason);
      for (const outcome of await Promise.all(many)) {
        if (!(outcome instanceof Uint8Array)) expect(outcome).toBe(reason);
      }
      const message = randomBytes(8);
      const signature = await subject.signer.sign(key, "rsa-pkcs1-sha256", sha256(message));
      expect(verifies(key, "rsa-pkcs1-sha256", message, signature)).toBe(true);
    });
  });
}
