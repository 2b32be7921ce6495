import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { Socket } from "node:net";

import { describe, expect, it, onTestFinished } from "vitest";

import { cli } from "../support/cli.ts";
import { pathOf, send } from "../support/http.ts";
import { listen } from "../support/listen.ts";
import { mayLackNginx, startNginx } from "../support/nginx.ts";
import { startPushgateway } from "../support/pushgateway.ts";
import { never, startService, writeConfig } from "../support/service.ts";

const password = `s3cret&"päss"<1>/+`;
const token = "s3cret-token/+==";
const header = "s3cret-héader";
const proxyPassword = "s3cret-proxy";
const connectHeader = "s3cret-connect";
const query = "s3cret-query";

const base64 = (text: string, encoding: BufferEncoding = "utf8"): string =>
  Buffer.from(text, encoding).toString("base64");
const escapeHtml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

/** Everything that must not be seen, in the spellings in which it is repeated here. */
const forbidden = [
  "s3cr",
  base64(`me:${password}`),
  base64(`me:${proxyPassword}`),
  base64(token),
  base64(header, "latin1"),
  encodeURIComponent(base64(`me:${password}`)),
];

/** All that came, and what a server can make of it. */
function repeated({ headers, url }: IncomingMessage): string {
  const logins = [headers.authorization, headers["proxy-authorization"]].map((login = "") =>
    Buffer.from(login.replace(/^Basic /, ""), "base64").toString("utf8"),
  );
  const sent = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`);
  return [url, ...sent, ...logins, base64(String(headers["x-token"]), "latin1")].join("\n");
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.on("connect", (request, socket: Socket) => {
    const { "proxy-authorization": login = "", "x-connect": extra } = request.headers;
    socket.end(`HTTP/1.1 502 refused ${login} ${String(extra)} ${atob(login.replace("Basic ", ""))}\r\n\r\n`);
  });
  return new URL(await listen(server)).host;
}

const status = JSON.stringify({ status: "success", data: { start_time: "2026-01-01T00:00:00Z", flags: {} } });

/** Answers the status, and everything else like this. */
const afterStatus =
  (listener: RequestListener): RequestListener =>
  (request, response) => {
    if (pathOf(request) === "/api/v1/status") response.end(status);
    else listener(request, response);
  };

const login = `basic_auth: { username: me, password: ${JSON.stringify(password)} }`;
const headers = `http_headers: { X-Token: { secrets: [${header}] } }`;
const bearer = `authorization: { credentials: ${token} }`;

/** Each gateway repeats what was sent to it differently. */
async function startEchoes(): Promise<ReadonlyMap<string, string>> {
  const at = async (listener: RequestListener, settings: string): Promise<string> =>
    `url: "http://${await serve(listener)}", ${settings}`;
  const proxy = await serve((request, response) => response.writeHead(502).end(repeated(request)));
  const throughProxy = `proxy_url: "http://me:${proxyPassword}@${proxy}"`;
  const echoes = new Map([
    [
      "text",
      await at((request, response) => response.writeHead(500).end(repeated(request)), `${login}, ${headers}`),
    ],
    [
      "bearer",
      await at(
        (request, response) => response.writeHead(403).end(repeated(request)),
        `${bearer}, ${headers}`,
      ),
    ],
    [
      "page",
      await at((request, response) => {
        const page = `<!doctype html><body><style>x</style><pre>${escapeHtml(repeated(request))}</pre>`;
        response.writeHead(403).end(page);
      }, `${login}, ${headers}`),
    ],
    [
      "object",
      await at((request, response) => {
        const answer = { error: repeated(request), headers: request.headers };
        response.writeHead(500).end(JSON.stringify(answer));
      }, `${login}, ${headers}`),
    ],
    [
      "moving",
      await at((request, response) => {
        const location = `/${encodeURIComponent(request.headers.authorization ?? "")}/metrics?to=${encodeURIComponent(repeated(request))}`;
        response.writeHead(302, { location }).end();
      }, `${bearer}, ${headers}`),
    ],
    [
      "cache",
      await at(
        afterStatus((request, response) => {
          response.writeHead(200, { age: request.headers.authorization ?? "" }).end("{}");
        }),
        bearer,
      ),
    ],
    [
      "envelope",
      await at(
        afterStatus((request, response) => {
          response.end(JSON.stringify({ status: "error", error: repeated(request) }));
        }),
        `${login}, ${headers}`,
      ),
    ],
    [
      "line",
      await at(
        afterStatus((request, response) => {
          response.end(`push_time_seconds{x="${request.headers.authorization}\n`);
        }),
        `source: exposition, ${bearer}`,
      ),
    ],
    ["proxied", `url: "http://gateway.invalid:9091", ${throughProxy}`],
    [
      "tunnelled",
      `url: "https://gateway.invalid", ${throughProxy}, proxy_connect_header: { X-Connect: [${connectHeader}] }`,
    ],
  ]);
  if (!mayLackNginx) {
    const server = `location / { return 500 "denied: $http_authorization $http_x_token $request_uri"; }`;
    echoes.set(
      "nginx",
      `url: "http://127.0.0.1:${(await startNginx({ server })).port}", ${login}, ${headers}`,
    );
  }
  return echoes;
}

async function plant(): Promise<{ readonly file: string; readonly names: readonly string[] }> {
  const echoes = await startEchoes();
  const type = await serve((request, response) => {
    response.writeHead(200, { "content-type": request.headers.authorization }).end("[]");
  });
  const key = await serve((request, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify([{ targets: [], [`${request.url} ${request.headers.authorization}`]: "" }]));
  });
  const target = await serve((request, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    const targets = [`a/${request.url} ${request.headers.authorization}`];
    const labels = { __scheme__: request.headers.authorization };
    response.end(JSON.stringify([{ targets }, { targets: ["a:1"], labels }]));
  });
  const file = writeConfig(`
schedule: "${never}"
limits: { max_outage: 0s }
pushgateways:
${Array.from(echoes, ([name, settings]) => `  - { name: ${name}, ${settings} }`).join("\n")}
http_sd_configs:
${[type, key, target].map((host) => `  - { url: "http://${host}/list?token=${query}", ${bearer} }`).join("\n")}
rules: [{ name: all, matchers: [], ttl: 1h }]
`);
  return { file, names: [...echoes.keys()] };
}

const found = (text: string): readonly string[] => forbidden.filter((secret) => text.includes(secret));

describe("secrets that servers and proxies repeat", { timeout: 60_000 }, () => {
  it("never show in what run logs and serves", async () => {
    const { file, names } = await plant();
    const service = await startService([`--config.file=${file}`, "--log.level=debug"]);
    const shown: string[] = [];
    const ask = async (path: string, method = "GET"): Promise<void> => {
      const { body } = await service.ask(path, { method });
      shown.push(`${method} ${path}: ${body}`);
    };
    await ask("/-/sweep", "POST");
    for (const path of ["/", "/api/v1/report", "/metrics"]) await ask(path);
    const { stdout, stderr } = await service.stop();
    shown.push(stdout, stderr);
    expect(shown.filter((text) => found(text).length > 0).map((text) => [found(text), text])).toEqual([]);
    // It is the right text that is searched: each of them repeated something.
    for (const name of names) expect(stderr).toMatch(new RegExp(`gateway=${name} .*<secret>`));
    expect(stderr.match(/\/list: .*<secret>/g)?.length).toBeGreaterThanOrEqual(2);
  });

  it.each([
    ["once", "--output=table"],
    ["report", "--output=json"],
    ["doctor", "--probe"],
  ])("never show in what %s prints", async (...argv) => {
    const { file } = await plant();
    const { stdout, stderr } = await cli([...argv, `--config.file=${file}`]);
    expect(found(stdout + stderr)).toEqual([]);
    expect(stdout + stderr).toContain("<secret>");
  });

  it("never show when a DELETE, a push or the exposition is answered with them", async () => {
    const real = await startPushgateway({ groups: [{ labels: { job: "old" }, pushTime: 1000 }] });
    onTestFinished(() => real.stop());
    const host = await serve((request, response) => {
      const { method } = request;
      const path = pathOf(request);
      const complaint = `An error has occurred while serving metrics:\n\n${repeated(request)}`;
      if (method !== "GET") response.writeHead(400).end(repeated(request));
      else if (path === "/metrics") response.writeHead(500).end(complaint);
      else void send(real.url, { path }).then(({ body }) => response.end(body));
    });
    const file = writeConfig(`
limits: { max_outage: 0s }
pushgateways: [{ name: echo, url: "http://${host}", ${login}, ${headers} }]
rules: [{ name: all, matchers: [], ttl: 1h }]
`);
    for (const argv of [
      ["once"],
      ["once", "--output=json"],
      ["doctor", "--probe"],
      ["doctor", "--output=json"],
    ]) {
      const { stdout, stderr } = await cli([...argv, `--config.file=${file}`]);
      expect({ argv, found: found(stdout + stderr) }).toEqual({ argv, found: [] });
      expect(stdout + stderr).toContain("<secret>");
    }
  });
});
