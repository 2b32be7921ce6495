import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { inspect } from "node:util";
import { hashSync } from "bcryptjs";
import { beforeAll, describe, expect, it, test } from "vitest";
import { renderProblem } from "../../../src/config/file/problem.ts";
import type { WebLoadResult } from "../../../src/config/web/web-config.ts";
import { describeWebConfig, loadWebConfig } from "../../../src/config/web/load-web-config.ts";
import { parseListenAddress } from "../../../src/service/web/listen-address.ts";
import { cli } from "../../support/cli.ts";
import { createAuthority } from "../../support/certificates.ts";
import { webFiles } from "./server.ts";

/**
 * Each NAME.bad.yml makes one mistake (`many` makes many); NAME.bad.txt next to it is what the operator reads, to the
 * letter. `npx vitest run test/service/web/web-config.test.ts -u` writes it anew.
 */
const folder = new URL("../../fixtures/web-config/", import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith(".bad.yml"));
const files = new Map<string, string>();

beforeAll(() => {
  const authority = createAuthority();
  const server = authority.issue("server", "DNS:localhost");
  files.set("server.crt", server.cert);
  files.set("server.key", server.key);
  files.set("other.key", authority.key);
  files.set("ca.crt", authority.cert);
  files.set("damaged.crt", server.cert.replace(/\n.{60}/, "\n"));
  const pass = ["-passout", "pass:hunter2"];
  const encrypted = execFileSync("openssl", ["pkcs8", "-topk8", ...pass], { input: server.key });
  files.set("encrypted.key", encrypted.toString());
});

/** The files that a configuration names are next to it in /etc/janitor. */
async function readAny(path: string): Promise<Uint8Array> {
  const name = path.replace("/etc/janitor/", "");
  const text = files.get(name);
  if (text !== undefined) return Buffer.from(text);
  if (names.includes(name)) return readFile(new URL(name, folder));
  throw Object.assign(new Error("not there"), { code: "ENOENT" });
}

function loadText(text: string, nowMs = Date.now()): Promise<WebLoadResult> {
  return loadWebConfig("/etc/janitor/web.yml", {
    readFile: (path) =>
      path === "/etc/janitor/web.yml" ? Promise.resolve(Buffer.from(text)) : readAny(path),
    nowMs,
  });
}

function messagesOf(result: WebLoadResult): readonly string[] {
  return (result.ok ? result.warnings : result.problems).map(
    (problem) => renderProblem(problem).split("\n")[0] ?? "",
  );
}

describe("a web configuration with a mistake", () => {
  test.each(names)("%s is refused with this message", async (name) => {
    const result = await loadWebConfig(`/etc/janitor/${name}`, { readFile: readAny });
    expect(result.ok).toBe(false);
    const problems = result.ok ? [] : result.problems;
    const rendered = problems.map((problem) => `${renderProblem(problem)}\n`).join("\n");
    await expect(rendered).toMatchFileSnapshot(new URL(name.replace(/yml$/, "txt"), folder).pathname);
  });

  test("never shows its secrets", () => {
    const texts = readdirSync(folder).filter((name) => name.endsWith(".txt"));
    const leaking = texts.filter((name) =>
      /hunter2|aHVudGVy|\$2y\$/.test(readFileSync(new URL(name, folder), "utf8")),
    );
    expect(leaking).toEqual([]);
    expect(texts).toEqual(names.map((name) => name.replace(/yml$/, "txt")));
  });
});

const serving = "tls_server_config:\n  cert_file: server.crt\n  key_file: /etc/janitor/server.key\n";

describe("a web configuration", () => {
  it.each(["{}", "basic_auth_users: {}", "tls_server_config: {}"])(
    "may say nothing, as in %j",
    async (text) => {
      const result = await loadText(text);
      expect(result).toEqual({
        ok: true,
        warnings: [],
        config: {
          path: "/etc/janitor/web.yml",
          files: ["/etc/janitor/web.yml"],
          tls: null,
          headers: {},
          users: new Map(),
        },
      });
    },
  );

  it("has the defaults of the exporters", async () => {
    const result = await loadText(serving);
    expect(result).toMatchObject({
      ok: true,
      warnings: [],
      config: {
        files: ["/etc/janitor/web.yml", "/etc/janitor/server.crt", "/etc/janitor/server.key"],
        tls: {
          requiresClientCertificate: false,
          clientCa: null,
          minVersion: "TLSv1.2",
          maxVersion: "TLSv1.3",
        },
      },
    });
  });

  it("is understood, described, and shows none of its secrets", async () => {
    const hash = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";
    const result = await loadText(`${serving}
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.crt
http_server_config: { http2: false, headers: { X-Frame-Options: deny } }
basic_auth_users: { a: ${hash}, b: ${hash} }
`);
    if (!result.ok) throw new Error(messagesOf(result).join("\n"));
    const { config } = result;
    expect(describeWebConfig(config)).toBe(
      "/etc/janitor/web.yml is valid: HTTPS (TLSv1.2 to TLSv1.3, client certificates), 2 users, 1 header",
    );
    const printed =
      inspect(config, { depth: null }) + JSON.stringify(config) + JSON.stringify([...config.users]);
    expect(printed).not.toMatch(/X0h1g|PRIVATE/);
  });

  it.each([
    ["http_server_config: { http2: true }", "1:30: warning: HTTP/2 is not spoken here: clients get HTTP/1.1"],
    [
      "basic_auth_users: { a: $2b$14$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG }",
      "1:24: warning: a cost of 14 makes logins slow: 10 is what others use",
    ],
    [
      `basic_auth_users: { a: ${hashSync("a", 4)}, b: ${hashSync("b", 5)} }`,
      "1:1: warning: users with different bcrypt costs can be told apart: use one cost for all",
    ],
    [
      `${serving}  min_version: TLS10\n`,
      "4:16: warning: TLS before 1.2 is broken: nothing has needed it for years",
    ],
    [
      `${serving}  client_auth_type: RequireAndVerifyClientCert\n`,
      "4:21: warning: without client_ca_file a certificate of any public authority will do: did you mean to set it?",
    ],
  ])("gets a warning for what is probably a mistake: %j", async (text, warning) => {
    const result = await loadText(text);
    expect(result.ok).toBe(true);
    expect(messagesOf(result)).toEqual([`/etc/janitor/web.yml:${warning}`]);
  });

  it("gets a warning for a certificate that is not valid now", async () => {
    const messages = await Promise.all(
      [0, 1e13].map(async (nowMs) => messagesOf(await loadText(serving, nowMs))),
    );
    expect(messages).toEqual([
      [expect.stringMatching(/web.yml:2:14: warning: the certificate is not valid before 20\d\d-.*Z$/)],
      [expect.stringMatching(/web.yml:2:14: warning: the certificate has expired: 20\d\d-.*Z$/)],
    ]);
  });
});

describe("check web-config", () => {
  it("prints for each file that it is valid, or all of its problems, with exit code 2", async () => {
    const path = webFiles({
      "good.yml": serving.replace("/etc/janitor/", ""),
      "bad.yml": "basic_auth_users: { a: b }\nx: 1\n",
      "server.crt": files.get("server.crt") ?? "",
      "server.key": files.get("server.key") ?? "",
    });
    expect(await cli(["check", "web-config", path("good.yml")])).toEqual({
      exitCode: 0,
      stdout: `${path("good.yml")} is valid: HTTPS (TLSv1.2 to TLSv1.3), no users\n`,
      stderr: "",
    });
    const { exitCode, stdout, stderr } = await cli([
      "check",
      "web-config",
      path("bad.yml"),
      path("good.yml"),
    ]);
    expect([exitCode, stdout.includes("good.yml is valid")]).toEqual([2, true]);
    expect(stderr).toContain(`${path("bad.yml")}:1:24: this is not a bcrypt hash`);
    expect(stderr).toContain(`${path("bad.yml")}:2:1: unknown key "x"`);
    expect(stderr).toContain(`${path("bad.yml")}: 2 problems\n`);
  });
});

describe("an address to listen on", () => {
  it.each([
    [":9717", { host: null, port: 9717 }],
    ["127.0.0.1:0", { host: "127.0.0.1", port: 0 }],
    ["localhost:80", { host: "localhost", port: 80 }],
    ["[::1]:9717", { host: "::1", port: 9717 }],
    ["[fe80::1%eth0]:1", { host: "fe80::1%eth0", port: 1 }],
    ["[::]:1", { host: "::", port: 1 }],
  ])("may be %s", (text, address) => {
    expect(parseListenAddress(text)).toEqual(address);
  });

  it.each([
    [
      "9717",
      'is not an address to listen on, like :9717, 127.0.0.1:9717 or [::1]:9717: did you mean ":9717"?',
    ],
    ["::1:9717", 'did you mean "[::1]:9717"?'],
    ["localhost", "is not an address to listen on"],
    ["http://a:1", "is not an address to listen on"],
    [":70000", "70000 is not a port: the highest is 65535"],
    ["[a]:1", '"a" is not an IPv6 address'],
    ["", "is not an address to listen on"],
  ])("may not be %j", (text, message) => {
    expect(() => parseListenAddress(text)).toThrow(message);
  });
});
