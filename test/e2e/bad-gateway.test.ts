import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTcpServer, type AddressInfo } from "node:net";

import { describe, expect, it, onTestFinished } from "vitest";

import { cli } from "../support/cli.ts";
import { startPushgateway } from "../support/pushgateway.ts";
import { emptyFamilyPush, getText } from "../support/push.ts";
import { isProbe, pathOf } from "../support/http.ts";
import { listen } from "../support/listen.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const status = JSON.stringify({ status: "success", data: { start_time: "2026-01-01T00:00:00Z", flags: {} } });
const old =
  '{"labels":{"job":"old"},"push_time_seconds":{"time_stamp":"2020-01-01T00:00:00Z","type":"GAUGE","metrics":[{"labels":{"job":"old"},"value":"1.5e+09"}]},"push_failure_time_seconds":{"time_stamp":"2020-01-01T00:00:00Z","type":"GAUGE","metrics":[{"labels":{"job":"old"},"value":"0"}]}}';

/** A server that answers the status as a gateway does and everything else as told; keeps what was asked of it. */
async function serve(handler: Handler): Promise<{ url: string; requests: string[] }> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${pathOf(request)}`);
    if (pathOf(request) === "/api/v1/status") response.end(status);
    else handler(request, response);
  });
  return { url: await listen(server), requests };
}

const answer =
  (code: number, body: string, headers: Record<string, string> = {}): Handler =>
  (_, response) =>
    response.writeHead(code, headers).end(body);

const once = (url: string): ReturnType<typeof cli> =>
  cli(["once", `--gateway=${url}`, "--ttl=1h", "--output=json", "--log.level=error"]);

describe("a gateway that does not list its groups fails its sweep, and nothing is deleted", () => {
  it.each<[string, Handler, string, string]>([
    [
      "a login page",
      answer(200, "<!doctype html><title>Sign in</title>"),
      "not_json",
      "the answer is a web page, not the Pushgateway's API (a login page? a wrong url?)",
    ],
    [
      "an error status",
      answer(503, "upstream\n\u001B[31mdown\u001B[0m"),
      "http_status",
      "HTTP 503: upstream [31mdown [0m",
    ],
    [
      "a demand for credentials",
      answer(401, ""),
      "http_status",
      "HTTP 401: it wants credentials; set basic_auth or authorization",
    ],
    [
      "a redirect",
      answer(302, "", { location: "http://elsewhere/" }),
      "redirect",
      "HTTP 302, a redirect to http://elsewhere/, which is never followed",
    ],
    [
      "an error in its envelope",
      answer(200, '{"status":"error","errorType":"x","error":"boom"}'),
      "api_error",
      "the gateway reports an error: boom",
    ],
    [
      "a truncated body",
      answer(200, `{"status":"success","data":[${old}`),
      "not_json",
      "the answer is not valid JSON (cut off",
    ],
    ["nothing", answer(200, ""), "not_json", "the answer is not valid JSON"],
    [
      "another API",
      answer(200, '{"items":[]}'),
      "unexpected_answer",
      "the answer is not the Pushgateway's API",
    ],
    [
      "no list",
      answer(200, '{"status":"success","data":{}}'),
      "unexpected_answer",
      "data is not a list of groups",
    ],
    ["no data", answer(200, '{"status":"success"}'), "unexpected_answer", "data is not a list of groups"],
    [
      "a group it cannot read",
      answer(200, `{"status":"success","data":[${old},{"job":"x"}]}`),
      "unexpected_answer",
      "the group at data[1] cannot be read",
    ],
    [
      "a group twice",
      answer(200, `{"status":"success","data":[${old},${old}]}`),
      "unexpected_answer",
      'the group {job="old"} is listed twice',
    ],
    [
      "half of what it promised",
      (_, response) => {
        response.writeHead(200, { "content-length": "1000" });
        response.write('{"status');
        setImmediate(() => response.destroy());
      },
      "no_answer",
      "the connection was closed before the answer was complete",
    ],
  ])("%s", async (_, handler, code, message) => {
    const { url, requests } = await serve(handler);
    const { exitCode, stdout, stderr } = await once(url);
    const [report] = (
      JSON.parse(stdout) as {
        gateways: { status: string; snapshot: null; error: { code: string; message: string } }[];
      }
    ).gateways;
    expect(report).toMatchObject({ status: "failed", snapshot: null, error: { code } });
    expect(report!.error.message).toContain(`GET ${url}/api/v1/metrics: ${message}`);
    expect(stderr).toContain(`err=${JSON.stringify(report!.error.message)}`);
    expect(exitCode).toBe(1);
    expect(requests).toEqual(["GET /api/v1/status", "GET /api/v1/metrics"]);
  });

  it("is down", async () => {
    const server = createTcpServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const { exitCode, stderr } = await once(`http://127.0.0.1:${port}`);
    expect(stderr).toContain(
      `GET http://127.0.0.1:${port}/api/v1/status: connect ECONNREFUSED 127.0.0.1:${port}`,
    );
    expect(exitCode).toBe(1);
  });

  it("has no such name", async () => {
    const { exitCode, stderr } = await once("http://pushgateway.invalid:9091");
    expect(stderr).toMatch(
      /GET http:\/\/pushgateway\.invalid:9091\/api\/v1\/status: getaddrinfo (ENOTFOUND|EAI_AGAIN) pushgateway\.invalid/,
    );
    expect(exitCode).toBe(1);
  });

  it("is no HTTP server", async () => {
    const server = createTcpServer((socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const { exitCode, stderr } = await once(`http://127.0.0.1:${port}`);
    expect(stderr).toContain(`GET http://127.0.0.1:${port}/api/v1/status: `);
    expect(exitCode).toBe(1);
  });

  it("breaks its own API by a pushed family without samples: with a hint to doctor", async () => {
    const gateway = await startPushgateway({ flags: ["--push.disable-consistency-check"] });
    onTestFinished(() => gateway.stop());
    await emptyFamilyPush(gateway.url, { job: "hostile" });
    const { exitCode, stderr } = await once(gateway.url);
    expect(stderr).toContain(
      `GET ${gateway.url}/api/v1/metrics: the gateway closed the connection without an answer`,
    );
    expect(stderr).toContain("run `pushgateway-janitor doctor`");
    expect(stderr).toContain("`source: auto` needs less");
    expect(exitCode).toBe(1);
  });
});

describe("a deletion that the gateway does not accept", () => {
  it("is reported with method and URL, and counts as failed; the sweep is partly done", async () => {
    const { url } = await serve((request, response) => {
      const path = pathOf(request);
      if (request.method === "DELETE") response.writeHead(isProbe(path) ? 202 : 400).end("no");
      else if (pathOf(request) === "/api/v1/metrics") response.end(`{"status":"success","data":[${old}]}`);
      else if (pathOf(request) === "/-/healthy") response.end("OK");
      else response.writeHead(500).end();
    });
    const { exitCode, stdout, stderr } = await once(url);
    expect(JSON.parse(stdout)).toMatchObject({
      gateways: [
        {
          status: "partial",
          error: { code: "http_status" },
          groups: [{ verdict: "delete", outcome: "failed" }],
        },
      ],
    });
    expect(stderr).toContain(`DELETE ${url}/metrics/job/old: HTTP 400: no`);
    expect(exitCode).toBe(21);
  }, 20_000);
});

describe("one gateway's failure", () => {
  it("does not stop the sweep of another, and the exit code says partly done", async () => {
    const gateway = await startPushgateway({ groups: [{ labels: { job: "old" }, pushTime: 1000 }] });
    onTestFinished(() => gateway.stop());
    const { url } = await serve(answer(500, "broken"));
    const { exitCode, stderr } = await cli([
      "once",
      `--gateway=${url}`,
      `--gateway=${gateway.url}`,
      "--ttl=1h",
      "--log.level=error",
    ]);
    expect(exitCode).toBe(21);
    expect(stderr).toContain(`GET ${url}/api/v1/metrics: HTTP 500: broken`);
    expect(await getText(gateway.url, "/metrics")).not.toContain('job="old"');
  });
});

describe("a gateway that hangs", () => {
  it("ends in a timeout of the configured length, without a second request", async () => {
    const { url, requests } = await serve(() => {});
    const stop = new AbortController();
    // The timeout of a gateway given by flag is a minute: the operator's Ctrl-C is what ends it here.
    const running = cli(["report", `--gateway=${url}`, "--ttl=1h"], { stop: stop.signal });
    await expect.poll(() => requests.length).toBe(2);
    stop.abort();
    expect(await running).toMatchObject({ exitCode: 143, stdout: "" });
    expect(requests).toEqual(["GET /api/v1/status", "GET /api/v1/metrics"]);
  });
});
