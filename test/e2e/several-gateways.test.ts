import { describe, expect, it, onTestFinished } from "vitest";

import type { GatewayReport } from "../../src/core/report.ts";
import type { SweepContext } from "../../src/sweep/sweep-context.ts";
import { sweepGateway } from "../../src/sweep/sweep.ts";
import { limits, ttlRule } from "../support/core-values.ts";
import { startProxy, type Between } from "../support/proxy.ts";
import { startPushgateway, type Pushgateway } from "../support/pushgateway.ts";
import { jobsOn, push } from "../support/push.ts";
import { gatewayAt, sweepContext } from "../support/sweep-context.ts";

/*
 * Two real gateways behind one address hold the same keys: A's groups are a day old, B's were pushed just now. Nothing of B may
 * ever be deleted.
 */

const jobs = Array.from({ length: 12 }, (_, index) => `job-${String(index).padStart(2, "0")}`);
const sweeps = 6;

async function start(ageSeconds: number): Promise<Pushgateway> {
  const pushTime = Date.now() / 1000 - ageSeconds;
  const gateway = await startPushgateway({ groups: jobs.map((job) => ({ labels: { job }, pushTime })) });
  onTestFinished(() => gateway.stop());
  return gateway;
}

async function startBoth(): Promise<{ a: Pushgateway; b: Pushgateway }> {
  const [a, b] = await Promise.all([start(86_400), start(0)]);
  return { a, b };
}

async function sweep(
  url: string,
  context: Partial<SweepContext> = {},
  deletesPerSecond = 200,
): Promise<GatewayReport> {
  const client = gatewayAt(url, 10);
  try {
    return await sweepGateway(sweepContext(client, context), {
      rules: [ttlRule(3600)],
      limits: limits({ maxOutageSeconds: 0, deletesPerSecond }),
      dryRun: false,
    });
  } finally {
    await client.close();
  }
}

/** Numbers from 0 to 1, the same in every run. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

type Choose = (request: Parameters<Between>[0]) => boolean;

const balancers: readonly [how: string, create: () => Choose, close: boolean][] = [
  [
    "by chance",
    () => {
      const random = createRandom(7);
      return () => random() < 0.5;
    },
    false,
  ],
  [
    "in turn",
    () => {
      let count = 0;
      return () => (count += 1) % 2 === 0;
    },
    false,
  ],
  [
    "one request in twenty by the second",
    () => {
      let count = 0;
      return () => (count += 1) % 20 === 0;
    },
    false,
  ],
  ["per connection", () => (request) => request.connection % 2 === 0, false],
  [
    "by chance, with Connection: close",
    () => {
      const random = createRandom(11);
      return () => random() < 0.5;
    },
    true,
  ],
];

describe("two gateways behind one address", () => {
  it.each(balancers)(
    "that answer %s: nothing living is deleted, and a sweep says why",
    async (_, create, close) => {
      const { a, b } = await startBoth();
      const choose = create();
      const proxy = await startProxy(a.url, async (request, ask) => {
        const answer = await ask(choose(request) ? b.url : a.url);
        return close ? { ...answer, headers: { ...answer.headers, connection: "close" } } : answer;
      });
      const reports: GatewayReport[] = [];
      for (let index = 0; index < sweeps; index += 1) reports.push(await sweep(proxy.url));
      expect(await jobsOn(b.url)).toEqual(jobs);
      expect(await jobsOn(a.url)).toEqual(jobs);
      const planned = reports.filter(
        ({ entries, status }) =>
          status === "failed" || entries.some(({ verdict }) => verdict.verdict !== "keep"),
      );
      expect(planned.length).toBeGreaterThan(0);
      for (const { status, error } of planned) {
        expect(status).not.toBe("ok");
        expect(error).toMatchObject({ code: "gateway_unhealthy" });
        expect(error?.message).toContain("several gateways behind one address");
        expect(error?.message).toContain(proxy.url);
      }
    },
  );

  it("of which one restarts all the time: nothing living is deleted", async () => {
    const { a, b } = await startBoth();
    const random = createRandom(13);
    const proxy = await startProxy(a.url, (_, ask) => ask(random() < 0.5 ? b.url : a.url));
    const ending = new AbortController();
    const restarting = (async () => {
      while (!ending.signal.aborted) await a.restart();
    })();
    for (let index = 0; index < sweeps; index += 1) expect((await sweep(proxy.url)).status).not.toBe("ok");
    ending.abort();
    await restarting;
    expect(await jobsOn(b.url)).toEqual(jobs);
  });

  it("of which one is read and the other is sent the DELETEs: nothing is deleted, not even one group per sweep", async () => {
    const { a, b } = await startBoth();
    const proxy = await startProxy(a.url, ({ method }, ask) => ask(method === "DELETE" ? b.url : a.url));
    const report = await sweep(proxy.url);
    expect(report).toMatchObject({ status: "partial", error: { code: "gateway_unhealthy" } });
    expect(report.error?.message).toContain("DELETEs do not reach the gateway whose groups are read");
    expect(await jobsOn(b.url)).toEqual(jobs);
  });

  it("of which the other is sent every fourth DELETE: the first read after it ends the sweep", async () => {
    const { a, b } = await startBoth();
    let deletes = 0;
    const proxy = await startProxy(a.url, ({ method }, ask) =>
      ask(method === "DELETE" && (deletes += 1) % 4 === 0 ? b.url : a.url),
    );
    const report = await sweep(proxy.url);
    expect(report).toMatchObject({ status: "partial", error: { code: "gateway_unhealthy" } });
    expect(report.error?.message).toContain("DELETEs do not reach the gateway whose groups are read");
    // Nothing tells of one that is misled until it has happened.
    expect((await jobsOn(b.url)).length).toBe(jobs.length - 1);
  });

  it.each(["is cut off", "is closed after an answer"])(
    "of which the other takes over when the connection %s, between two DELETEs: nothing living is deleted",
    async (how) => {
      const { a, b } = await startBoth();
      let deletes = 0;
      let last = Number.POSITIVE_INFINITY;
      const proxy = await startProxy(a.url, async ({ method, connection }, ask) => {
        if (connection > last) return ask(b.url);
        if (method !== "DELETE" || (deletes += 1) !== 4) return ask();
        last = connection;
        if (how === "is cut off") return "cut";
        const answer = await ask();
        return { ...answer, headers: { ...answer.headers, connection: "close" } };
      });
      // Slow enough that not all DELETEs are on the connection by then.
      const report = await sweep(proxy.url, {}, 50);
      expect(report.status).toBe("partial");
      expect(await jobsOn(b.url)).toEqual(jobs);
    },
  );

  it("of which one is read and the other is sent the DELETEs, while /metrics does not answer: one DELETE per sweep", async () => {
    const { a, b } = await startBoth();
    const proxy = await startProxy(a.url, async ({ method, path }, ask) =>
      path === "/metrics" && method === "GET"
        ? { status: 500, headers: {}, body: Buffer.from("inconsistent") }
        : ask(method === "DELETE" ? b.url : a.url),
    );
    const report = await sweep(proxy.url, { wait: () => new Promise((resolve) => setImmediate(resolve)) });
    expect(report.error?.message).toContain("the first DELETE was accepted and changed nothing");
    expect((await jobsOn(b.url)).length).toBe(jobs.length - 1);
  });
});

describe("a sweep in which every expired group was pushed again", () => {
  it("says that several gateways may be behind the address", async () => {
    const a = await start(86_400);
    const client = gatewayAt(a.url, 10);
    onTestFinished(() => client.close());
    const pushingAll: typeof client = {
      ...client,
      async probeDeletion(signal) {
        await Promise.all(jobs.map((job) => push(a.url, { job }, "alive 1\n")));
        return client.probeDeletion(signal);
      },
    };
    const report = await sweepGateway(sweepContext(pushingAll), {
      rules: [ttlRule(3600)],
      limits: limits({ maxOutageSeconds: 0 }),
      dryRun: false,
    });
    expect(report.notes.join("\n")).toContain("all 12 expired groups were pushed again between two reads");
    expect(await jobsOn(a.url)).toEqual(jobs);
  });
});
