import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { describeSignerContract, failureOf, verifies } from "../contract.test-suite.ts";
import { SignerError } from "../signer.ts";
import { buildFaultyModule, buildHostEntry } from "../testing/built-host.ts";
import { makeSchoolToken, type SchoolToken } from "../testing/school-token.ts";
import { parseTokenHostConfig, type TokenHostConfig } from "./host-config.ts";
import { type HostProcessEvent, spawnTokenHost, type TokenHostProcess } from "./host-process.ts";
import { TokenHostClient } from "./token-host-client.ts";

let school: SchoolToken;
let entry: string;
let faulty: string;
let control: string;
let number = 0;
const running: TokenHostProcess[] = [];
const clients: TokenHostClient[] = [];

beforeAll(async () => {
  school = await makeSchoolToken();
  entry = await buildHostEntry();
  faulty = buildFaultyModule(school.directory);
  control = join(school.directory, "control");
}, 90_000);
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  for (const host of running.splice(0)) await host.stop();
});
afterAll(() => {
  school?.remove();
  if (entry) rmSync(dirname(entry), { recursive: true, force: true });
});

const sha256 = (message: Uint8Array): Buffer => createHash("sha256").update(message).digest();
const key = { token: "truong", id: "a1" };

function hostConfig(rest: Parameters<SchoolToken["config"]>[0] = {}): TokenHostConfig {
  const directory = join(school.directory, `host-${++number}`);
  return { socket: join(directory, "s"), stateDirectory: directory, tokens: [school.config(rest)] };
}

async function start(
  config: TokenHostConfig,
  options: { hangLimitMs?: number; module?: "faulty" } = {},
): Promise<{ host: TokenHostProcess; client: TokenHostClient; log: string[]; events: HostProcessEvent[] }> {
  const log: string[] = [];
  const events: HostProcessEvent[] = [];
  const host = await spawnTokenHost(config, {
    entry,
    env: {
      ...process.env,
      ...school.softHsm.env,
      FAULTY_REAL: school.softHsm.module,
      FAULTY_CONTROL: control,
    },
    hangLimitMs: options.hangLimitMs ?? 20_000,
    restartDelayMs: [20, 200],
    onLog: (line) => log.push(line),
    onEvent: (event) => events.push(event),
  });
  running.push(host);
  const client = new TokenHostClient(config.socket);
  clients.push(client);
  return { host, client, log, events };
}

const logins = (): number => (existsSync(`${control}.logins`) ? readFileSync(`${control}.logins`).length : 0);

describeSignerContract("token host", async () => {
  const { client, host } = await start(hostConfig());
  running.splice(0);
  clients.splice(0);
  const stop = async (): Promise<void> => {
    await client.close();
    await host.stop();
  };
  return { signer: client, token: "truong", stop };
});

describe("a token host that dies", () => {
  it("by kill -9 fails the calls in flight as retryable; the next ones sign after the restart", async () => {
    writeFileSync(control, "slow-sign");
    const { host, client } = await start(hostConfig({ module: faulty }));
    const first = (await client.keys()).find((k) => k.id === "a1")!;
    const flying = Array.from({ length: 40 }, () =>
      client.sign(key, "rsa-pkcs1-sha256", sha256(randomBytes(8))).catch((error: unknown) => error),
    );
    await Promise.race(flying); // at least one is answered, the others are under way
    const pid = host.pid!;
    process.kill(pid, "SIGKILL");
    const outcomes = await Promise.all(flying);
    const errors = outcomes.filter((o) => !(o instanceof Uint8Array));
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.length).toBeLessThan(40);
    for (const error of errors) {
      expect(error).toBeInstanceOf(SignerError);
      expect(error).toMatchObject({ code: "TOKEN_FAILED", retryable: true });
    }
    writeFileSync(control, "");
    const message = randomBytes(16);
    const signature = await client.sign(key, "rsa-pkcs1-sha256", sha256(message));
    expect(verifies(first, "rsa-pkcs1-sha256", message, signature)).toBe(true);
    expect(host.pid).not.toBe(pid);
    expect(host.restarts).toBe(1);
  });

  it("by a crash in the module comes back too", async () => {
    writeFileSync(control, "");
    const { host, client, events } = await start(hostConfig({ module: faulty }));
    await client.sign(key, "rsa-pkcs1-sha256", sha256(randomBytes(8)));
    writeFileSync(control, "crash-sign");
    const error = await failureOf(client.sign(key, "rsa-pkcs1-sha256", sha256(randomBytes(8))));
    expect(error).toMatchObject({ code: "TOKEN_FAILED", retryable: true });
    writeFileSync(control, "");
    await client.sign(key, "rsa-pkcs1-sha256", sha256(randomBytes(8)));
    expect(host.restarts).toBeGreaterThanOrEqual(1);
    expect(events).toContainEqual(expect.objectContaining({ event: "host-ended", signal: "SIGABRT" }));
  });

  for (const fault of ["hang-sign", "hang-init"]) {
    it(`is killed and started again when its module hangs (${fault})`, async () => {
      writeFileSync(control, "");
      const { client, events } = await start(hostConfig({ module: faulty }), { hangLimitMs: 1_500 });
      await client.sign(key, "rsa-pkcs1-sha256", sha256(randomBytes(8)));
      writeFileSync(control, fault);
      const error = await failureOf(client.sign(key, "rsa-pkcs1-sha256", sha256(randomBytes(8))));
      expect(error).toMatchObject({ code: "TOKEN_FAILED", retryable: true });
      expect(events).toContainEqual(expect.objectContaining({ event: "host-hung" }));
      writeFileSync(control, "");
      await client.sign(key, "rsa-pkcs1-sha256", sha256(randomBytes(8)));
    });
  }
});

describe("a wrong PIN", () => {
  it("reaches the token once, over restarts of the host; the host goes on answering", async () => {
    writeFileSync(control, "");
    rmSync(`${control}.logins`, { force: true });
    const pinFile = join(school.directory, "wrong-pin");
    writeFileSync(pinFile, "123123", { mode: 0o600 });
    const { host, client, log } = await start(hostConfig({ module: faulty, pinFile }));
    for (let restart = 0; restart < 3; restart++) {
      for (let i = 0; i < 3; i++) {
        const error = await failureOf(client.sign(key, "rsa-pkcs1-sha256", sha256(randomBytes(8))));
        expect(error).toMatchObject({ code: "PIN_INCORRECT", retryable: false });
      }
      const status = await client.status();
      expect(status.tokens[0]).toMatchObject({ token: "truong", state: "failing", error: { code: "PIN_INCORRECT" } });
      const pid = host.pid!;
      process.kill(pid, "SIGKILL");
      await expect.poll(() => host.pid !== pid && host.pid !== null, { timeout: 5_000 }).toBe(true);
    }
    expect(logins()).toBe(1);
    expect(log.join("\n")).not.toContain("123123");
    expect(log.some((line) => JSON.parse(line).code === "PIN_INCORRECT")).toBe(true);
  });
});

describe("a token that is pulled out of a running host", () => {
  it("is TOKEN_ABSENT and signs again when it is back", async () => {
    const { client } = await start(hostConfig());
    await client.sign(key, "rsa-pkcs1-sha256", sha256(randomBytes(8)));
    const tokens = join(school.directory, "softhsm", "tokens");
    const name = readdirSync(tokens)[0]!;
    renameSync(join(tokens, name), join(school.directory, "pulled"));
    const error = await failureOf(client.sign(key, "rsa-pkcs1-sha256", sha256(randomBytes(8))));
    expect(error).toMatchObject({ code: "TOKEN_ABSENT", retryable: true });
    renameSync(join(school.directory, "pulled"), join(tokens, name));
    const signed = (): Promise<boolean> =>
      client.sign(key, "rsa-pkcs1-sha256", sha256(randomBytes(8))).then(
        () => true,
        () => false,
      );
    await expect.poll(signed, { timeout: 5_000 }).toBe(true);
  });
});

describe("several hosts on one token", () => {
  it("that log in at the same moment all get in", async () => {
    const started = await Promise.all([1, 2, 3, 4].map(() => start(hostConfig())));
    await Promise.all(started.map(({ client }) => client.ping()));
  });
});

describe("a PIN from a file descriptor", () => {
  it("is read once and outlives a restart of the host", async () => {
    const { pinFile: _, ...rest } = school.config();
    const directory = join(school.directory, `host-${++number}`);
    const pinFd = openSync(school.pinFile, "r");
    const { host, client } = await start({
      socket: join(directory, "s"),
      stateDirectory: directory,
      tokens: [{ ...rest, pinFd }],
    });
    closeSync(pinFd);
    await client.ping();
    process.kill(host.pid!, "SIGKILL");
    await expect.poll(() => host.restarts, { timeout: 5_000 }).toBe(1);
    await client.ping();
  });
});

describe("several clients", () => {
  it("sign at the same time over one login", async () => {
    writeFileSync(control, "");
    rmSync(`${control}.logins`, { force: true });
    const config = hostConfig({ module: faulty });
    const { client } = await start(config);
    const others = [1, 2, 3].map(() => new TokenHostClient(config.socket));
    clients.push(...others);
    const own = (await client.keys()).find((k) => k.id === "a1");
    const jobs = [client, ...others].flatMap((c) =>
      Array.from({ length: 40 }, async () => {
        const message = randomBytes(20);
        return verifies(own!, "rsa-pss-sha256", message, await c.sign(own!, "rsa-pss-sha256", sha256(message)));
      }),
    );
    expect((await Promise.all(jobs)).every(Boolean)).toBe(true);
    expect(logins()).toBe(1);
  });

  it("that crowd a full queue get TOKEN_BUSY, and nobody is forgotten", async () => {
    writeFileSync(control, "");
    const { client } = await start(hostConfig({ sessions: 1, queueLimit: 5 }));
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, () =>
        client.sign(key, "rsa-pkcs1-sha256", sha256(randomBytes(8))).then(
          () => "signed",
          (error: SignerError) => `${error.code} ${error.retryable}`,
        ),
      ),
    );
    expect(outcomes.length).toBe(60);
    expect(new Set(outcomes)).toEqual(new Set(["signed", "TOKEN_BUSY true"]));
    expect(outcomes.filter((o) => o === "signed").length).toBeGreaterThanOrEqual(6);
  });
});

describe("the socket", () => {
  it("and its directory are for this user alone", async () => {
    const config = hostConfig();
    await start(config);
    expect(statSync(config.socket).mode & 0o777).toBe(0o600);
    expect(statSync(join(config.socket, "..")).mode & 0o777).toBe(0o700);
  });

  it("is refused in a directory that others can enter, and where another host listens", async () => {
    const open = hostConfig();
    mkdirSync(join(open.socket, ".."));
    chmodSync(join(open.socket, ".."), 0o755);
    expect((await failureOf(start(open))).code).toBe("CONFIG_INVALID");

    const taken = hostConfig();
    const { client } = await start(taken);
    expect((await failureOf(start(taken))).code).toBe("CONFIG_INVALID");
    await client.ping();
  });

  it("cuts off a client that sends what is no frame, and serves the others on", async () => {
    const config = hostConfig();
    const { client } = await start(config);
    for (const garbage of [Buffer.from("GET / HTTP/1.1\r\n\r\n"), Buffer.of(0, 0, 0, 2, 0x7b, 0x22)]) {
      const closed = await new Promise<boolean>((resolve) => {
        const socket = connect(config.socket, () => socket.write(garbage));
        socket.on("data", () => {});
        socket.on("error", () => resolve(true));
        socket.on("close", () => resolve(true));
      });
      expect(closed).toBe(true);
    }
    await client.ping();
  });

  it("without a host behind it is TOKEN_ABSENT, retryable", async () => {
    const client = new TokenHostClient(join(school.directory, "nobody"), { connectTimeoutMs: 30 });
    expect(await failureOf(client.ping())).toMatchObject({ code: "TOKEN_ABSENT", retryable: true });
    await client.close();
  });
});

describe("the configuration of a host", () => {
  const token = { name: "t", module: "/usr/lib/x.so", tokenLabel: "x", pinFile: "/run/pin" };
  const cases: [string, unknown, string][] = [
    ["is not an object", [], "configuration"],
    ["has no socket", { tokens: [token] }, "socket"],
    ["has a relative socket", { socket: "s", tokens: [token] }, "socket"],
    ["has a socket path that is too long", { socket: `/${"x".repeat(120)}`, tokens: [token] }, "socket"],
    ["has no tokens", { socket: "/s", tokens: [] }, "tokens"],
    ["has an unknown field", { socket: "/s", tokens: [token], tokns: 1 }, "tokns"],
    ["holds a PIN", { socket: "/s", tokens: [{ ...token, pin: "1234" }] }, "tokens[0].pin"],
    ["names two PIN sources", { socket: "/s", tokens: [{ ...token, pinEnv: "X" }] }, "tokens[0]"],
    ["names no PIN source", { socket: "/s", tokens: [{ ...token, pinFile: undefined }] }, "tokens[0]"],
    ["picks the token in two ways", { socket: "/s", tokens: [{ ...token, serial: "1" }] }, "tokens[0]"],
    ["has a token twice", { socket: "/s", tokens: [token, token] }, "tokens[1].name"],
    ["has too many sessions", { socket: "/s", tokens: [{ ...token, sessions: 65 }] }, "tokens[0].sessions"],
    ["has a relative module", { socket: "/s", tokens: [{ ...token, module: "x.so" }] }, "tokens[0].module"],
  ];
  for (const [what, value, field] of cases) {
    it(`is refused when it ${what}, naming ${field}`, () => {
      let error: unknown;
      try {
        parseTokenHostConfig(value);
      } catch (cause) {
        error = cause;
      }
      expect(error).toMatchObject({ code: "CONFIG_INVALID", details: { field } });
      expect(String(error)).not.toContain("1234");
    });
  }

  it("that is refused ends the process with exit code 78 and one line that says why", async () => {
    const file = join(school.directory, "bad.json");
    writeFileSync(file, '{"socket": "/s", "tokens": "none"}');
    const failure = await promisify(execFile)(process.execPath, [entry, "--config", file]).catch((e: unknown) => e);
    expect(failure).toMatchObject({ code: 78 });
    const lines = (failure as { stderr: string }).stderr.trim().split("\n");
    expect(lines.length).toBe(1);
    expect(JSON.parse(lines[0]!)).toMatchObject({ event: "failed", code: "CONFIG_INVALID", field: "tokens" });
  });
});
