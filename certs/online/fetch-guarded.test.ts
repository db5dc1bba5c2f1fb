import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { AllowList, fetchGuarded, isPublicAddress } from "./index.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function listen(handler: RequestListener): Promise<number> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}
const local = new AllowList(["127.0.0.1"]);

describe("addresses", () => {
  it("of the public internet are told from all others", () => {
    for (const a of ["8.8.8.8", "1.1.1.1", "103.9.1.1", "172.32.0.1", "2405:4800::1", "2606:4700::1111"]) {
      expect(isPublicAddress(a), a).toBe(true);
    }
    for (const a of [
      "127.0.0.1",
      "127.255.255.254",
      "0.0.0.0",
      "10.1.2.3",
      "172.16.0.1",
      "172.31.255.255",
      "192.168.1.1",
      "169.254.169.254",
      "100.64.0.1",
      "100.127.255.255",
      "192.0.0.1",
      "198.18.0.1",
      "203.0.113.7",
      "224.0.0.1",
      "240.0.0.1",
      "255.255.255.255",
      "::",
      "::1",
      "fe80::1",
      "fe80::1%eth0",
      "fc00::1",
      "fd12:3456::1",
      "ff02::1",
      "::ffff:127.0.0.1",
      "::ffff:8.8.8.8",
      "::ffff:7f00:1",
      "64:ff9b::7f00:1",
      "2002:7f00:1::",
      "2001::1",
      "2001:db8::1",
      "3fff::1",
      "4000::1",
      "",
      "localhost",
      "8.8.8",
    ]) {
      expect(isPublicAddress(a), a).toBe(false);
    }
  });
});

describe("fetchGuarded refuses", () => {
  const refuses = (url: string, reason: string, resolve = async () => ["8.8.8.8"]) =>
    expect(fetchGuarded(url, { resolve }), url).rejects.toMatchObject({
      code: "FETCH_REFUSED",
      retryable: false,
      details: { reason },
    });

  it("schemes other than http and https", async () => {
    for (const url of [
      "file:///etc/passwd",
      "ldap://ca.example/cn=x",
      "ftp://ca.example/x.crl",
      "gopher://x/",
      "data:,x",
    ]) {
      await refuses(url, "scheme");
    }
    await refuses("not an address", "url");
    await refuses(`http://ca.example/${"x".repeat(3000)}`, "url");
  });

  it("credentials and ports that are not the web's", async () => {
    await refuses("http://user:secret@ca.example/x.crl", "credentials");
    await refuses("http://ca.example:25/", "port");
    await refuses("http://ca.example:6379/", "port");
  });

  it("loopback and private addresses however they are spelt", async () => {
    for (const host of [
      "127.0.0.1",
      "2130706433",
      "0x7f.1",
      "0177.0.0.1",
      "127.1",
      "[::1]",
      "[::ffff:127.0.0.1]",
      "[::ffff:7f00:1]",
      "10.0.0.1",
      "169.254.169.254",
      "[fd00::1]",
      "[fe80::1]",
      "[64:ff9b::7f00:1]",
      "0",
    ]) {
      await refuses(`http://${host}/x.crl`, "address");
    }
  });

  it("names that lead there, even by one of several addresses", async () => {
    await refuses("http://evil.example/", "address", async () => ["127.0.0.1"]);
    await refuses("http://evil.example/", "address", async () => ["8.8.8.8", "10.0.0.1"]);
    await refuses("http://localhost/", "address", async () => ["::1"]);
  });

  it("redirects that lead there", async () => {
    // The first host is permitted, as a public one would be; the second is what an attacker wants to reach.
    const secret = await listen((_, res) => res.end("secret"));
    const port = await listen((_, res) => res.writeHead(302, { location: `http://127.0.0.1:${secret}/` }).end());
    const allow = new AllowList([`ca.example:${port}`]);
    const resolve = async () => ["127.0.0.1"];
    await expect(fetchGuarded(`http://ca.example:${port}/`, { allow, resolve })).rejects.toMatchObject({
      code: "FETCH_REFUSED",
      details: { reason: "port" },
    });
    const toFile = await listen((_, res) => res.writeHead(302, { location: "file:///etc/passwd" }).end());
    await expect(fetchGuarded(`http://127.0.0.1:${toFile}/`, { allow: local })).rejects.toMatchObject({
      details: { reason: "scheme" },
    });
  });

  it("allow list entries it cannot read", () => {
    for (const entry of ["http://x/", "a b", "10.0.0.0/33", "x/24", "user@host", "host:99999", ""]) {
      expect(() => new AllowList([entry]), entry).toThrow(/not a host/);
    }
  });
});

describe("fetchGuarded", () => {
  it("connects to the address that was checked, not to what the name means a moment later", async () => {
    const port = await listen((req, res) => res.end(req.headers.host));
    const answers = [["127.0.0.1"], ["192.0.2.1"]];
    let asked = 0;
    const resolve = async () => answers[asked++]!;
    const allow = new AllowList(["127.0.0.0/8"]);
    const { body } = await fetchGuarded(`http://ca.example:${port}/`, { allow, resolve }).catch(() => ({ body: null }));
    // The port is not one of the web, and the network alone does not open it for a name.
    expect(body).toBeNull();
    const named = new AllowList([`CA.example:${port}`]);
    asked = 0;
    const ok = await fetchGuarded(`http://ca.example:${port}/`, { allow: named, resolve });
    expect(Buffer.from(ok.body).toString()).toBe(`ca.example:${port}`);
    expect(asked).toBe(1);
  });

  it("reaches what the operator lists: host, host and port, address, network", async () => {
    const port = await listen((_, res) => res.end("ok"));
    const url = `http://127.0.0.1:${port}/`;
    for (const entry of ["127.0.0.1", `127.0.0.1:${port}`, "127.0.0.0/8"]) {
      expect((await fetchGuarded(url, { allow: new AllowList([entry]) })).status).toBe(200);
    }
    for (const entry of ["127.0.0.2", `127.0.0.1:${port + 1}`, "10.0.0.0/8", "::1", "[::1]:80"]) {
      await expect(fetchGuarded(url, { allow: new AllowList([entry]) })).rejects.toMatchObject({
        code: "FETCH_REFUSED",
      });
    }
  });

  it("follows a few redirects and no more", async () => {
    const port = await listen((req, res) => {
      const n = Number(req.url!.slice(1));
      if (n === 0) res.end("there");
      else res.writeHead(301, { location: `/${n - 1}` }).end();
    });
    const at = (n: number) => fetchGuarded(`http://127.0.0.1:${port}/${n}`, { allow: local });
    const three = await at(3);
    expect(Buffer.from(three.body).toString()).toBe("there");
    expect(three.url).toBe(`http://127.0.0.1:${port}/0`);
    await expect(at(4)).rejects.toMatchObject({ code: "FETCH_FAILED", details: { reason: "redirects" } });
  });

  it("posts a body and repeats it on 307 only", async () => {
    const port = await listen((req, res) => {
      const status = Number(req.url!.slice(1));
      if (status) return res.writeHead(status, { location: "/" }).end();
      req.pipe(res);
    });
    const post = (path: string) =>
      fetchGuarded(`http://127.0.0.1:${port}${path}`, { allow: local, body: Buffer.from("câu hỏi") });
    expect(Buffer.from((await post("/")).body).toString()).toBe("câu hỏi");
    expect(Buffer.from((await post("/307")).body).toString()).toBe("câu hỏi");
    await expect(post("/302")).rejects.toMatchObject({ details: { reason: "redirects" } });
  });

  it("stops at the size limit, announced or not", async () => {
    let sent = 0;
    const port = await listen((req, res) => {
      if (req.url === "/announced") res.writeHead(200, { "content-length": "1000000" }).end(Buffer.alloc(1_000_000));
      else {
        const more = () => {
          sent += 65_536;
          if (!res.destroyed) res.write(Buffer.alloc(65_536), more);
        };
        more();
      }
    });
    for (const path of ["/announced", "/endless"]) {
      await expect(
        fetchGuarded(`http://127.0.0.1:${port}${path}`, { allow: local, maxBytes: 100_000 }),
      ).rejects.toMatchObject({ code: "FETCH_FAILED", retryable: false, details: { reason: "too-large" } });
    }
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });

  it("ends in time whether resolver, server or body are slow", async () => {
    const port = await listen((req, res) => {
      if (req.url === "/drip") {
        res.writeHead(200);
        const drip = setInterval(() => res.write("."), 10);
        res.on("close", () => clearInterval(drip));
      }
    });
    const timeout = { code: "FETCH_FAILED", retryable: true, details: { reason: "timeout" } };
    const options = { allow: local, timeoutMs: 80 };
    await expect(fetchGuarded(`http://127.0.0.1:${port}/silent`, options)).rejects.toMatchObject(timeout);
    await expect(fetchGuarded(`http://127.0.0.1:${port}/drip`, options)).rejects.toMatchObject(timeout);
    const resolve = () => new Promise<string[]>(() => {});
    await expect(fetchGuarded("http://ca.example/", { ...options, resolve })).rejects.toMatchObject(timeout);
  });

  it("tells retryable failures from final ones", async () => {
    const port = await listen((req, res) => {
      if (req.url === "/cut") {
        res.writeHead(200, { "content-length": "100" }).write("x");
        setTimeout(() => res.destroy(), 5);
      } else if (req.url === "/gzip") res.writeHead(200, { "content-encoding": "gzip" }).end("x");
      else if (req.url === "/close") req.socket.destroy();
      else res.writeHead(Number(req.url!.slice(1))).end();
    });
    const outcome = async (path: string) => {
      const error = await fetchGuarded(`http://127.0.0.1:${port}${path}`, { allow: local }).catch((e: unknown) => e);
      const { code, retryable, details } = error as { code: string; retryable: boolean; details: { reason: string } };
      return [code, details.reason, retryable];
    };
    expect(await outcome("/404")).toEqual(["FETCH_FAILED", "status", false]);
    expect(await outcome("/304")).toEqual(["FETCH_FAILED", "status", false]);
    expect(await outcome("/503")).toEqual(["FETCH_FAILED", "status", true]);
    expect(await outcome("/429")).toEqual(["FETCH_FAILED", "status", true]);
    expect(await outcome("/cut")).toEqual(["FETCH_FAILED", "network", true]);
    expect(await outcome("/close")).toEqual(["FETCH_FAILED", "network", true]);
    expect(await outcome("/gzip")).toEqual(["FETCH_FAILED", "encoding", false]);
    await expect(
      fetchGuarded("http://nowhere.example/", { resolve: async () => Promise.reject(new Error("ENOTFOUND")) }),
    ).rejects.toMatchObject({ code: "FETCH_FAILED", retryable: true, details: { reason: "dns" } });
  });
});
