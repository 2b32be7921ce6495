import { gunzipSync } from "node:zlib";

import { describe, expect, it, onTestFinished } from "vitest";

import type { GatewayReport } from "../../src/core/report.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import type { SweepArchive, SweepContext, SweepSettings } from "../../src/sweep/sweep-context.ts";
import { sweepGateway } from "../../src/sweep/sweep.ts";
import { limits, ttlRule } from "../support/core-values.ts";
import { startProxy, type ProxiedAnswer } from "../support/proxy.ts";
import {
  installedGateways,
  startPushgateway,
  type InstalledGateway,
  type Pushgateway,
  type PushgatewayOptions,
} from "../support/pushgateway.ts";
import { bytesField, uintField } from "../support/protobuf.ts";
import { groupsOn, push, pushFamily } from "../support/push.ts";
import type { SeedGroup } from "../support/state-file.ts";
import { fatesByJob, gatewayAt, sweepContext } from "../support/sweep-context.ts";

const now = (): number => Date.now() / 1000;
const old = (labels: SeedGroup["labels"]): SeedGroup => ({ labels, pushTime: now() - 7200 });
const young = (labels: SeedGroup["labels"]): SeedGroup => ({ labels, pushTime: now() - 60 });

interface Scene {
  readonly url: string;
  readonly sweep: (settings?: Partial<SweepSettings>) => Promise<GatewayReport>;
  /** What was read of all groups, in order. */
  readonly reads: readonly string[];
}

async function start(
  source: SweepContext["source"],
  options: PushgatewayOptions,
  {
    archive = null,
    meanwhile,
  }: { archive?: SweepArchive | null; meanwhile?: (url: string) => Promise<unknown> } = {},
): Promise<Scene> {
  const real = await startPushgateway(options);
  onTestFinished(() => real.stop());
  const client = gatewayAt(real.url);
  onTestFinished(() => client.close());
  const reads: string[] = [];
  const gateway: Gateway = {
    ...client,
    openSnapshot: (how) => (reads.push("api"), client.openSnapshot(how)),
    openExposition: (how) => (reads.push("exposition"), client.openExposition(how)),
    async pushTimes(...how) {
      reads.push("push times");
      await meanwhile?.(real.url);
      return client.pushTimes(...how);
    },
  };
  const context = sweepContext(gateway, { source, archive });
  const settings = { rules: [ttlRule(3600)], limits: limits({ maxOutageSeconds: 0 }), dryRun: false };
  return { url: real.url, reads, sweep: (more) => sweepGateway(context, { ...settings, ...more }) };
}

const archive: SweepArchive = {
  append: () => Promise.resolve(),
  recordOutcomes: () => Promise.resolve(),
  recordReappeared: () => Promise.resolve(),
  recentDeletions: () => Promise.resolve(new Map()),
};

describe("source: auto", () => {
  it("reads only the exposition while nothing has expired", async () => {
    const groups = [young({ job: "a", instance: "x" }), young({ job: "b" })];
    const { sweep, reads } = await start("auto", { groups }, { archive });
    const report = await sweep();
    expect(report).toMatchObject({ status: "ok", snapshot: { source: "exposition", groups: 2 } });
    expect(fatesByJob(report)).toEqual({ a: "within_ttl", b: "within_ttl" });
    expect(reads).toEqual(["exposition"]);
  });

  it("never reads the API for groups that it can name exactly and has not to archive", async () => {
    const groups = [old({ job: "a", instance: "x" }), young({ job: "b", instance: "x" })];
    const { url, sweep, reads } = await start("auto", { groups });
    expect(fatesByJob(await sweep())).toEqual({ a: "gone", b: "within_ttl" });
    expect(reads).not.toContain("api");
    expect(await groupsOn(url)).toEqual(['{"instance":"x","job":"b"}']);
  });

  it.each([
    ["an archive wants the metrics of what has expired", [old({ job: "a", instance: "x" })], archive],
    ["an expired group may have an empty instance or none", [old({ job: "a" })], null],
    [
      "a failure time cannot be",
      [{ ...old({ job: "a", instance: "x" }), failTime: 99_999_999_999, timestamp: now() - 7200 }],
      null,
    ],
  ] as const)("reads the API when %s", async (_, groups, keeper) => {
    const { url, sweep, reads } = await start("auto", { groups }, { archive: keeper });
    const report = await sweep();
    expect(report).toMatchObject({ status: "ok", snapshot: { source: "api" } });
    expect(fatesByJob(report)).toEqual({ a: "gone" });
    expect(reads.slice(0, 2)).toEqual(["exposition", "api"]);
    expect(await groupsOn(url)).toEqual([]);
  });

  it.each(installedGateways)("sweeps $name beside metrics whose names are not UTF-8", async (gateway) => {
    const { url, sweep } = await start("auto", { gateway, groups: [old({ job: "a" })] });
    for (const byte of [0xfe, 0xff]) {
      const name = bytesField(1, Buffer.from([0x61, byte]));
      const { status } = await pushFamily(url, { job: "b" }, Buffer.concat([name, uintField(3, 1)]));
      expect(status).toBe(200);
    }
    expect(fatesByJob(await sweep())).toEqual({ a: "gone", b: "within_ttl" });
  });

  it("reads the API of a gateway whose exposition answers 500, because somebody poisoned it", async () => {
    const { url, sweep } = await start("auto", {});
    await push(url, { job: "a" }, "one 1\n");
    await push(url, { job: "a", instance: "" }, "one 1\n");
    await expect.poll(() => groupsOn(url)).toHaveLength(2);
    const report = await sweep();
    expect(report).toMatchObject({ status: "ok", consistent: false, snapshot: { source: "api", groups: 2 } });
  });

  it.runIf(installedGateways.some(({ version }) => version.startsWith("1.11")))(
    "reads the API of a gateway that takes UTF-8 label names, which the exposition escapes",
    async () => {
      const { sweep, reads } = await start("auto", { flags: ["--push.enable-utf8-names"] });
      expect(await sweep()).toMatchObject({ status: "ok", snapshot: { source: "api" } });
      expect(reads).toEqual(["api"]);
    },
  );
});

describe.each(["api", "auto", "exposition"] as const)(
  "a gateway that answers only the families asked for, source: %s",
  (source) => {
    it("is swept as any other", async () => {
      const groups = [
        old({ job: "a", instance: "x" }),
        old({ job: "b", instance: "y" }),
        young({ job: "c" }),
      ];
      const real = await startPushgateway({ groups });
      onTestFinished(() => real.stop());
      const asked: string[][] = [];
      const { url } = await startProxy(real.url, async ({ path, query }, ask) => {
        const answer = await ask();
        if (path !== "/metrics") return answer;
        asked.push(query.getAll("name[]"));
        return { ...answer, ...keepFamilies(answer.body, query.getAll("name[]")) };
      });
      const client = gatewayAt(url);
      onTestFinished(() => client.close());
      const settings = { rules: [ttlRule(3600)], limits: limits({ maxOutageSeconds: 0 }), dryRun: false };
      const report = await sweepGateway(sweepContext(client, { source }), settings);
      expect(fatesByJob(report)).toEqual({ a: "gone", b: "gone", c: "within_ttl" });
      expect(await groupsOn(real.url)).toHaveLength(1);
      expect(new Set(asked.map((names) => names.toSorted().join()))).toEqual(
        new Set([
          "go_memstats_mallocs_total,process_start_time_seconds,push_failure_time_seconds,push_time_seconds," +
            "pushgateway_build_info,pushgateway_http_requests_total",
        ]),
      );
    });
  },
);

/** As handlers of client_golang do from 1.24 on. */
function keepFamilies(body: Buffer, names: readonly string[]): Pick<ProxiedAnswer, "headers" | "body"> {
  const families = gunzipSync(body)
    .toString()
    .split(/^(?=# HELP )/m);
  const kept = families.filter((text) => names.some((name) => text.startsWith(`# HELP ${name} `)));
  return { headers: { date: new Date().toUTCString() }, body: Buffer.from(kept.join("")) };
}

describe.each(installedGateways)("source: exposition, on $version", (gateway) => {
  it.each<[string, PushgatewayOptions]>([
    ["at /metrics", {}],
    ["where --web.telemetry-path says", { flags: ["--web.telemetry-path=/telemetry"] }],
    ["and below a prefix", { flags: ["--web.telemetry-path=//a/../telemetry/"], routePrefix: "/p" }],
  ])(
    "deletes what has expired, with an empty instance or without one, and nothing else: %s",
    async (_, where) => {
      const groups = [
        old({ job: "none" }),
        old({ job: "empty", instance: "" }),
        old({ job: "some", instance: "x" }),
        old({ job: "odd", path: "a/../b", quoted: 'say "\\n"\n' }),
        young({ job: "none", zone: "1" }),
        young({ job: "empty", instance: "y" }),
      ];
      const { url, sweep, reads } = await start("exposition", { gateway, groups, ...where });
      const report = await sweep();
      expect(report).toMatchObject({ status: "ok", snapshot: { source: "exposition" } });
      expect(report.entries.filter(({ outcome }) => outcome === "gone")).toHaveLength(4);
      expect(await groupsOn(url)).toEqual(['{"instance":"y","job":"empty"}', '{"job":"none","zone":"1"}']);
      expect(reads).not.toContain("api");
    },
  );
});

describe("source: exposition", () => {
  it.each([
    ["successfully", "one 1\n", "pushed_again"],
    ["in vain: only the API could tell whether that time is forged", "one 1 1000\n", "pushed_again"],
  ])("keeps a group that is pushed to meanwhile, %s", async (_, body, fate) => {
    const labels = { job: "a", instance: "x" };
    let pushed = false;
    const meanwhile = async (url: string): Promise<void> => {
      if (pushed) return;
      pushed = true;
      await push(url, labels, body);
    };
    const { url, sweep } = await start("exposition", { groups: [old(labels)] }, { meanwhile });
    expect(fatesByJob(await sweep())).toEqual({ a: fate });
    expect(await groupsOn(url)).toHaveLength(1);
  });

  it("keeps what claims to have failed in the future", async () => {
    const groups = [{ ...old({ job: "a", instance: "x" }), failTime: 99_999_999_999 }];
    const { sweep } = await start("exposition", { groups });
    expect(fatesByJob(await sweep())).toEqual({ a: "future_time" });
  });

  it("fails on a poisoned gateway, and deletes nothing", async () => {
    const { url, sweep } = await start("exposition", {});
    await push(url, { job: "a" }, "one 1\n");
    await push(url, { job: "a", instance: "" }, "one 1\n");
    expect(await sweep()).toMatchObject({ status: "failed", error: { code: "http_status" }, entries: [] });
    expect(await groupsOn(url)).toHaveLength(2);
  });

  it.runIf(installedGateways.some(({ version }) => version.startsWith("1.11")))(
    "is refused for a gateway that takes UTF-8 label names",
    async () => {
      const { sweep } = await start("exposition", { flags: ["--push.enable-utf8-names"] });
      const report = await sweep();
      expect(report.status).toBe("failed");
      expect(report.error?.message).toContain("set source to auto or api");
    },
  );

  it("uses the TTL of a group's own gauge, and the longest one if it is not clear whose it is", async () => {
    const ttl = (value: number, labels = {}): NonNullable<SeedGroup["metrics"]> => [
      { name: "push_ttl_seconds", type: "gauge", samples: [{ value, labels }] },
    ];
    const groups = [
      { ...old({ job: "short", instance: "x" }), metrics: ttl(600) },
      { ...old({ job: "long", instance: "x" }), metrics: ttl(86_400) },
      { ...old({ job: "none", instance: "x" }) },
      { ...old({ job: "unclear", instance: "x" }), metrics: ttl(600, { shard: "1" }) },
    ];
    const ttlMetric = { name: "push_ttl_seconds", minSeconds: 300, maxSeconds: 30 * 86_400 };
    const { sweep } = await start("exposition", { groups });
    expect(fatesByJob(await sweep({ rules: [{ ...ttlRule(3600), ttlMetric }] }))).toEqual({
      short: "gone",
      long: "within_ttl",
      none: "gone",
      unclear: "within_ttl",
    });
  });
});

/** In front of a real gateway: as one older than 1.2.0, which has no API. */
async function startOld(
  gateway: InstalledGateway,
  groups: readonly SeedGroup[],
): Promise<{ readonly real: Pushgateway; readonly url: string }> {
  const real = await startPushgateway({ gateway, groups });
  onTestFinished(() => real.stop());
  const { url } = await startProxy(real.url, ({ path }, ask) =>
    path.startsWith("/api/")
      ? Promise.resolve({ status: 404, headers: {}, body: Buffer.from("404 page not found\n") })
      : ask(),
  );
  return { real, url };
}

describe.each(installedGateways)("a gateway without /api/v1, in front of $version", (gateway) => {
  const groups = [old({ job: "a", instance: "x" }), old({ job: "b" }), young({ job: "c", instance: "y" })];

  function sweep(url: string, source: SweepContext["source"], more: Partial<SweepSettings> = {}) {
    const client = gatewayAt(url);
    onTestFinished(() => client.close());
    const context = sweepContext(client, { source });
    const settings = { rules: [ttlRule(3600)], limits: limits({ maxOutageSeconds: 0 }), dryRun: false };
    return sweepGateway(context, { ...settings, ...more });
  }

  it("is swept by its exposition", async () => {
    const { real, url } = await startOld(gateway, groups);
    const report = await sweep(url, "exposition");
    expect(report).toMatchObject({ status: "ok", snapshot: { source: "exposition" } });
    expect(fatesByJob(report)).toEqual({ a: "gone", b: "gone", c: "within_ttl" });
    expect(await groupsOn(real.url)).toEqual(['{"instance":"y","job":"c"}']);
  });

  it("knows from the exposition when the gateway started: an outage before is not held against its groups", async () => {
    const { url } = await startOld(gateway, groups.slice(0, 2));
    const report = await sweep(url, "exposition", { limits: limits({ maxOutageSeconds: 86_400 }) });
    expect(fatesByJob(report)).toEqual({ a: "within_ttl", b: "within_ttl" });
  });

  it("is not deleted from when another process answers in the middle of the sweep", async () => {
    const { real, url } = await startOld(gateway, groups);
    const client = gatewayAt(url);
    onTestFinished(() => client.close());
    let reads = 0;
    const context = sweepContext(
      {
        ...client,
        async pushTimes(...how) {
          if ((reads += 1) === 1) await real.restart();
          return client.pushTimes(...how);
        },
      },
      { source: "exposition" },
    );
    const settings = { rules: [ttlRule(3600)], limits: limits({ maxOutageSeconds: 0 }), dryRun: false };
    const report = await sweepGateway(context, settings);
    expect(fatesByJob(report)).toEqual({ a: "gateway_unhealthy", b: "gateway_unhealthy", c: "within_ttl" });
    expect(await groupsOn(real.url)).toHaveLength(3);
  });

  it.each(["api", "auto"] as const)("says what to set where the API is wanted: source %s", async (source) => {
    const { real, url } = await startOld(gateway, groups);
    const report = await sweep(url, source);
    expect(report).toMatchObject({ status: "failed", error: { code: "http_status" } });
    expect(report.error?.message).toContain(
      "there is no /api/v1 here: this is a Pushgateway older than 1.2.0, or something in front of it hides the API. Set source: exposition",
    );
    expect(await groupsOn(real.url)).toHaveLength(3);
  });
});

describe("a push without metrics under keep_latest", () => {
  const metrics = [{ name: "backup_bytes", type: "gauge" as const, samples: [{ value: 1 }] }];
  const keepLatest = { count: 1, by: ["job"] };

  it.each([
    ["api", { before: "gone", latest: "kept_latest", empty: "within_ttl" }, ["api"]],
    ["auto", { before: "gone", latest: "kept_latest", empty: "within_ttl" }, ["exposition", "api"]],
    ["exposition", { before: "kept_latest", latest: "kept_latest", empty: "within_ttl" }, ["exposition"]],
  ] as const)("does not push the latest out that has any: source: %s", async (source, expected, read) => {
    const groups = [
      { ...old({ job: "backup", instance: "before" }), pushTime: now() - 9000, metrics },
      { ...old({ job: "backup", instance: "latest" }), metrics },
    ];
    const { url, sweep, reads } = await start(source, { groups });
    expect((await push(url, { job: "backup", instance: "empty" }, "")).status).toBe(200);
    const report = await sweep({ rules: [ttlRule(3600, { keepLatest })] });
    const fates = report.entries.map(({ group, verdict, outcome }) => [
      group.labels.get("instance"),
      outcome ?? verdict.reason,
    ]);
    expect(Object.fromEntries(fates)).toEqual(expected);
    expect(reads.slice(0, read.length)).toEqual(read);
    expect(report.notes.join()).toContain(
      source === "exposition" ? "does not show which of them hold metrics" : "",
    );
  });
});
