import { request as send } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer, type AddressInfo } from "node:net";

import { describe, expect, it, onTestFinished } from "vitest";

import { systemClock } from "../../src/cli/system-clock.ts";
import type { GatewayReport } from "../../src/core/report.ts";
import { createGateway, type Gateway } from "../../src/gateway/gateway.ts";
import type { HealthProbe } from "../../src/gateway/pace.ts";
import type { SweepContext } from "../../src/sweep/sweep-context.ts";
import { sweepGateway } from "../../src/sweep/sweep.ts";
import { createAuthority } from "../support/certificates.ts";
import { limits, ttlRule } from "../support/core-values.ts";
import { startProxy, type Between } from "../support/proxy.ts";
import { startPushgateway, type Pushgateway } from "../support/pushgateway.ts";
import { jobsOn, push } from "../support/push.ts";
import { fatesByJob, gatewayAt, sweepContext } from "../support/sweep-context.ts";

const jobs = Array.from({ length: 10 }, (_, index) => `job-${index}`);

async function start(names: readonly string[] = jobs): Promise<Pushgateway> {
  const pushTime = Date.now() / 1000 - 86_400;
  const gateway = await startPushgateway({ groups: names.map((job) => ({ labels: { job }, pushTime })) });
  onTestFinished(() => gateway.stop());
  return gateway;
}

function sweep(url: string, context: Partial<SweepContext> = {}): Promise<GatewayReport> {
  const client = gatewayAt(url, 20);
  onTestFinished(() => client.close());
  return sweepOver(client, context);
}

function sweepOver(gateway: Gateway, context: Partial<SweepContext> = {}): Promise<GatewayReport> {
  return sweepGateway(sweepContext(gateway, context), {
    rules: [ttlRule(3600)],
    limits: limits({ maxOutageSeconds: 0 }),
    dryRun: false,
  });
}

/** Waiting takes no time, and the clock says that it did. */
function impatience(): Partial<SweepContext> {
  let seconds = 0;
  return {
    clock: { now: () => Date.now() / 1000, monotonic: () => performance.now() / 1000 + seconds },
    async wait(pause) {
      seconds += pause;
      await new Promise((resolve) => setTimeout(resolve, 5));
    },
  };
}

describe("before the gateway's health is known", () => {
  it.each<[string, Between, string]>([
    [
      "because a proxy answers 401",
      async ({ path }, ask) =>
        path === "/-/healthy" ? { status: 401, headers: {}, body: Buffer.from("login") } : ask(),
      "GET {url}/-/healthy: HTTP 401: login: it wants credentials",
    ],
    [
      "because a proxy answers 403",
      async ({ path }, ask) =>
        path === "/-/healthy" ? { status: 403, headers: {}, body: Buffer.from("no") } : ask(),
      "GET {url}/-/healthy: HTTP 403: no: does the proxy in front of it allow GET, for this user",
    ],
    [
      "because a proxy answers 404",
      async ({ path }, ask) =>
        path === "/-/healthy" ? { status: 404, headers: {}, body: Buffer.from("?") } : ask(),
      "GET {url}/-/healthy: HTTP 404",
    ],
    [
      "because a proxy answers 429 all the time",
      async ({ path }, ask) =>
        path === "/-/healthy" ? { status: 429, headers: {}, body: Buffer.from("") } : ask(),
      "GET {url}/-/healthy: HTTP 429",
    ],
    [
      "because the gateway's queue is full",
      async ({ path }, ask) =>
        path === "/-/healthy"
          ? { status: 500, headers: {}, body: Buffer.from("write queue is full") }
          : ask(),
      "GET {url}/-/healthy: HTTP 500: write queue is full",
    ],
  ])("%s, no DELETE is sent, and URL, status and remedy are said", async (_, between, message) => {
    const gateway = await start();
    const deletes: string[] = [];
    const proxy = await startProxy(gateway.url, async (request, ask) => {
      if (request.method === "DELETE") deletes.push(request.path);
      return between(request, ask);
    });
    const report = await sweep(proxy.url, impatience());
    expect(deletes).toEqual([]);
    expect(new Set(Object.values(fatesByJob(report)))).toEqual(new Set(["gateway_unhealthy"]));
    expect(report).toMatchObject({ status: "partial", error: { code: "gateway_unhealthy" } });
    expect(report.error?.message).toContain(message.replace("{url}", proxy.url));
  });

  it("because it hangs, no DELETE is sent", async () => {
    const gateway = await start();
    const deletes: string[] = [];
    const stop = new AbortController();
    const proxy = await startProxy(gateway.url, async ({ method, path }, ask) => {
      if (method === "DELETE") deletes.push(path);
      if (path !== "/-/healthy") return ask();
      // The sweep is waiting for this one.
      setTimeout(() => stop.abort(), 50);
      return new Promise<never>(() => {});
    });
    const report = await sweep(proxy.url, { stop: stop.signal });
    expect(deletes).toEqual([]);
    expect(new Set(Object.values(fatesByJob(report)))).toEqual(new Set(["interrupted"]));
  });
});

describe("a gateway on which DELETEs change nothing", () => {
  it("is sent one per sweep, and the report says so", async () => {
    const gateway = await start();
    const deletes: string[] = [];
    const proxy = await startProxy(gateway.url, async ({ method, path }, ask) => {
      if (method !== "DELETE" || path.includes("_probe_")) return ask();
      deletes.push(path);
      return { status: 202, headers: {}, body: Buffer.from("") };
    });
    const report = await sweep(proxy.url, { wait: () => new Promise((resolve) => setImmediate(resolve)) });
    expect(deletes.length).toBe(1);
    expect(Object.values(fatesByJob(report)).toSorted()).toEqual([
      ...Array.from({ length: 9 }, () => "gateway_unhealthy"),
      "still_there",
    ]);
    expect(report.error?.message).toContain("the first DELETE was accepted and changed nothing");
  });

  it("is sent none if a proxy forbids them", async () => {
    const gateway = await start();
    const proxy = await startProxy(gateway.url, async ({ method }, ask) =>
      method === "DELETE" ? { status: 405, headers: {}, body: Buffer.from("read only") } : ask(),
    );
    const report = await sweep(proxy.url);
    expect(report.error?.message).toMatch(
      /DELETE .*: HTTP 405: read only: the proxy in front of it does not allow DELETE/,
    );
    expect((await jobsOn(gateway.url)).length).toBe(jobs.length);
  });
});

describe("a DELETE that waits for its connection", () => {
  it("is not sent once the evidence is too old: no group that came back meanwhile is deleted", async () => {
    const many = Array.from({ length: 60 }, (_, index) => `job-${100 + index}`);
    const gateway = await start(many);
    const authority = createAuthority();
    const certificate = authority.issue("front", "IP:127.0.0.1");
    const { port } = new URL(gateway.url);
    // Answers once a connection, as many proxies do.
    const front = createTlsServer(certificate, (incoming, outgoing) => {
      const { method, url: path, headers } = incoming;
      const passed = send({ host: "127.0.0.1", port, method, path, headers, agent: false }, (response) => {
        if (method === "DELETE" && path?.includes("/job/job-") === true) isCanarySent = true;
        isDeleteNext = isCanarySent && path?.startsWith("/metrics?") === true;
        outgoing.writeHead(response.statusCode ?? 0, { ...response.headers, connection: "close" });
        response.pipe(outgoing);
      });
      incoming.pipe(passed);
    });
    // The connection of every DELETE after the first waits for its handshake, and meanwhile the next group comes back.
    let isCanarySent = false;
    let isDeleteNext = false;
    const revived: string[] = [];
    const accepting = createServer((socket) => {
      if (!isDeleteNext) return void front.emit("connection", socket);
      isDeleteNext = false;
      const job = many[1 + revived.length];
      if (job !== undefined) {
        revived.push(job);
        void push(gateway.url, { job }, "alive 1\n");
      }
      setTimeout(() => front.emit("connection", socket), 300);
    });
    await new Promise<void>((resolve) => accepting.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void accepting.close());
    const url = `https://127.0.0.1:${(accepting.address() as AddressInfo).port}`;
    const client = createGateway(
      "test",
      { url, timeoutSeconds: 20, tls: { ca: authority.cert } },
      systemClock,
    );
    onTestFinished(() => client.close());
    const probeHealth = (): Promise<HealthProbe> =>
      Promise.resolve({ health: "healthy", durationSeconds: 0.01, problem: null, retryAfterSeconds: 0 });
    const report = await sweepOver({ ...client, probeHealth });
    expect(report.error).toMatchObject({ code: "evidence_too_old" });
    expect(report.error?.message).toContain("connecting to the gateway takes longer than a read stays fresh");
    expect(await jobsOn(gateway.url)).toEqual(expect.arrayContaining(revived));
  });
});
