import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { join } from "node:path";

import { hashSync } from "bcryptjs";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";

import { outputFormats } from "../../src/cli/flags.ts";
import { createAuthority, type Certificate } from "../support/certificates.ts";
import { basic } from "../service/web/server.ts";
import { cli } from "../support/cli.ts";
import { listen } from "../support/listen.ts";
import { startPushgateway } from "../support/pushgateway.ts";
import { never, startService, testFolder, writeConfig } from "../support/service.ts";

/** Everything that must not be seen, by where it stands. */
const secrets = {
  password: "s3cret-password",
  passwordFile: "s3cret-password-file",
  credentials: "s3cret-credentials",
  credentialsFile: "s3cret-credentials-file",
  header: "s3cret-header",
  headerFile: "s3cret-header-file",
  proxy: "s3cret-proxy",
  connectHeader: "s3cret-connect-header",
  environment: "s3cret-environment",
  prometheus: "s3cret-prometheus",
  misplaced: "s3cret-misplaced",
  webPassword: "s3cret-web-password",
  wrongWebPassword: "s3cret-wrong-web-password",
};
const webHash = hashSync(secrets.webPassword, 4);
let client: Certificate;

beforeAll(() => {
  client = createAuthority().issue("client", "DNS:localhost");
});

/** The secrets found in a text, also in the forms in which they travel. */
function found(text: string): readonly string[] {
  const keyLines = client.key.split("\n").filter((line) => line !== "" && !line.startsWith("-----"));
  const plain = [...Object.values(secrets), webHash, webHash.slice(7), ...keyLines];
  const logins = ["me", "admin"].flatMap((user) =>
    Object.values(secrets).map((secret) => Buffer.from(`${user}:${secret}`).toString("base64")),
  );
  return [...plain, ...logins].filter((secret) => text.includes(secret));
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  // As a proxy that wants another login.
  server.on("connect", (_, socket) => socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"));
  return new URL(await listen(server)).host;
}

interface Planted {
  readonly file: string;
  readonly webFile: string;
  readonly folder: string;
  /** A proxy that refuses, with a login. */
  readonly env: Readonly<Record<string, string>>;
  /** The same with mistakes in the lines that hold secrets. */
  readonly bad: string;
}

/** A configuration with a secret everywhere one can stand, and gateways that answer well, refuse, or are not there. */
async function plant(): Promise<Planted> {
  const good = await startPushgateway({ groups: [{ labels: { job: "a" }, pushTime: 1000 }] });
  onTestFinished(() => good.stop());
  const refusing = await serve((_, response) => response.writeHead(401, "No").end("not you"));
  const moving = await serve((_, response) => response.writeHead(302, { location: "/elsewhere" }).end());
  const proxy = await serve((_, response) => response.writeHead(407).end());
  const folder = testFolder();
  mkdirSync(join(folder, "secrets"));
  for (const name of ["passwordFile", "credentialsFile", "headerFile"] as const) {
    writeFileSync(join(folder, "secrets", name), `${secrets[name]}\n`);
  }
  const inline = (pem: string): string => JSON.stringify(pem);
  const text = `
schedule: "${never}"
archive: { dir: ${join(folder, "archive")} }
limits: { max_outage: 0s }
pushgateways:
  - name: good
    url: ${good.url}
    basic_auth: { username: me, password: ${secrets.password} }
    http_headers: { X-Token: { secrets: [${secrets.header}] }, X-Other: { files: [secrets/headerFile] } }
  - name: refusing
    url: http://${refusing}
    authorization: { credentials: ${secrets.credentials} }
  - name: moving
    url: http://${moving}
    basic_auth: { username: me, password_file: secrets/passwordFile }
  - name: absent
    url: http://127.0.0.1:1
    authorization: { type: Token, credentials_file: secrets/credentialsFile }
  - name: proxied
    url: http://gateway.invalid:9091
    proxy_url: http://me:${secrets.proxy}@${proxy}
  - name: proxy-absent
    url: http://gateway.invalid:9092
    proxy_url: http://me:${secrets.proxy}@127.0.0.1:1
  - name: tunnelled
    url: https://gateway.invalid
    proxy_url: http://me:${secrets.proxy}@${proxy}
    no_proxy: .elsewhere.invalid
    proxy_connect_header: { X-Proxy-Token: [${secrets.connectHeader}] }
  - name: by-environment
    url: http://gateway.invalid:9093
    proxy_from_environment: true
  - name: tunnelled-by-environment
    url: https://gateway.invalid:9094
    proxy_from_environment: true
  - name: certified
    url: https://${refusing}
    tls_config:
      cert: ${inline(client.cert)}
      key: ${inline(client.key)}
prometheus:
  url: http://127.0.0.1:1
  basic_auth: { username: me, password: ${secrets.prometheus} }
rules: [{ name: all, matchers: [], ttl: 1h }]
`;
  const bad = text
    .replace("basic_auth: { username: me,", "basic_auth: { usrname: me,")
    .replace("{ credentials:", "{ credential:")
    .replace(`proxy_url: http://me:`, `proxy_url: socks5://me:`)
    .replace("proxy_connect_header: { X-Proxy-Token: [", "proxy_connect_header: { X-Proxy-Token: { values: [")
    .replace(`${secrets.connectHeader}] }`, `${secrets.connectHeader}] } }`)
    .replace("      key: ", "      kye: 1\n      key: ")
    .replace(
      "url: http://127.0.0.1:1\n  basic_auth",
      `url: http://me:${secrets.misplaced}@127.0.0.1:1\n  basic_auth`,
    );
  const login = `http://me:${secrets.environment}@${proxy}`;
  const env = { HTTP_PROXY: login, HTTPS_PROXY: login };
  const webFile = join(folder, "web.yml");
  writeFileSync(webFile, `basic_auth_users:\n  admin: ${webHash}\n`);
  return { file: writeConfig(text, folder), webFile, folder, env, bad };
}

describe("secrets", { timeout: 90_000 }, () => {
  it.each(["logfmt", "json"])("never show in what run logs (%s, debug) and serves", async (format) => {
    const { file, webFile, env, bad } = await plant();
    const service = await startService(
      [
        `--config.file=${file}`,
        `--web.config.file=${webFile}`,
        "--log.level=debug",
        `--log.format=${format}`,
      ],
      { env },
    );
    const headers = basic("admin", secrets.webPassword);
    const shown: string[] = [];
    const ask = async (path: string, request: Parameters<typeof service.ask>[1] = {}): Promise<number> => {
      const { status, headers: answered, body } = await service.ask(path, { headers, ...request });
      shown.push(`${path} ${status}\n${JSON.stringify(answered)}\n${body}`);
      return status;
    };
    const look = async (): Promise<void> => {
      for (const path of [
        "/",
        "/?match=%7B",
        "/config",
        "/api/v1/report",
        "/metrics",
        "/-/ready",
        "/nowhere",
      ]) {
        await ask(path);
      }
    };
    await look();
    expect(await ask("/-/sweep", { method: "POST" })).toBe(502);
    await look();
    expect(await ask("/", { headers: basic("admin", secrets.wrongWebPassword) })).toBe(401);
    expect(await ask("/", { headers: {} })).toBe(401);
    expect(await ask("/", { headers: basic(secrets.wrongWebPassword, "x") })).toBe(401);
    expect(await ask("/-/sweep")).toBe(405);
    expect(await ask("/-/reload", { method: "POST", headers: { ...headers, origin: "http://evil" } })).toBe(
      403,
    );
    expect(await ask("/-/reload", { method: "POST" })).toBe(200);
    writeFileSync(file, bad);
    expect(await ask("/-/reload", { method: "POST" })).toBe(500);
    writeFileSync(webFile, `basic_auth_users:\n  admin: ${secrets.webPassword}\n  b: [${webHash}]\n`);
    expect(await ask("/-/reload", { method: "POST" })).toBe(500);
    await look();
    const { exitCode, stdout, stderr } = await service.stop();
    expect(exitCode).toBe(0);
    shown.push(stdout, stderr);
    // It is the right text that is searched.
    expect(shown.join("\n")).toContain("<secret>");
    const gateways = ["good", "refusing", "moving", "absent", "proxied", "proxy-absent", "certified"];
    for (const gateway of [...gateways, "tunnelled", "by-environment", "tunnelled-by-environment"]) {
      expect(stderr).toMatch(new RegExp(`gateway(=|":")${gateway}\\b`));
    }
    expect(shown.filter((text) => found(text).length > 0).map((text) => [found(text), text])).toEqual([]);
  });

  it("never show in what the other commands print, be the file good or bad", async () => {
    const { file, webFile, env, bad, folder } = await plant();
    const badFile = join(folder, "bad.yml");
    writeFileSync(badFile, bad);
    const badWeb = join(folder, "bad-web.yml");
    writeFileSync(badWeb, `basic_auth_users:\n  admin: ${secrets.webPassword}\n  b: [${webHash}]\n`);
    const [configFlag, debugFlag] = [`--config.file=${file}`, "--log.level=debug"];
    const commands = [
      ["check", "config", file],
      ["check", "config", badFile],
      ["check", "web-config", webFile],
      ["check", "web-config", badWeb],
      ["explain", "job=a", `--config.file=${file}`],
      ["doctor", `--config.file=${file}`],
      ...outputFormats.map((format) => ["report", configFlag, debugFlag, `--output=${format}`]),
      ...outputFormats.map((format) => ["once", configFlag, debugFlag, `--output=${format}`]),
      ["once", configFlag, debugFlag, "--log.format=json"],
      ["once", `--config.file=${badFile}`],
      ["run", `--config.file=${badFile}`],
    ];
    for (const argv of commands) {
      const { exitCode, stdout, stderr } = await cli(argv, { env });
      expect({ argv, found: found(stdout + stderr) }).toEqual({ argv, found: [] });
      expect(stdout + stderr, `${argv.join(" ")}: ${exitCode}`).not.toBe("");
    }
  });
});
