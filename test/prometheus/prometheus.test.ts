import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";

import type { ServerOptions } from "../../src/http/server-options.ts";
import { createPrometheus, type Prometheus } from "../../src/prometheus/prometheus.ts";
import { freePort } from "../support/free-port.ts";
import { pathOf } from "../support/http.ts";
import { mayLackPrometheus, startPrometheus } from "../support/prometheus-server.ts";

function connect(url: string, options: Partial<ServerOptions> = {}, minUptimeSeconds = 0): Prometheus {
  const prometheus = createPrometheus({ url, timeoutSeconds: 10, ...options }, minUptimeSeconds);
  onTestFinished(() => prometheus.close());
  return prometheus;
}

const hosts = (...names: readonly string[]): string =>
  names.map((name) => `label_replace(vector(1), "instance", "${name}", "", "")`).join(" or ");

describe.skipIf(mayLackPrometheus)("a real Prometheus", () => {
  async function start(routePrefix?: string): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), "prometheus-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, "prometheus.yml"), "");
    return (await startPrometheus(join(folder, "prometheus.yml"), onTestFinished, routePrefix)).url;
  }

  it("below a route prefix says which hosts exist, why it refuses a query, and what a range holds", async () => {
    const url = await start("/prometheus");
    const prometheus = connect(url);
    const ask = (query: string, label = "instance") => prometheus.queryHosts(query, label);
    const at = `${url}/api/v1/query: `;

    expect(await ask(hosts("web-1", "web-2", ""))).toEqual({ ok: true, hosts: new Set(["web-1", "web-2"]) });
    // Longer than a URL may be.
    const many = Array.from({ length: 500 }, (_, index) => `web-${index}`);
    expect(await ask(hosts(...many))).toEqual({ ok: true, hosts: new Set(many) });

    const message = async (query: string, label?: string): Promise<string> => {
      const known = await ask(query, label);
      return known.ok ? "" : known.message;
    };
    expect(await message("up")).toBe(`${at}no series in the answer`);
    expect(await message("vector(1)")).toBe(`${at}no series in the answer has the label "instance"`);
    expect(await message("1")).toBe(`POST ${at}the query answers scalar instead of vector`);
    expect(await message("'text'")).toBe(`POST ${at}the query answers string instead of vector`);
    expect(await message("up[5m]")).toBe(`POST ${at}the query answers matrix instead of vector`);
    expect(await message("up{")).toMatch(
      new RegExp(`^POST ${at}HTTP 400: .*1:4: parse error: unexpected end of input inside braces$`),
    );
    expect(await message(`label_replace(vector(1), "0", "", "", "")`)).toMatch(
      new RegExp(`^POST ${at}HTTP 422: .*invalid destination label`),
    );

    const young = await connect(url, {}, 300).queryHosts(hosts("web-1"), "instance");
    expect(young.ok ? "" : young.message).toMatch(
      /^http:.*: Prometheus has been up for \d+s only, and may not know all hosts before 5m \(min_uptime\)$/,
    );

    const ranges: string[] = [];
    await prometheus.queryRange(
      `label_replace(vector(time()), "a", "b", "", "")`,
      { start: 1_700_000_000, end: 1_700_000_120, stepSeconds: 60 },
      ({ labels, values }) => ranges.push(`${labels.get("a")} ${values.join(" ")}`),
    );
    expect(ranges).toEqual(["b 1700000000 1700000060 1700000120"]);
  });
});

describe("of an answer that is not right, no host is known", () => {
  let respond: (request: IncomingMessage, response: ServerResponse) => void;
  const server = createServer((request, response) => respond(request, response));
  let url = "";

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const series = (instance: string): string =>
    `{"metric":{"__name__":"up","instance":${JSON.stringify(instance)},"job":"node"},"value":[1.5,"1"]}`;
  const vector = (result: string, rest = ""): string =>
    `{"status":"success","data":{"resultType":"vector","result":[${result}]}${rest}}`;
  const answer =
    (body: string, status = 200, headers: Record<string, string> = { "content-type": "application/json" }) =>
    (_: IncomingMessage, response: ServerResponse): void =>
      void response.writeHead(status, headers).end(body);

  it.each<readonly [what: string, respond: typeof respond, message: string]>([
    [
      "warnings",
      answer(vector(series("a"), `,"warnings":["store down","and more"]`)),
      "the answer may be incomplete: store down",
    ],
    [
      "a part of VictoriaMetrics' storage",
      answer(
        `{"status":"success","isPartial":true,"data":{"resultType":"vector","result":[${series("a")}]}}`,
      ),
      "the answer may be incomplete: isPartial",
    ],
    [
      "a warning that is no list",
      answer(vector(series("a"), `,"warnings":"store down"`)),
      "the answer may be incomplete: store down",
    ],
    ["names without end", (_, response) => sendLongNames(response), "more than 64 MB of labels"],
    ["no label", answer(vector(`{"metric":{"host":"a"},"value":[1,"1"]}`)), "has the label"],
    ["an error with status 200", answer(`{"status":"error","error":"x"}`), "is not Prometheus' API"],
    ["a cut answer", answer(vector(series("a")).slice(0, -3)), "the answer is not valid JSON"],
    [
      "a broken connection",
      (_, response) =>
        void response
          .writeHead(200, { "content-length": "900" })
          .write(vector(series("a")), () => response.destroy()),
      "the connection was closed before the answer was complete",
    ],
    ["a web page", answer("<html>", 200, { "content-type": "text/html" }), "is a web page"],
    ["a start", answer("Service Unavailable\n", 503, {}), "HTTP 503: it is still starting"],
    [
      "a timeout of its own",
      answer(`{"status":"error","errorType":"timeout","error":"query timed out"}`, 503),
      "HTTP 503: query timed out",
    ],
    [
      "another path",
      answer("404 page not found", 404, {}),
      "HTTP 404: 404 page not found: nothing is there; does the url end in the server's route prefix",
    ],
    [
      "a redirect",
      answer("", 302, { location: "/prometheus/api/v1/query" }),
      "if that is the same server, set url: http://",
    ],
    ["silence", () => {}, "no answer within 0.2 s; if it is that slow, raise its timeout"],
    ["too many series", (_, response) => void response.end(vector(manySeries())), "more than 200,000 series"],
    ["nothing", answer(""), "the answer is not valid JSON"],
    ["a group of groups", answer(vector(`[${series("a")}]`)), "data.result is not a list of series"],
  ])("%s", async (what, script, message) => {
    respond = script;
    const timeoutSeconds = what === "silence" ? 0.2 : 10;
    const known = await connect(url, { timeoutSeconds }).queryHosts("up", "instance");
    expect(known).toEqual({ ok: false, message: expect.stringContaining(message) });
    expect(known).toEqual({ ok: false, message: expect.stringContaining(`${url}/api/v1/query: `) });
  });

  function manySeries(): string {
    return Array.from({ length: 200_001 }, () => `{"metric":{}}`).join(",");
  }

  /** 70 MB of 1,100 hosts, which a reader has to refuse before it has kept them. */
  function sendLongNames(response: ServerResponse): void {
    const chunk = Array.from(
      { length: 10 },
      (_, index) => `${series(`${index}${"x".repeat(60_000)}`)},`,
    ).join("");
    response.write(vector(chunk).slice(0, -3));
    const more = (): void => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on("drain", more).on("close", () => response.removeListener("drain", more));
    more();
  }

  it("from a server that is not there, or that is not waited for", async () => {
    const absent = await connect(`http://127.0.0.1:${await freePort()}`).queryHosts("up", "instance");
    expect(absent).toEqual({ ok: false, message: expect.stringContaining("ECONNREFUSED") });
    respond = () => {};
    const aborted = await connect(url).queryHosts("up", "instance", AbortSignal.timeout(50));
    expect(aborted).toEqual({ ok: false, message: expect.stringContaining("interrupted") });
  });

  it("and what it repeats of the credentials is not shown", async () => {
    respond = (request, response) => {
      const tenant = String(request.headers["x-scope-orgid"]);
      answer(JSON.stringify({ error: `tenant ${tenant}` }), 400)(request, response);
    };
    const options = { headers: { "x-scope-orgid": "team-s3cret" }, secrets: ["team-s3cret"] };
    expect(await connect(url, options).queryHosts("up", "instance")).toEqual({
      ok: false,
      message: `POST ${url}/api/v1/query: HTTP 400: tenant <secret>`,
    });
  });

  it.each<readonly [what: string, status: number, body: string, known: boolean]>([
    ["has been up for long", 200, `{"status":"success","data":{"startTime":"2026-01-01T00:00:00Z"}}`, true],
    ["has just been started", 200, `{"data":{"startTime":"${new Date().toISOString()}"}}`, false],
    ["does not say since when it is up, as Mimir", 404, "404 page not found", true],
    ["says something else", 200, `{"data":{"startTime":1}}`, true],
    ["is ending", 503, "Service Unavailable", false],
  ])("if Prometheus %s", async (_, status, body, known) => {
    const answers = new Map([
      ["/api/v1/query", answer(vector(series("a")))],
      ["/api/v1/status/runtimeinfo", answer(body, status)],
    ]);
    respond = (request, response) => answers.get(pathOf(request))?.(request, response);
    expect((await connect(url, {}, 300).queryHosts("up", "instance")).ok).toBe(known);
  });

  it("while a host is known whatever other labels its series has", async () => {
    const labels = Array.from({ length: 300 }, (_, index) => [`a${index}`, "x"]);
    const metric = JSON.stringify(Object.fromEntries([...labels, ["instance", "web-1"]]));
    respond = answer(vector(`${series("web-2")},{"metric":${metric},"value":[1,"1"]}`, `,"isPartial":false`));
    expect(await connect(url).queryHosts("up", "instance")).toEqual({
      ok: true,
      hosts: new Set(["web-2", "web-1"]),
    });
  });

  it("while one with infos, with members in another order and with escapes is right", async () => {
    const bodies: string[] = [];
    respond = (request, response) => {
      request.on("data", (chunk: Buffer) => bodies.push(chunk.toString()));
      const result = `{"value":[1,"NaN"],"metric":{"instance":"caf\\u00e9"}},${series("a")},${series("a")}`;
      const body = `{"infos":["rate() of a gauge"],"data":{"result":[${result}],"resultType":"vector"},"status":"success"}`;
      answer(body)(request, response);
    };
    expect(await connect(url).queryHosts("up == 1", "instance")).toEqual({
      ok: true,
      hosts: new Set(["café", "a"]),
    });
    expect(bodies).toEqual(["query=up+%3D%3D+1&timeout=10"]);
  });
});
