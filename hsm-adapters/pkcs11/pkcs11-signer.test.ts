import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeSignerContract, failureOf, verifies } from "../contract.test-suite.ts";
import { makeSchoolToken, type SchoolToken, TEST_PIN } from "../testing/school-token.ts";
import { type Cryptoki, loadModule, Pkcs11Module } from "./module.ts";
import { PinLock } from "./pin-lock.ts";
import { Pkcs11Signer } from "./pkcs11-signer.ts";
import type { TokenEvent } from "./pkcs11-token.ts";

let school: SchoolToken;
beforeAll(async () => {
  school = await makeSchoolToken();
}, 60_000);
afterAll(() => school?.remove());

const digest = (): Buffer => createHash("sha256").update(randomBytes(8)).digest();

describeSignerContract("PKCS #11", async () => {
  const signer = new Pkcs11Signer([school.config()], { stateDirectory: school.directory });
  return { signer, token: "truong", stop: () => signer.close() };
});

/** The real library, with every call counted and, where told, answered by a CK_RV instead. */
function spiedModule(faults: Partial<Record<keyof Cryptoki, () => string | null>> = {}) {
  const real = loadModule(school.softHsm.module).cryptoki;
  const calls = new Map<string, number>();
  const cryptoki = new Proxy(real, {
    get(target, name: keyof Cryptoki) {
      return (...args: unknown[]) => {
        calls.set(name, (calls.get(name) ?? 0) + 1);
        const rv = faults[name]?.();
        if (rv) {
          if (name === "C_SignAsync") return Promise.reject(new Error(rv));
          throw new Error(rv);
        }
        return (target[name] as (...a: unknown[]) => unknown).apply(target, args);
      };
    },
  });
  const module = new Pkcs11Module(school.softHsm.module, cryptoki);
  return { load: () => module, calls };
}

describe("a wrong PIN", () => {
  it("reaches the token exactly once, over many calls, several signers and restarts", async () => {
    const pinFile = join(school.directory, "wrong-pin");
    writeFileSync(pinFile, "999999\n", { mode: 0o600 });
    const stateDirectory = join(school.directory, "state-wrong");
    let now = Date.parse("2026-05-20T08:00:00Z");
    const { load, calls } = spiedModule();
    for (let restart = 0; restart < 3; restart++) {
      const config = school.config({ pinFile });
      const signer = new Pkcs11Signer([config], { stateDirectory, load, now: () => now });
      for (let i = 0; i < 5; i++) {
        const errors = await Promise.all([
          failureOf(signer.sign({ token: "truong", id: "a1" }, "rsa-pkcs1-sha256", digest())),
          failureOf(signer.keys()),
          failureOf(signer.ping()),
        ]);
        for (const error of errors) {
          expect(error.code).toBe("PIN_INCORRECT");
          expect(error.retryable).toBe(false);
          expect(JSON.stringify(error) + error.message).not.toContain("999999");
        }
        now += 60_000;
      }
      await signer.close();
    }
    expect(calls.get("C_Login")).toBe(1);

    const marker = readFileSync(join(stateDirectory, "pin-lock.truong.json"), "utf8");
    expect(marker).not.toContain("999999");
    expect(JSON.parse(marker)).toMatchObject({ state: "refused", at: "2026-05-20T08:00:00.000Z" });

    // The corrected PIN is another PIN: it is tried without anybody clearing anything.
    writeFileSync(pinFile, `${TEST_PIN}\n`);
    const signer = new Pkcs11Signer([school.config({ pinFile })], { stateDirectory, load, now: () => now });
    await signer.ping();
    await signer.close();
    expect(calls.get("C_Login")).toBe(2);
    expect(readdirSync(stateDirectory)).not.toContain("pin-lock.truong.json");
  });

  it("is tried again after an operator cleared the record", async () => {
    const pinFile = join(school.directory, "wrong-pin-2");
    writeFileSync(pinFile, "888888");
    const stateDirectory = join(school.directory, "state-clear");
    const { load, calls } = spiedModule();
    let now = 0;
    const signer = new Pkcs11Signer([school.config({ pinFile })], { stateDirectory, load, now: () => now });
    await failureOf(signer.ping());
    now += 10_000;
    expect((await failureOf(signer.ping())).details.tried).toBe(false);
    expect(new PinLock(stateDirectory, "truong", () => now).clear()).toBe(true);
    now += 10_000;
    expect((await failureOf(signer.ping())).details.tried).toBe(true);
    expect(calls.get("C_Login")).toBe(2);
    await signer.close();
  });

  it("is not tried again after a process was killed in the middle of the login that spent it", async () => {
    const pinFile = join(school.directory, "wrong-pin-3");
    writeFileSync(pinFile, "777777");
    const stateDirectory = join(school.directory, "state-killed");
    const { load, calls } = spiedModule();
    const module = load().path;
    const serial = school.softHsm.serial;
    new PinLock(stateDirectory, "truong", Date.now).begin({ pin: "777777", module, serial });
    const spent = new Pkcs11Signer([school.config({ pinFile, name: "other" })], { stateDirectory: null, load });
    expect((await failureOf(spent.ping())).code).toBe("PIN_INCORRECT"); // the token counts it
    const signer = new Pkcs11Signer([school.config({ pinFile })], { stateDirectory, load });
    expect(await failureOf(signer.ping())).toMatchObject({ code: "PIN_INCORRECT", details: { tried: false } });
    expect(calls.get("C_Login")).toBe(1);
    await spent.close();
    await signer.close();
  });

  it("is not even looked for when the token is locked or at its final try", async () => {
    const locked = 0x40000;
    const finalTry = 0x20000;
    for (const flag of [locked, finalTry]) {
      const real = loadModule(school.softHsm.module).cryptoki;
      let logins = 0;
      const cryptoki = new Proxy(real, {
        get: (target, name: keyof Cryptoki) => {
          if (name === "C_GetTokenInfo") {
            return (slot: Buffer) => {
              const info = target.C_GetTokenInfo(slot);
              return { ...info, flags: info.flags | flag };
            };
          }
          if (name === "C_Login") logins++;
          return (target[name] as (...a: unknown[]) => unknown).bind(target);
        },
      });
      const module = new Pkcs11Module(school.softHsm.module, cryptoki);
      const signer = new Pkcs11Signer([school.config()], { stateDirectory: null, load: () => module });
      expect((await failureOf(signer.ping())).code).toBe("PIN_LOCKED");
      expect(logins).toBe(0);
      await signer.close();
    }
  });
});

describe("login", () => {
  it("is made once for all calls, and tried again when the module fails without judging the PIN", async () => {
    let failures = 3;
    const { load, calls } = spiedModule({ C_Login: () => (failures-- > 0 ? "CKR_GENERAL_ERROR:5" : null) });
    const stateDirectory = join(school.directory, "state-flaky");
    const signer = new Pkcs11Signer([school.config()], { stateDirectory, load, random: () => 0 });
    await Promise.all(Array.from({ length: 20 }, () => signer.ping()));
    await signer.sign({ token: "truong", id: "a1" }, "rsa-pkcs1-sha256", digest());
    expect(calls.get("C_Login")).toBe(4);
    await signer.close();
  });
});

describe("errors of the module", () => {
  const cases: [string, string, boolean][] = [
    ["CKR_DEVICE_REMOVED:50", "TOKEN_ABSENT", true],
    ["CKR_TOKEN_NOT_PRESENT:224", "TOKEN_ABSENT", true],
    ["CKR_SESSION_HANDLE_INVALID:179", "TOKEN_ABSENT", true],
    ["CKR_DEVICE_ERROR:48", "TOKEN_FAILED", true],
    ["CKR_VENDOR_DEFINED:2147483649", "TOKEN_FAILED", true],
    ["CKR_KEY_FUNCTION_NOT_PERMITTED:104", "MECHANISM_UNSUPPORTED", false],
  ];
  for (const [rv, code, retryable] of cases) {
    it(`${rv.split(":")[0]} from C_Sign is ${code}; the next call signs`, async () => {
      let once: string | null = rv;
      const events: TokenEvent[] = [];
      const { load } = spiedModule({
        C_SignAsync: () => {
          const now = once;
          once = null;
          return now;
        },
      });
      const signer = new Pkcs11Signer([school.config()], {
        stateDirectory: null,
        load,
        onEvent: (e) => events.push(e),
      });
      const error = await failureOf(signer.sign({ token: "truong", id: "a1" }, "rsa-pkcs1-sha256", digest()));
      expect([error.code, error.retryable]).toEqual([code, retryable]);
      await expect(signer.sign({ token: "truong", id: "a1" }, "rsa-pkcs1-sha256", digest())).resolves.toHaveLength(256);
      expect(JSON.stringify(events)).not.toContain(TEST_PIN);
      await signer.close();
    });
  }

  it("a call that does not answer is TOKEN_TIMEOUT, its session is not lent again, a full queue is TOKEN_BUSY", async () => {
    const real = loadModule(school.softHsm.module).cryptoki;
    let release: (() => void) | null = null;
    let stuck = true;
    const cryptoki = new Proxy(real, {
      get: (target, name: keyof Cryptoki) => {
        if (name === "C_SignAsync" && stuck) {
          return (...args: [Buffer, Buffer, Buffer]) =>
            new Promise((resolve, reject) => {
              release = () => target.C_SignAsync(...args).then(resolve, reject);
            });
        }
        return (target[name] as (...a: unknown[]) => unknown).bind(target);
      },
    });
    const module = new Pkcs11Module(school.softHsm.module, cryptoki);
    const config = school.config({ sessions: 1, signTimeoutMs: 50, queueTimeoutMs: 50, queueLimit: 1 });
    const signer = new Pkcs11Signer([config], { stateDirectory: null, load: () => module });
    const sign = () => signer.sign({ token: "truong", id: "a1" }, "rsa-pkcs1-sha256", digest());
    expect((await failureOf(sign())).details).toMatchObject({ call: "C_Sign" });
    expect(signer.oldestCallMs()).toBeGreaterThanOrEqual(40);
    const [waiting, refused] = [sign(), sign()];
    expect((await failureOf(refused)).code).toBe("TOKEN_BUSY");
    expect((await failureOf(waiting)).code).toBe("TOKEN_TIMEOUT");
    stuck = false;
    release!();
    await expect(sign()).resolves.toHaveLength(256);
    expect(signer.oldestCallMs()).toBe(0);
    await signer.close();
  });
});

describe("a token that is pulled out", () => {
  it("is TOKEN_ABSENT, retryable, and signs again when it is back, with one more login", async () => {
    let now = 0;
    const { load, calls } = spiedModule();
    const signer = new Pkcs11Signer([school.config()], { stateDirectory: school.directory, load, now: () => now });
    const key = (await signer.keys()).find((k) => k.id === "a1")!;
    await signer.sign(key, "rsa-pkcs1-sha256", digest());

    const tokens = join(school.directory, "softhsm", "tokens");
    const name = readdirSync(tokens)[0]!;
    renameSync(join(tokens, name), join(school.directory, "pulled"));
    for (let i = 0; i < 3; i++) {
      const error = await failureOf(signer.sign(key, "rsa-pkcs1-sha256", digest()));
      expect([error.code, error.retryable]).toEqual(["TOKEN_ABSENT", true]);
      now += 10_000;
    }
    expect((await signer.status())[0]).toMatchObject({ state: "failing", error: { code: "TOKEN_ABSENT" } });

    renameSync(join(school.directory, "pulled"), join(tokens, name));
    now += 10_000;
    const message = randomBytes(16);
    const signature = await signer.sign(key, "rsa-pkcs1-sha256", createHash("sha256").update(message).digest());
    expect(verifies(key, "rsa-pkcs1-sha256", message, signature)).toBe(true);
    expect(calls.get("C_Login")).toBe(2);
    await signer.close();
  });
});

describe("another token in the slot", () => {
  it("does not get the PIN of the one that was there", async () => {
    const { tokenLabel: _, ...rest } = school.config();
    const loaded = loadModule(school.softHsm.module);
    loaded.forget(); // the counting modules of other tests finalize the same library
    loaded.initialize();
    const real = loaded.cryptoki;
    const slot = real.C_GetSlotList(true)[0]!.readUInt32LE(0);
    let serial: string | null = null;
    let logins = 0;
    let removed = false;
    const cryptoki = new Proxy(real, {
      get: (target, name: keyof Cryptoki) => {
        if (name === "C_GetTokenInfo" && serial) {
          return (at: Buffer) => ({ ...target.C_GetTokenInfo(at), serialNumber: serial!.padEnd(16) });
        }
        if (name === "C_SignAsync" && removed) return () => Promise.reject(new Error("CKR_DEVICE_REMOVED:50"));
        if (name === "C_Login") logins++;
        return (target[name] as (...a: unknown[]) => unknown).bind(target);
      },
    });
    const module = new Pkcs11Module(school.softHsm.module, cryptoki);
    const signer = new Pkcs11Signer([{ ...rest, slot }], { stateDirectory: null, load: () => module });
    await signer.ping();
    removed = true;
    await failureOf(signer.sign({ token: "truong", id: "a1" }, "rsa-pkcs1-sha256", digest()));
    removed = false;
    serial = "của trường khác";
    const error = await failureOf(signer.ping());
    expect(error).toMatchObject({ code: "TOKEN_ABSENT", retryable: true, details: { found: serial } });
    expect(logins).toBe(1);
    await signer.close();
  });
});

describe("configuration of the module", () => {
  it("says MODULE_UNUSABLE for a library that is not there or is no PKCS #11 module", async () => {
    for (const module of ["/nonexistent/libtoken.so", process.execPath]) {
      const signer = new Pkcs11Signer([school.config({ module })], { stateDirectory: null });
      const error = await failureOf(signer.ping());
      expect([error.code, error.retryable]).toEqual(["MODULE_UNUSABLE", false]);
      await signer.close();
    }
  });

  it("finds the token by serial and by slot, and says TOKEN_ABSENT for a label nobody has", async () => {
    const { tokenLabel: _, ...rest } = school.config();
    const bySerial = new Pkcs11Signer([{ ...rest, serial: school.softHsm.serial }], { stateDirectory: null });
    await bySerial.ping();
    await bySerial.close();
    const slot = loadModule(school.softHsm.module).cryptoki.C_GetSlotList(true)[0]!.readUInt32LE(0);
    const bySlot = new Pkcs11Signer([{ ...rest, slot }], { stateDirectory: null });
    await bySlot.ping();
    await bySlot.close();
    const absent = new Pkcs11Signer([{ ...rest, tokenLabel: "THCS Lê Lợi" }], { stateDirectory: null });
    expect(await failureOf(absent.ping())).toMatchObject({ code: "TOKEN_ABSENT", retryable: true });
    await absent.close();
  });
});
