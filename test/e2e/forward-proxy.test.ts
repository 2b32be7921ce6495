import { createServer, request } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect, type AddressInfo, type Socket } from "node:net";

import { beforeAll, describe, expect, it, onTestFinished } from "vitest";

import { createAuthority, type Authority } from "../support/certificates.ts";
import { cli, type CliOptions, type CliResult } from "../support/cli.ts";
import { getText } from "../support/http.ts";
import { startPushgateway, type Pushgateway } from "../support/pushgateway.ts";
import { startSecureGateway } from "../support/secure-gateway.ts";
import { testFolder, writeConfig } from "../support/service.ts";
import { mayLackTinyproxy, startTinyproxy } from "../support/tinyproxy.ts";

const groups = [
  { labels: { job: "old" }, pushTime: 1000 },
  { labels: { job: "old", x: ".." }, pushTime: 1000 },
  { labels: { job: "old", x: "a/../b//c" }, pushTime: 1000 },
];

let authority: Authority;

beforeAll(() => {
  authority = createAuthority();
});

async function once(url: string, settings: string, options: CliOptions = {}): Promise<CliResult> {
  const text = `
limits: { max_outage: 0s }
pushgateways: [{ name: proxied, url: "${url}", timeout: 10s, ${settings} }]
rules: [{ name: all, matchers: [], ttl: 1h }]
`;
  return cli(["once", `--config.file=${writeConfig(text, testFolder())}`, "--log.level=error"], options);
}

async function startGateway(): Promise<Pushgateway> {
  const gateway = await startPushgateway({ groups });
  onTestFinished(() => gateway.stop());
  return gateway;
}

const portOf = (url: string): string => new URL(url).port;

// Debian's own defaults let CONNECT to these ports pass only.
const defaults = ["ConnectPort 443", "ConnectPort 563"];

describe.skipIf(mayLackTinyproxy)("through a real forward proxy", () => {
  it("an http gateway is requested by its full URL, without CONNECT, and every path arrives unchanged", async () => {
    const gateway = await startGateway();
    const proxy = await startTinyproxy(defaults);
    const { exitCode, stderr } = await once(gateway.url, `proxy_url: http://${proxy.host}`);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.not.stringContaining("failed") });
    expect(await getText(gateway.url, "/metrics")).not.toContain('job="old"');
    expect(proxy.requests()).toContain(`GET ${gateway.url}/api/v1/status`);
    expect(proxy.requests()).toContain(`DELETE ${gateway.url}/metrics/job/old/x@base64/Li4`);
    expect(proxy.requests().filter((request) => request.startsWith("CONNECT"))).toEqual([]);
  });

  it("an https gateway is reached by CONNECT, and its certificate is verified", async () => {
    const gateway = await startSecureGateway({ authority, groups, users: { me: "pw" } });
    const proxy = await startTinyproxy([`ConnectPort ${portOf(gateway.url)}`]);
    const trusting = `proxy_url: http://${proxy.host}, tls_config: { ca: ${JSON.stringify(authority.cert)} }`;
    const { exitCode } = await once(gateway.url, `${trusting}, basic_auth: { username: me, password: pw }`);
    expect(exitCode).toBe(0);
    expect(await gateway.metrics({ user: "me" })).not.toContain('job="old"');
    expect(new Set(proxy.requests())).toEqual(new Set([`CONNECT 127.0.0.1:${portOf(gateway.url)}`]));
    const untrusting = await once(gateway.url, `proxy_url: http://${proxy.host}`);
    expect(untrusting.stderr).toContain(
      `is of an authority that is not trusted here: set tls_config.ca_file to the certificate of that authority (through the proxy http://${proxy.host})`,
    );
  });

  it("a proxy that refuses CONNECT to this port is reported", async () => {
    const gateway = await startSecureGateway({ authority });
    const proxy = await startTinyproxy(defaults);
    const { exitCode, stderr } = await once(gateway.url, `proxy_url: http://${proxy.host}`);
    expect(stderr).toContain(
      `GET ${gateway.url}/api/v1/status: the proxy http://${proxy.host}: it answers CONNECT with HTTP 403 Access violation: ` +
        `its rules do not let CONNECT to 127.0.0.1:${portOf(gateway.url)} pass`,
    );
    expect(exitCode).toBe(1);
  });

  describe("that wants a login", () => {
    it.each(["http", "https"])("%s: with the one of proxy_url, and an error without it", async (scheme) => {
      const gateway =
        scheme === "http" ? await startGateway() : await startSecureGateway({ authority, groups });
      const proxy = await startTinyproxy(["BasicAuth me s3cret_word"]);
      const tls = scheme === "http" ? "" : `, tls_config: { ca: ${JSON.stringify(authority.cert)} }`;
      const right = await once(gateway.url, `proxy_url: "http://me:s3cret%5Fword@${proxy.host}"${tls}`);
      expect(right).toMatchObject({ exitCode: 0 });
      const none = await once(gateway.url, `proxy_url: http://${proxy.host}${tls}`);
      expect(none.stderr).toMatch(
        /HTTP 407.*it wants a user and a password: write proxy_url: http:\/\/user:password@host:port/,
      );
      const wrong = await once(gateway.url, `proxy_url: http://me:s3cret-wrong@${proxy.host}${tls}`);
      expect(wrong.stderr).toMatch(
        /HTTP 401.*it does not accept the user and password in (the proxy's|its) URL/,
      );
      expect([right, none, wrong].map(({ stdout, stderr }) => stdout + stderr).join("")).not.toContain(
        "s3cret",
      );
    });

    it("by proxy_connect_header", async () => {
      const gateway = await startSecureGateway({ authority, groups });
      const proxy = await startTinyproxy(["BasicAuth me s3cret"]);
      const login = `Basic ${Buffer.from("me:s3cret").toString("base64")}`;
      const { exitCode } = await once(
        gateway.url,
        `proxy_url: http://${proxy.host}, proxy_connect_header: { Proxy-Authorization: ["${login}"] }, ` +
          `tls_config: { ca: ${JSON.stringify(authority.cert)} }`,
      );
      expect(exitCode).toBe(0);
    });
  });

  describe("no_proxy", () => {
    it.each([
      ["no_proxy: 127.0.0.0/8", 0],
      ["no_proxy: elsewhere.internal", 0],
      ["source: api", 1],
    ])("%j: this machine is asked through the proxy only without no_proxy", async (setting, proxied) => {
      const gateway = await startGateway();
      const proxy = await startTinyproxy();
      const { exitCode } = await once(gateway.url, `proxy_url: http://${proxy.host}, ${setting}`);
      expect(exitCode).toBe(0);
      expect(Math.sign(proxy.requests().length)).toBe(proxied);
    });

    it("names the gateways that are asked directly; all others are not", async () => {
      const proxy = await startTinyproxy();
      const settings = `proxy_url: http://${proxy.host}, no_proxy: .direct.invalid`;
      const direct = await once("http://gateway.direct.invalid:9091", settings);
      expect(direct.stderr).toContain("no such name");
      expect(proxy.requests()).toEqual([]);
      await once("http://gateway.invalid:9091", settings);
      expect(proxy.requests()).toContain("GET http://gateway.invalid:9091/api/v1/status");
    });
  });

  describe("proxy_from_environment", () => {
    const settings = "proxy_from_environment: true";

    it("uses HTTP_PROXY, unless NO_PROXY names the gateway", async () => {
      const proxy = await startTinyproxy();
      const env = { HTTP_PROXY: `http://${proxy.host}`, NO_PROXY: ".direct.invalid" };
      await once("http://gateway.direct.invalid:9091", settings, { env });
      expect(proxy.requests()).toEqual([]);
      await once("http://gateway.invalid:9091", settings, { env });
      expect(proxy.requests()).toContain("GET http://gateway.invalid:9091/api/v1/status");
    });

    it("uses https_proxy for https gateways", async () => {
      const proxy = await startTinyproxy();
      const env = { https_proxy: proxy.host };
      await once("https://gateway.invalid", settings, { env });
      expect(proxy.requests()).toContain("CONNECT gateway.invalid:443");
    });

    it("asks directly if there is no such variable, and the variables count only if asked for", async () => {
      const gateway = await startGateway();
      expect(await once(gateway.url, settings)).toMatchObject({ exitCode: 0 });
      const env = { HTTP_PROXY: "http://127.0.0.1:1" };
      const { stderr } = await once("http://gateway.invalid:9091", "source: api", { env });
      expect(stderr).toContain("no such name");
    });

    it("a variable with an invalid proxy fails that gateway, which is not reached without it", async () => {
      const { exitCode, stderr } = await once("http://gateway.invalid:9091", settings, {
        env: { HTTP_PROXY: "socks5://me:s3cret@proxy:1080" },
      });
      expect(stderr).toContain(
        "proxy_from_environment: HTTP_PROXY: a proxy's URL must look like http://proxy:3128",
      );
      expect(stderr).not.toContain("s3cret");
      expect(exitCode).toBe(1);
    });
  });
});

describe("a proxy that hangs up after each answer without announcing it, as tinyproxy does", () => {
  it("is asked on a new connection each time, so that no request is lost", async () => {
    const gateway = await startGateway();
    const asked = new Map<Socket, number>();
    const proxy = createServer((incoming, outgoing) => {
      const { socket, method = "GET", url = "", headers } = incoming;
      asked.set(socket, (asked.get(socket) ?? 0) + 1);
      if (asked.get(socket) !== 1) return void socket.destroy();
      const passed = request(url, { method, headers: { ...headers, connection: "close" } }, (response) => {
        const { connection: _, ...kept } = response.headers;
        outgoing.writeHead(response.statusCode ?? 0, kept);
        response.pipe(outgoing);
      });
      incoming.pipe(passed);
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      proxy.closeAllConnections();
      proxy.close();
    });
    const { port } = proxy.address() as AddressInfo;
    const { exitCode, stderr } = await once(gateway.url, `proxy_url: http://127.0.0.1:${port}`);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.not.stringContaining("failed") });
    expect(new Set(asked.values())).toEqual(new Set([1]));
  });
});

describe("a proxy that is not there", () => {
  it.each(["http", "https"])("is reported as such, for %s gateways", async (scheme) => {
    const { exitCode, stderr } = await once(
      `${scheme}://gateway.invalid:9091`,
      "proxy_url: http://me:s3cret@127.0.0.1:1",
    );
    expect(stderr).toContain("proxy http://127.0.0.1:1");
    expect(stderr).toContain("connect ECONNREFUSED 127.0.0.1:1: nothing listens there");
    expect(stderr).not.toContain("s3cret");
    expect(exitCode).toBe(1);
  });
});

describe("a proxy that is itself reached by TLS", () => {
  it.each(["http", "https"])(
    "is trusted by tls_config, but not called by its server_name: %s",
    async (scheme) => {
      const gateway =
        scheme === "http" ? await startGateway() : await startSecureGateway({ authority, groups });
      const seen: string[] = [];
      const proxy = createTlsServer(authority.issue("proxy", "IP:127.0.0.1"), (incoming, outgoing) => {
        seen.push(incoming.method ?? "");
        const { method = "GET", url = "", headers } = incoming;
        const passed = request(url, { method, headers }, (response) => {
          outgoing.writeHead(response.statusCode ?? 0, response.headers);
          response.pipe(outgoing);
        });
        incoming.pipe(passed);
      });
      proxy.on("connect", (incoming, socket: Socket) => {
        seen.push("CONNECT");
        const [host = "", port = ""] = (incoming.url ?? "").split(":");
        const upstream = connect(Number(port), host, () => {
          socket.write("HTTP/1.1 200 OK\r\n\r\n");
          upstream.pipe(socket).pipe(upstream);
        });
        for (const side of [upstream, socket]) side.on("error", () => side.destroy());
      });
      await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
      onTestFinished(() => {
        proxy.closeAllConnections();
        proxy.close();
      });
      const { port } = proxy.address() as AddressInfo;
      const tls = `tls_config: { ca: ${JSON.stringify(authority.cert)}, server_name: localhost }`;
      const { exitCode, stderr } = await once(gateway.url, `proxy_url: https://127.0.0.1:${port}, ${tls}`);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.not.stringContaining("failed") });
      expect(seen).toContain(scheme === "http" ? "DELETE" : "CONNECT");
      const untrusting = await once(gateway.url, `proxy_url: https://127.0.0.1:${port}`);
      expect(untrusting.stderr).toContain(
        "is of an authority that is not trusted here: set tls_config.ca_file",
      );
      expect(untrusting.stderr).toContain(`the proxy https://127.0.0.1:${port}`);
    },
  );
});

describe("headers of CONNECT", () => {
  it("go to the proxy only, and those of the gateway not to it", async () => {
    const seen: object[] = [];
    const proxy = createServer();
    proxy.on("connect", (request, socket) => {
      seen.push(request.headers);
      socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void proxy.close());
    const { stderr } = await once(
      "https://gateway.invalid",
      `proxy_url: http://127.0.0.1:${(proxy.address() as AddressInfo).port}, ` +
        "proxy_connect_header: { X-One: [a, b] }, http_headers: { X-Two: { values: [c] } }, authorization: { credentials: s3cret }",
    );
    expect(stderr).toContain(
      "it answers CONNECT with HTTP 502 Bad Gateway: it cannot reach gateway.invalid:443",
    );
    expect(seen[0]).toEqual({ host: "gateway.invalid:443", connection: expect.any(String), "x-one": "a, b" });
  });
});
