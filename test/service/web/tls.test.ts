import { writeFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";

import { hashSync } from "bcryptjs";
import { describe, expect, it } from "vitest";

import { refuseClient } from "../../../src/service/web/web-server.ts";
import { createAuthority } from "../../support/certificates.ts";
import { ask, basic, load, startServer, talk, webFiles, type TestServer } from "./server.ts";

const authority = createAuthority();
const stranger = createAuthority("another authority");
const server = authority.issue("server", "DNS:localhost,IP:127.0.0.1");
const renewed = authority.issue("renewed", "DNS:localhost,IP:127.0.0.1");
const scraper = authority.issue("scraper", "DNS:scraper.example");
const foreign = stranger.issue("scraper", "DNS:scraper.example");

const files = {
  "server.crt": server.cert,
  "server.key": server.key,
  "ca.crt": authority.cert,
};
const serving = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";

async function startTls(more = "", rest = ""): Promise<TestServer & { path: (name: string) => string }> {
  const path = webFiles({ ...files, "web.yml": `${serving}${more}${rest}` });
  return { ...(await startServer({ webConfig: await load(path("web.yml")) })), path };
}

const trusting = { ca: authority.cert, servername: "localhost" };

/** Whether a client gets an answer. */
async function isServed(port: number, tls: ConnectionOptions = {}): Promise<boolean> {
  return ask(port, "/metrics", { tls: { ...trusting, ...tls } }).then(
    ({ status }) => status === 200,
    () => false,
  );
}

describe("HTTPS", () => {
  it("is served with the certificate that the file names, next to it", async () => {
    const { port } = await startTls();
    expect((await ask(port, "/metrics", { tls: trusting })).text).toBe("up 1\n");
    await expect(ask(port, "/metrics", { tls: { ...trusting, ca: stranger.cert } })).rejects.toThrow(
      "certificate",
    );
  });

  it("is served with a certificate in the file itself", async () => {
    const indent = (pem: string): string => pem.trim().replaceAll("\n", "\n    ");
    const path = webFiles({
      "web.yml": `tls_server_config:\n  cert: |\n    ${indent(server.cert)}\n  key: |\n    ${indent(server.key)}\n`,
    });
    const { port } = await startServer({ webConfig: await load(path("web.yml")) });
    expect(await isServed(port)).toBe(true);
  });

  it("is the only thing spoken: plain HTTP gets no answer", async () => {
    const { port } = await startTls();
    expect(await talk(port, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")).not.toContain("200");
    expect(await isServed(port)).toBe(true);
  });

  it("cuts clients that do not finish the handshake, and closes during one", async () => {
    const path = webFiles({ ...files, "web.yml": serving });
    const webConfig = await load(path("web.yml"));
    const { port } = await startServer({ webConfig, limits: { requestTimeoutMs: 50, checkIntervalMs: 20 } });
    expect(await talk(port, "")).toBe("");
    const other = await startServer({ webConfig });
    const socket = connectTcp(other.port, "127.0.0.1");
    socket.on("error", () => {});
    await new Promise((resolve) => socket.on("connect", resolve));
    await ask(other.port, "/metrics", { tls: trusting });
    await other.close(10_000);
    socket.destroy();
  });

  it.each<[string, ConnectionOptions, boolean]>([
    ["", { maxVersion: "TLSv1.2" }, true],
    ["", { minVersion: "TLSv1.3" }, true],
    ["", { maxVersion: "TLSv1.1", minVersion: "TLSv1", ciphers: "DEFAULT:@SECLEVEL=0" }, false],
    [
      "  min_version: TLS10\n",
      { maxVersion: "TLSv1.1", minVersion: "TLSv1", ciphers: "DEFAULT:@SECLEVEL=0" },
      true,
    ],
    ["  min_version: TLS13\n", { maxVersion: "TLSv1.2" }, false],
    ["  max_version: TLS12\n", { minVersion: "TLSv1.3" }, false],
  ])("with %j and a client of %j", async (setting, client, served) => {
    const { port } = await startTls(setting);
    expect(await isServed(port, client)).toBe(served);
  });
});

function handshake(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port, host: "127.0.0.1", ...trusting, ...options }, () => resolve(socket));
    socket.on("error", reject);
  });
}

describe("client certificates", () => {
  const modes = ["NoClientCert", "RequireAndVerifyClientCert"];
  const clients = {
    none: {},
    known: scraper,
    foreign,
    selfSigned: { cert: stranger.cert, key: stranger.key },
  };
  const served: Record<string, readonly (keyof typeof clients)[]> = {
    NoClientCert: ["none", "known", "foreign", "selfSigned"],
    RequireAndVerifyClientCert: ["known"],
  };

  it.each(modes)("%s admits the right clients, with TLS 1.2 and 1.3", async (mode) => {
    const ca = mode === "NoClientCert" ? "" : "  client_ca_file: ca.crt\n";
    const { port } = await startTls(`  client_auth_type: ${mode}\n${ca}`);
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const letIn: string[] = [];
      for (const [name, client] of Object.entries(clients)) {
        const options = { ...client, minVersion: version, maxVersion: version };
        if (await isServed(port, options)) letIn.push(name);
      }
      expect(letIn).toEqual(served[mode]);
    }
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)(
    "cannot be left out by resuming a session of %s",
    async (version) => {
      const config = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n";
      const { port } = await startTls(config);
      const sessions: Buffer[] = [];
      const versions = { minVersion: version, maxVersion: version };
      for (const client of [{}, scraper]) {
        const socket = connectTls({ port, host: "127.0.0.1", ...trusting, ...client, ...versions });
        socket.on("session", (session: Buffer) => sessions.push(session));
        socket.on("error", () => {});
        socket.end("GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        socket.resume();
        await new Promise((resolve) => socket.on("close", resolve));
      }
      expect(sessions).not.toEqual([]);
      for (const session of sessions) expect(await isServed(port, { ...versions, session })).toBe(false);
    },
  );

  it("are refused although `authorized` says true where there is none", () => {
    const peer = { authorized: true, getPeerCertificate: () => ({}) as never };
    expect(refuseClient(peer)).toBe("it has no certificate");
  });
});

describe("a web configuration that changes", () => {
  it("gives new connections the new certificate, and keeps open ones", async () => {
    const { port, path, reloadWebConfig, configFiles } = await startTls();
    expect(configFiles()).toEqual([path("web.yml"), path("server.crt"), path("server.key")]);
    const nameOf = async (): Promise<unknown> => {
      const socket = await handshake(port, {});
      const { CN } = socket.getPeerCertificate().subject;
      socket.destroy();
      return CN;
    };
    const open = await handshake(port, {});
    expect(await nameOf()).toBe("server");
    writeFileSync(path("server.crt"), renewed.cert);
    writeFileSync(path("server.key"), renewed.key);
    expect(await reloadWebConfig()).toEqual({ ok: true, message: "configuration reloaded" });
    expect(await nameOf()).toBe("renewed");
    open.write("GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    expect(String(await new Promise((resolve) => open.once("data", resolve)))).toContain("200 OK");
    open.destroy();
  });

  it("changes users, headers, authorities and names", async () => {
    const { port, path, reloadWebConfig, log } = await startTls(
      "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n",
    );
    expect(await isServed(port, scraper)).toBe(true);
    writeFileSync(path("ca.crt"), stranger.cert);
    await reloadWebConfig();
    expect([await isServed(port, scraper), await isServed(port, foreign)]).toEqual([false, true]);
    writeFileSync(
      path("web.yml"),
      `\ufeff${serving}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\nbasic_auth_users:\n  a: ${hashSync("b", 4)}\n`,
    );
    await reloadWebConfig();
    expect(log()).toContain("starts with a byte order mark, which is ignored");
    expect([await isServed(port), await isServed(port, foreign)]).toEqual([false, false]);
    const answer = await ask(port, "/metrics", {
      tls: { ...trusting, ...foreign },
      headers: basic("a", "b"),
    });
    expect(answer.status).toBe(200);
  });

  it("stays as it was when it is bad, and says all that is wrong", async () => {
    const started = await startTls("", `basic_auth_users:\n  a: ${hashSync("b", 4)}\n`);
    const { port, path, reloadWebConfig } = started;
    writeFileSync(path("web.yml"), "basic_auth_users: { a: hunter2 }\nhttp_server_configs: 1\n");
    const { ok, message } = await reloadWebConfig();
    expect(ok).toBe(false);
    expect(message).toContain("this is not a bcrypt hash");
    expect(message).toContain('did you mean "http_server_config"?');
    expect(`${message}${started.log()}`).not.toContain("hunter2");
    expect(started.log()).toContain("the last good one stays in force");
    const answer = await ask(port, "/metrics", { tls: trusting, headers: basic("a", "b") });
    expect(answer.status).toBe(200);
    expect((await ask(port, "/metrics", { tls: trusting })).status).toBe(401);
  });

  it.each([
    ["basic_auth_users: {}\n", "turning TLS on or off takes a restart"],
    ["", "the file is empty"],
    [
      `${serving}  client_auth_type: RequireAndVerifyClientCert\n`,
      "a change of client_auth_type takes a restart",
    ],
  ])("cannot become %j", async (text, message) => {
    const { port, path, reloadWebConfig } = await startTls();
    writeFileSync(path("web.yml"), text);
    const result = await reloadWebConfig();
    expect(result.ok).toBe(false);
    expect(result.message).toContain(`${path("web.yml")}: ${message}`);
    expect(await isServed(port)).toBe(true);
  });

  const users = `basic_auth_users:\n  a: ${hashSync("b", 4)}\n`;
  const ca = "  client_ca_file: ca.crt\n";
  const strict = "  client_auth_type: RequireAndVerifyClientCert\n";
  it.each([
    [`${strict}${ca}`, "turning the login off takes a restart"],
    [`${strict}${ca}basic_auth_users: {}\n`, "turning the login off takes a restart"],
    [users, "a change of client_auth_type takes a restart"],
    [`${strict}${users}`, "accepting clients' certificates of any public authority takes a restart"],
  ])("never admits more clients, as a half-written file may: %j", async (text, message) => {
    const { path, reloadWebConfig } = await startTls(`${strict}${ca}`, users);
    writeFileSync(path("web.yml"), `${serving}${text}`);
    const result = await reloadWebConfig();
    expect(result.ok).toBe(false);
    expect(result.message).toContain(message);
    writeFileSync(path("web.yml"), `${serving}${strict}${ca}${users}`);
    expect((await reloadWebConfig()).ok).toBe(true);
  });

  it("that is not there has nothing to reload", async () => {
    const { reloadWebConfig, configFiles } = await startServer();
    expect([await reloadWebConfig(), configFiles()]).toEqual([
      { ok: true, message: "there is no web configuration" },
      [],
    ]);
  });
});

describe("closing HTTPS", () => {
  it("completes a large answer in flight", async () => {
    const body = "swept".repeat(1_000_000);
    const path = webFiles({ ...files, "web.yml": serving });
    const begun: { now?: () => void } = {};
    const started = new Promise<void>((resolve) => (begun.now = resolve));
    const { port, close } = await startServer({
      webConfig: await load(path("web.yml")),
      handlers: {
        sweep: async () => {
          begun.now?.();
          await new Promise(setImmediate);
          return { status: 200, message: body };
        },
      },
    });
    const sweep = ask(port, "/-/sweep", { method: "POST", tls: trusting });
    await started;
    await close(30_000);
    expect((await sweep).text).toHaveLength(body.length + 1);
  });
});
