import { describe, expect, it, onTestFinished } from "vitest";

import type { GatewayReport } from "../../src/core/report.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import type { SweepContext } from "../../src/sweep/sweep-context.ts";
import { sweepGateway } from "../../src/sweep/sweep.ts";
import { limits, ttlRule } from "../support/core-values.ts";
import { mayLackNginx, startNginx } from "../support/nginx.ts";
import { startDistance } from "../support/distant.ts";
import { startProxy, type Between, type ProxiedAnswer } from "../support/proxy.ts";
import { startPushgateway, type Pushgateway } from "../support/pushgateway.ts";
import { jobsOn, push } from "../support/push.ts";
import { fatesByJob, gatewayAt, sweepContext } from "../support/sweep-context.ts";

const jobs = Array.from({ length: 30 }, (_, index) => `old-${index}`);

async function startOld(pushTime = 1_000_000_000): Promise<Pushgateway> {
  const gateway = await startPushgateway({ groups: jobs.map((job) => ({ labels: { job }, pushTime })) });
  onTestFinished(() => gateway.stop());
  return gateway;
}

async function sweep(url: string, context: Partial<SweepContext> = {}, ttl = 3600): Promise<GatewayReport> {
  const client = gatewayAt(url, 10);
  onTestFinished(() => client.close());
  return sweepGateway(sweepContext(client, context), {
    rules: [ttlRule(ttl)],
    limits: limits({ maxOutageSeconds: 0, deletesPerSecond: 1000 }),
    dryRun: false,
  });
}

async function reviveAll(url: string): Promise<void> {
  await Promise.all(jobs.map((job) => push(url, { job }, "alive 1\n")));
}

/** Does something once when `/metrics` has been asked and answered, before the answer goes on. */
function holdingBack(meanwhile: () => Promise<unknown>): Between {
  let held = false;
  return async ({ path }, ask) => {
    const answer = await ask();
    if (path !== "/metrics" || held) return answer;
    held = true;
    await meanwhile();
    return answer;
  };
}

describe("an answer that was slow because something in between was stopped", () => {
  it("does not count as slowness of the gateway: nothing is deleted on its evidence", async () => {
    const gateway = await startOld();
    const proxy = await startProxy(
      gateway.url,
      holdingBack(async () => {
        await reviveAll(gateway.url);
        await new Promise((resolve) => setTimeout(resolve, 1500));
      }),
    );
    const report = await sweep(proxy.url);
    expect(new Set(Object.values(fatesByJob(report)))).toEqual(new Set(["pushed_again"]));
    expect(await jobsOn(gateway.url)).toEqual(jobs.toSorted());
  });
});

describe("a cache in between", () => {
  it("that says how old its answers are is refused", async () => {
    const gateway = await startOld();
    const proxy = await startProxy(gateway.url, async (_, ask) => {
      const answer = await ask();
      return { ...answer, headers: { ...answer.headers, age: "30" } };
    });
    const report = await sweep(proxy.url);
    expect(report).toMatchObject({ status: "failed", error: { code: "unexpected_answer" } });
    expect(report.error?.message).toContain("the answer comes from a cache (Age: 30)");
  });

  it("that does not say so is found out by a time that does not pass, before anything is deleted", async () => {
    const gateway = await startOld();
    const proxy = await startProxy(gateway.url, async ({ path }, ask) => {
      const answer = await ask();
      const old = new Date(Date.now() - 10_000).toUTCString();
      return path === "/metrics" ? { ...answer, headers: { ...answer.headers, date: old } } : answer;
    });
    const report = await sweep(proxy.url);
    expect(new Set(Object.values(fatesByJob(report)))).toEqual(new Set(["gateway_unhealthy"]));
    expect(report.error?.message).toContain("time did not pass between two reads");
    expect(await jobsOn(gateway.url)).toEqual(jobs.toSorted());
  });
});

describe("an incomplete exposition", () => {
  const answers: [string, Between][] = [
    [
      "of something else",
      async ({ path }, ask) =>
        path === "/metrics" ? { status: 200, headers: {}, body: Buffer.from("up 1\n") } : ask(),
    ],
    [
      "cut at the end of a line",
      async ({ path }, ask) => {
        const { status, headers, body } = await ask();
        if (path !== "/metrics") return { status, headers, body };
        return { status, headers: { date: headers.date }, body: Buffer.from("# HELP x\nup 1\n") };
      },
    ],
    [
      "cut in the middle of its compression",
      async ({ path }, ask) => {
        const { status, headers, body } = await ask();
        if (path !== "/metrics") return { status, headers, body };
        const half = body.subarray(0, body.length / 2);
        return { status, headers: { ...headers, "content-length": String(half.length) }, body: half };
      },
    ],
  ];
  it.each(answers)("(%s) is no evidence that a group is gone: the API is asked", async (_, between) => {
    const gateway = await startOld();
    const proxy = await startProxy(gateway.url, between);
    const report = await sweep(proxy.url);
    expect(report.status).toBe("ok");
    expect(new Set(Object.values(fatesByJob(report)))).toEqual(new Set(["gone"]));
    expect(await jobsOn(gateway.url)).toEqual([]);
  });
});

describe.skipIf(mayLackNginx)("a real nginx with a cache that sets a fresh Date and no Age", () => {
  const sources = ["api", "auto", "exposition"] as const;
  it.each(sources.flatMap((source) => [[source, "$request_uri"] as const, [source, "$uri"] as const]))(
    "deletes no group that came back during the sweep (source: %s, proxy_cache_key %s)",
    async (source, key) => {
      const gateway = await startOld();
      const nginx = await startNginx({
        http: "proxy_cache_path cache keys_zone=answers:1m;",
        server: `location / { proxy_pass ${gateway.url}; proxy_cache answers; proxy_cache_key ${key}; proxy_cache_valid 200 10m; proxy_ignore_headers Cache-Control Expires Vary; }`,
      });
      const client = gatewayAt(`http://127.0.0.1:${nginx.port}`, 10);
      onTestFinished(() => client.close());
      // Fills the cache with answers of groups that are old.
      const settings = { rules: [ttlRule(3600)], limits: limits({ maxOutageSeconds: 0 }) };
      const planned = await sweepGateway(sweepContext(client, { source }), { ...settings, dryRun: true });
      expect(new Set(Object.values(fatesByJob(planned)))).toEqual(new Set(["ttl_expired"]));
      await client.pushTimes(null);
      await reviveAll(gateway.url);
      const report = await sweepGateway(sweepContext(client, { source }), { ...settings, dryRun: false });
      expect(await jobsOn(gateway.url)).toEqual(jobs.toSorted());
      const noticed = (report.error?.message ?? "").includes("a cache answers instead of the gateway");
      expect(noticed).toBe(key === "$uri");
    },
  );
});

describe("a cache that answers for /api/v1/metrics alone, with a fresh Date and no Age", () => {
  it("is not trusted: what came back meanwhile is not deleted", async () => {
    const gateway = await startOld();
    let cached: ProxiedAnswer | null = null;
    const proxy = await startProxy(gateway.url, async ({ path }, ask) => {
      if (path !== "/api/v1/metrics") return ask();
      cached ??= await ask();
      await reviveAll(gateway.url);
      return { ...cached, headers: { ...cached.headers, date: new Date().toUTCString() } };
    });
    const archive: SweepContext["archive"] = {
      append: () => Promise.resolve(),
      recordOutcomes: () => Promise.resolve(),
      recentDeletions: () => Promise.resolve(new Map()),
      recordReappeared: () => Promise.resolve(),
    };
    const report = await sweep(proxy.url, { archive });
    expect(new Set(Object.values(fatesByJob(report)))).toEqual(new Set(["pushed_again"]));
    expect(await jobsOn(gateway.url)).toEqual(jobs.toSorted());
  });
});

describe("a server that closes the connection after every answer", () => {
  it("is swept", async () => {
    const gateway = await startOld();
    const proxy = await startProxy(gateway.url, async (_, ask) => {
      const answer = await ask();
      return { ...answer, headers: { ...answer.headers, connection: "close" } };
    });
    expect(new Set(Object.values(fatesByJob(await sweep(proxy.url))))).toEqual(new Set(["gone"]));
  });
});

describe("a group that the gateway refuses to delete", () => {
  it("fails by itself, and does not keep the others from being deleted", async () => {
    const gateway = await startOld();
    const refused = new Set(jobs.slice(0, 5).map((job) => `/metrics/job/${job}`));
    const proxy = await startProxy(gateway.url, async ({ method, path }, ask) =>
      method === "DELETE" && refused.has(path)
        ? { status: 414, headers: {}, body: Buffer.from("too long") }
        : ask(),
    );
    const report = await sweep(proxy.url);
    const fates = Object.values(fatesByJob(report));
    expect(fates.filter((fate) => fate === "failed").length).toBe(5);
    expect(fates.filter((fate) => fate === "gone").length).toBe(jobs.length - 5);
    expect(report).toMatchObject({ status: "partial", error: { code: "http_status" } });
  });
});

describe("a disk that takes longer than evidence lasts", () => {
  it("slows the sweep down, but every group is archived once and deleted", async () => {
    const gateway = await startOld();
    const archived: string[] = [];
    const archive: SweepContext["archive"] = {
      async append(groups) {
        archived.push(...groups.map(({ decision }) => decision.group.key));
        await new Promise((resolve) => setTimeout(resolve, 400));
      },
      recordOutcomes: () => Promise.resolve(),
      recentDeletions: () => Promise.resolve(new Map()),
      recordReappeared: () => Promise.resolve(),
    };
    const report = await sweep(gateway.url, { archive });
    expect(new Set(Object.values(fatesByJob(report)))).toEqual(new Set(["gone"]));
    expect(archived.length).toBe(jobs.length);
    expect(new Set(archived).size).toBe(jobs.length);
  });
});

describe.skipIf(mayLackNginx)("a real nginx that closes connections after 40 requests", () => {
  it("costs no group: DELETEs that were lost with the connection are sent again on fresh evidence", async () => {
    const many = Array.from({ length: 200 }, (_, index) => ({
      labels: { job: `many-${index}` },
      pushTime: 1_000_000_000,
    }));
    const gateway = await startPushgateway({ groups: many });
    onTestFinished(() => gateway.stop());
    const nginx = await startNginx({
      http: "keepalive_requests 40;",
      server: `location / { proxy_pass ${gateway.url}; }`,
    });
    const { url } = await startDistance(`http://127.0.0.1:${nginx.port}`, 10);
    const report = await sweep(url);
    expect(new Set(Object.values(fatesByJob(report)))).toEqual(new Set(["gone"]));
    expect(report).toMatchObject({ status: "ok", error: null });
  });
});

describe("a gateway at a distance of 150 ms", () => {
  it("is swept in a few reads: DELETEs do not wait for each other's answers", async () => {
    const many = Array.from({ length: 100 }, (_, index) => ({
      labels: { job: `far-${index}` },
      pushTime: 1_000_000_000,
    }));
    const gateway = await startPushgateway({ groups: many });
    onTestFinished(() => gateway.stop());
    const { url } = await startDistance(gateway.url, 75);
    const client = gatewayAt(url, 10);
    onTestFinished(() => client.close());
    const warnings: string[] = [];
    const warn = ({ message }: Error): void => void warnings.push(message);
    process.on("warning", warn);
    onTestFinished(() => void process.off("warning", warn));
    let reads = 0;
    const counting: Gateway = {
      ...client,
      pushTimes: (...how) => ((reads += 1), client.pushTimes(...how)),
    };
    const report = await sweepGateway(sweepContext(counting), {
      rules: [ttlRule(3600)],
      limits: limits({ maxOutageSeconds: 0 }),
      dryRun: false,
    });
    expect(new Set(Object.values(fatesByJob(report)))).toEqual(new Set(["gone"]));
    // 40 when each DELETE waited for the answer of the one before.
    expect(reads).toBeLessThan(15);
    expect(warnings).toEqual([]);
  });
});
