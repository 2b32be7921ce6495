import { createServer, type IncomingHttpHeaders, type RequestListener } from "node:http";

import { describe, expect, it } from "vitest";

import { readServerOptions } from "../../src/fleet/connect.ts";
import type { HttpSettings } from "../../src/config/config.ts";
import { Secret } from "../../src/config/secret.ts";
import { Discovery } from "../../src/discovery/discovery.ts";
import { createHttpReader } from "../../src/discovery/read-http.ts";
import { freePort } from "../support/free-port.ts";
import { listen } from "../support/listen.ts";

const signal = new AbortController().signal;
const noSettings: HttpSettings = {
  basicAuth: null,
  authorization: null,
  tls: null,
  proxy: null,
  headers: new Map(),
};

async function serve(handler: RequestListener): Promise<string> {
  return `${await listen(createServer(handler))}/list?role=gateway`;
}

function discover(url: string, http = noSettings, refreshSeconds = 60): Discovery {
  const read = createHttpReader({
    url,
    refreshSeconds,
    readOptions: (server) => readServerOptions({ ...server, http }, {}),
  });
  return new Discovery({
    mechanism: "http",
    read,
    defaults: { scheme: "http", pathPrefix: "", allowLinkLocal: false },
  });
}

const answerWith =
  (
    body: string | Uint8Array,
    headers: Record<string, string> = { "content-type": "application/json" },
    status = 200,
  ): RequestListener =>
  (_, response) =>
    void response.writeHead(status, headers).end(body);

describe("HTTP discovery", () => {
  it("asks as Prometheus does, with the discovery's own credentials", async () => {
    let seen: { readonly url: string | undefined; readonly headers: IncomingHttpHeaders } | null = null;
    const url = await serve((request, response) => {
      seen = { url: request.url, headers: request.headers };
      answerWith('[{"targets": ["a:1"], "labels": {"instance": "batch"}}]')(request, response);
    });
    const credentials = { type: "Bearer", credentials: { secret: new Secret("hunter2") } };
    const discovery = discover(url, { ...noSettings, authorization: credentials });
    await discovery.refresh(signal);
    expect(discovery.state().gateways).toEqual([{ name: "batch", url: "http://a:1" }]);
    expect(seen).toMatchObject({
      url: "/list?role=gateway",
      headers: {
        accept: "application/json",
        authorization: "Bearer hunter2",
        "x-prometheus-refresh-interval-seconds": "60",
      },
    });
  });

  it.each(["application/json", "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"'])(
    "takes an answer of the type %s",
    async (type) => {
      const discovery = discover(await serve(answerWith('[{"targets": ["a:1"]}]', { "content-type": type })));
      await discovery.refresh(signal);
      expect(discovery.state()).toMatchObject({ gateways: [{ name: "a:1" }], problems: [] });
    },
  );

  it("accepts an empty list: no gateways", async () => {
    let body = '[{"targets": ["a:1"]}]';
    const discovery = discover(await serve((request, response) => answerWith(body)(request, response)));
    await discovery.refresh(signal);
    body = "[]";
    await discovery.refresh(signal);
    expect(discovery.state()).toMatchObject({ answered: true, gateways: [], problems: [] });
  });

  const json = { "content-type": "application/json" };
  it.each<[string, RequestListener, string]>([
    ["a failure", answerWith("[]", json, 500), "HTTP 500 instead of 200"],
    ["a redirect", answerWith("", { location: "http://elsewhere/" }, 302), "HTTP 302 instead of 200"],
    ["no content", answerWith("", json, 204), "HTTP 204 instead of 200"],
    [
      "a web page",
      answerWith("<html>", { "content-type": "text/html" }),
      'Content-Type is "text/html" instead of application/json',
    ],
    ["no type", answerWith("[]", {}), 'Content-Type is "" instead'],
    ["broken JSON", answerWith('[{"targets": ["a:1"'), "the answer is not valid JSON"],
    ["bytes that are no text", answerWith(Uint8Array.of(0x22, 0xff, 0x22)), "not UTF-8"],
    ["another shape", answerWith('{"status": "success"}'), "expected a list of target groups"],
    ["a group of nothing", answerWith("[null]"), "target group 1: expected a mapping"],
    ["far too much", answerWith(`[${" ".repeat(8 * 1024 * 1024)}]`), "longer than 8 MiB"],
    ["an endless answer", (_, response) => endless(response.writeHead(200, json)), "longer than 8 MiB"],
    [
      "half an answer",
      (_, response) =>
        void response
          .writeHead(200, { ...json, "content-length": "100" })
          .write("[", () => response.destroy()),
      "closed before the answer was complete",
    ],
    [
      "a closed connection",
      (request) => void request.socket.destroy(),
      "closed before the answer was complete",
    ],
    ["silence", () => {}, "no answer within 2 s"],
  ])("keeps the last good answer at %s", async (what, bad, problem) => {
    let handler: RequestListener = answerWith('[{"targets": ["good:1"]}]');
    const url = await serve((request, response) => handler(request, response));
    const discovery = discover(url, noSettings, what === "silence" ? 2 : 30);
    await discovery.refresh(signal);
    expect(discovery.state()).toMatchObject({ gateways: [{ name: "good:1" }], problems: [] });
    handler = bad;
    await discovery.refresh(signal);
    expect(discovery.state()).toMatchObject({
      answered: true,
      gateways: [{ name: "good:1" }],
      problems: [expect.stringContaining(problem)],
    });
    expect(discovery.state().problems[0]).toContain(`GET ${url.replace("?role=gateway", "")}: `);
    expect(discovery.state().problems[0]).toMatch(/; its last good answer counts$/);
  });

  it("has no answer from a server that is not there, or whose credentials cannot be read", async () => {
    const absent = discover(`http://127.0.0.1:${await freePort()}/`);
    await absent.refresh(signal);
    expect(absent.state()).toMatchObject({ asked: true, answered: false });
    expect(absent.state().problems[0]).toContain("ECONNREFUSED");

    const credentials = { type: "Bearer", credentials: { file: "/nowhere/token" } };
    const unread = discover(await serve(answerWith("[]")), { ...noSettings, authorization: credentials });
    await unread.refresh(signal);
    expect(unread.state().problems[0]).toContain("/nowhere/token");
  });
});

/** Writes as long as somebody reads. */
function endless(response: {
  write(chunk: Uint8Array): boolean;
  once(event: "drain", listener: () => void): unknown;
}): void {
  const chunk = new Uint8Array(256 * 1024).fill(0x20);
  const more = (): void => {
    while (response.write(chunk));
    response.once("drain", more);
  };
  more();
}
