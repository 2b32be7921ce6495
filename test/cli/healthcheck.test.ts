import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { askHealth, parseCommandLine } from "../../src/cli/healthcheck.ts";
import { parseListenAddress } from "../../src/service/web/listen-address.ts";
import { createAuthority } from "../support/certificates.ts";
import { load, startServer, webFiles } from "../service/web/server.ts";
import { cli } from "../support/cli.ts";
import { freePort } from "../support/free-port.ts";
import { startProgram } from "../support/program.ts";
import { janitorFile } from "../support/project-root.ts";
import { testFolder, writeConfig } from "../support/service.ts";
import { serveHanging } from "../support/hanging-gateway.ts";

const authority = createAuthority();
const server = authority.issue("server", "IP:127.0.0.1");
const tls = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";
// `janitor`, at the lowest cost that is allowed.
const users = "basic_auth_users:\n  janitor: $2b$04$2ElCDTcbLZZyfVFTJzSLQuLvROsHuLAuzpOUVoVQeIxJXULCYq9Vy\n";

/** A service with this web configuration, and what `healthcheck` says of it. */
async function check(webConfig: string) {
  const path = webFiles({
    "web.yml": webConfig,
    "server.crt": server.cert,
    "server.key": server.key,
    "ca.crt": authority.cert,
  });
  const file = path("web.yml");
  const { address } = await startServer({ webConfig: await load(file) });
  return cli(["healthcheck", `--web.listen-address=${address}`, `--web.config.file=${file}`]);
}

describe("healthcheck", () => {
  it("says that a service is healthy", async () => {
    const { address, port } = await startServer();
    for (const where of [address, `:${port}`, `0.0.0.0:${port}`]) {
      const { exitCode, stdout } = await cli(["healthcheck", `--web.listen-address=${where}`]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `${where} is healthy: status 200\n` });
    }
  });

  it.each([
    ["plain HTTP", "http_server_config:\n  headers:\n    X-Frame-Options: deny\n", "status 200"],
    ["HTTPS, whoever has signed its certificate", tls, "status 200"],
    ["users, whose passwords it does not know", users, "status 401"],
    [
      "client certificates, of which it has none",
      tls.replace(/$/, "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n"),
      "certificate",
    ],
  ])("takes an answer for one with a web configuration of %s", async (_, webConfig, message) => {
    const { exitCode, stdout } = await check(webConfig);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: expect.stringContaining(message) as string });
  });

  it("fails when nothing listens", async () => {
    const port = await freePort();
    const { exitCode, stdout, stderr } = await cli(["healthcheck", `--web.listen-address=127.0.0.1:${port}`]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toBe(`127.0.0.1:${port} is not healthy: connect ECONNREFUSED 127.0.0.1:${port}\n`);
  });

  it("fails when the service answers with an error", async () => {
    const broken = createServer((_request, response) => response.writeHead(500).end());
    await new Promise<void>((resolve) => broken.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void broken.close());
    const { port } = broken.address() as AddressInfo;
    const { exitCode, stderr } = await cli(["healthcheck", `--web.listen-address=127.0.0.1:${port}`]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("is not healthy: status 500");
  });

  it("fails when the service accepts a connection and does not answer", async () => {
    const { url } = await serveHanging("GET /-/healthy");
    const answer = await askHealth(parseListenAddress(new URL(url).host), "http", 50);
    expect(answer).toEqual({ healthy: false, message: "no answer within 0.05 s" });
  });

  it("asks for the address where process 1 is not the janitor", async () => {
    const { exitCode, stderr } = await cli(["healthcheck"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("healthcheck --web.listen-address=:9717");
  });
});

const mayUnshare = spawnSync("unshare", ["--pid", "--fork", "--mount-proc", "true"]).status === 0;

describe.skipIf(!mayUnshare)("healthcheck as a probe in the container of a service with users", () => {
  it("needs no flags and no password, and sees that the service hangs", { timeout: 60_000 }, async () => {
    const file = writeConfig(
      "pushgateways: [{ name: g, url: 'http://127.0.0.1:9' }]\nrules: [{ name: r, matchers: [], ttl: 1d }]\n",
    );
    const web = join(testFolder(), "web.yml");
    writeFileSync(web, users);
    const address = `127.0.0.1:${await freePort()}`;
    const argv = [`--web.listen-address=${address}`, `--web.config.file=${web}`, `--config.file=${file}`];
    const container = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c"];
    const service = startProgram(["run", ...argv], {
      under: (command) => [...container, `exec ${command}`],
    });
    await service.shows("Listening");
    const { pid } = service.process;
    const first = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    const probe = () => {
      const inside = ["--target", first, "--pid", "--mount", process.execPath, janitorFile, "healthcheck"];
      const { status, stdout, stderr } = spawnSync("nsenter", inside, { encoding: "utf8" });
      return { status, output: stdout + stderr };
    };
    expect(probe()).toEqual({ status: 0, output: `${address} is healthy: status 401\n` });
    process.kill(Number(first), "SIGSTOP");
    expect(probe()).toEqual({ status: 1, output: `${address} is not healthy: no answer within 2 s\n` });
  });
});

describe("the command line of process 1", () => {
  const main = "/app/dist/main.js";
  const parse = (...argv: string[]) => parseCommandLine(argv.map((arg) => `${arg}\0`).join(""), main);

  it.each<[string, string[], unknown]>([
    ["run", ["node", main, "run"], {}],
    [
      "run with its flags in one word",
      ["node", main, "run", "--web.listen-address=:1", "--web.config.file=w"],
      { "web.listenAddress": ":1", "web.config.file": "w" },
    ],
    [
      "run with its flags in two words, of which the last wins",
      ["node", main, "run", "--web.listen-address", ":1", "--web.listen-address", "[::1]:2"],
      { "web.listenAddress": "[::1]:2" },
    ],
    [
      "run behind a little init",
      ["/sbin/docker-init", "--", "node", main, "run", "--web.listen-address=:3"],
      { "web.listenAddress": ":3" },
    ],
    ["another command", ["node", main, "once", "--ttl=1d"], "other-command"],
    ["no command", ["node", main], "other-command"],
    ["another program", ["/sbin/init"], "stranger"],
    ["nothing readable", [], "stranger"],
  ])("is understood: %s", (_, argv, expected) => {
    expect(parse(...argv)).toEqual(expected);
  });
});
