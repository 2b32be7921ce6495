import { describe, expect, it } from "vitest";

import type { SweepReport } from "../../src/core/report.ts";
import { createMetrics, type JanitorMetrics } from "../../src/telemetry/metrics.ts";
import { group, keepRule, now, ttlRule } from "../support/core-values.ts";
import { entry, gatewayReport, sweepReport, unreadGateway } from "../support/reports.ts";
import { changedMetrics, metricScope, readMetrics } from "./read-metrics.ts";

const hour = ttlRule(3600, { name: "hour" });
const day = ttlRule(86_400, { name: "day" });
const keep = (reason: "within_ttl" | "kept_latest" | "rule_reports" | "no_rule" | "future_time") =>
  ({ verdict: "keep", reason }) as const;
const expired = { verdict: "delete", reason: "ttl_expired" } as const;

function start(scope: Parameters<typeof metricScope>[0] = {}): JanitorMetrics {
  const metrics = createMetrics({ version: "1.2.3", revision: "abc", nodeVersion: "v20.19.0" });
  metrics.configure(metricScope({ rules: ["hour", "day"], ...scope }));
  return metrics;
}

/** After a first read that found no groups. */
function startEmpty(): JanitorMetrics {
  const metrics = start();
  metrics.readFinished(sweepReport([gatewayReport([])]));
  return metrics;
}

/** What a sweep changes, without what every sweep changes. */
async function changesBy(report: SweepReport, metrics = startEmpty()): Promise<Record<string, string>> {
  const before = await metrics.render();
  metrics.sweepFinished(report);
  const always = /^(sweeps_total|last_sweep_(?!failure)|(sweep|scrape)_duration|scrape_response|clock_skew)/;
  return Object.fromEntries(
    Object.entries(changedMetrics(before, await metrics.render())).filter(([series]) => !always.test(series)),
  );
}

const down = { 'gateway_up{gateway="g"}': "0" };
const notKnown = { 'gateway_consistent{gateway="g"}': "NaN" };
const succeeded = { 'last_success_timestamp_seconds{gateway="g"}': String(now) };
const failed = (reason: string) => ({
  [`sweep_failures_total{gateway="g",reason="${reason}"}`]: "1",
  [`last_sweep_failure_info{gateway="g",reason="${reason}"}`]: "1",
});
const withheldNow = (reason: string, count: number) => ({
  [`withhold_groups{gateway="g",reason="${reason}"}`]: String(count),
});
const found = (verdict: string, count: number) => ({
  [`groups{gateway="g",verdict="${verdict}"}`]: String(count),
});
const kept = (reason: string, count: number) => ({
  [`keep_groups{gateway="g",reason="${reason}"}`]: String(count),
});
const ofRule = (name: string, rule: string, value: number) => ({
  [`${name}{gateway="g",rule="${rule}"}`]: String(value),
});

describe("a sweep", () => {
  it.each<[string, SweepReport, Record<string, string>]>([
    ["of an empty gateway is a success", sweepReport([gatewayReport([])]), succeeded],
    [
      "counts what the gateway showed to be deleted, by rule",
      sweepReport([
        gatewayReport([
          entry(expired, { outcome: "gone" }),
          entry(expired, { outcome: "gone", series: 10 }),
          entry(expired, { outcome: "gone", rule: day, series: 1 }),
        ]),
      ]),
      {
        ...succeeded,
        ...found("delete", 3),
        ...ofRule("rule_groups", "hour", 2),
        ...ofRule("rule_expired_groups", "hour", 2),
        ...ofRule("deletes_total", "hour", 2),
        ...ofRule("deleted_series_total", "hour", 13),
        ...ofRule("rule_groups", "day", 1),
        ...ofRule("rule_expired_groups", "day", 1),
        ...ofRule("deletes_total", "day", 1),
        ...ofRule("deleted_series_total", "day", 1),
      },
    ],
    [
      "counts a deletion whose group was pushed again after it",
      sweepReport([gatewayReport([entry(expired, { outcome: "pushed_again" })])]),
      {
        ...succeeded,
        ...found("delete", 1),
        ...ofRule("rule_groups", "hour", 1),
        ...ofRule("rule_expired_groups", "hour", 1),
        ...ofRule("deletes_total", "hour", 1),
        ...ofRule("deleted_series_total", "hour", 3),
      },
    ],
    [
      "does not count deletions that nobody saw take effect",
      sweepReport([
        gatewayReport(
          [
            entry(expired, { outcome: "failed" }),
            entry(expired, { outcome: "failed" }),
            entry(expired, { outcome: "still_there" }),
          ],
          { status: "partial", error: { code: "timeout", message: "" } },
        ),
      ]),
      {
        ...failed("timeout"),
        ...found("delete", 3),
        ...ofRule("rule_groups", "hour", 3),
        ...ofRule("rule_expired_groups", "hour", 3),
        'delete_failures_total{gateway="g",reason="failed"}': "2",
        'delete_failures_total{gateway="g",reason="still_there"}': "1",
      },
    ],
    [
      "that is a dry run deletes nothing",
      sweepReport([gatewayReport([entry(expired), entry(keep("no_rule"), { rule: null })])], {
        dryRun: true,
      }),
      {
        ...succeeded,
        ...found("delete", 1),
        ...found("keep", 1),
        ...ofRule("rule_groups", "hour", 1),
        ...ofRule("rule_expired_groups", "hour", 1),
      },
    ],
    [
      "counts what was withheld, by reason",
      sweepReport([
        gatewayReport(
          [
            entry({ verdict: "withhold", reason: "pushed_again" }),
            entry({ verdict: "withhold", reason: "interrupted" }),
            entry({ verdict: "withhold", reason: "interrupted" }),
          ],
          { status: "partial" },
        ),
      ]),
      {
        ...failed("interrupted"),
        ...found("withhold", 3),
        ...withheldNow("pushed_again", 1),
        ...withheldNow("interrupted", 2),
        ...ofRule("rule_groups", "hour", 3),
        ...ofRule("rule_expired_groups", "hour", 3),
        'groups_withheld_total{gateway="g",reason="pushed_again"}': "1",
        'groups_withheld_total{gateway="g",reason="interrupted"}': "2",
      },
    ],
    [
      "knows when the next group expires, and which of the kept ones have",
      sweepReport([
        gatewayReport([
          entry(keep("within_ttl"), { ageSeconds: 600, expiresAt: now + 3000 }),
          entry(keep("within_ttl"), { ageSeconds: 1600, expiresAt: now + 2000 }),
          entry(keep("rule_reports")),
          entry(keep("kept_latest"), { expiresAt: null }),
          entry(keep("future_time"), { ageSeconds: -9, expiresAt: null }),
        ]),
      ]),
      {
        ...succeeded,
        ...found("keep", 5),
        ...kept("within_ttl", 2),
        ...kept("future_time", 1),
        ...ofRule("rule_groups", "hour", 5),
        ...ofRule("rule_expired_groups", "hour", 1),
        ...ofRule("rule_next_expiry_timestamp_seconds", "hour", now + 2000),
      },
    ],
    [
      "counts groups that came back, by the rule that deleted them",
      sweepReport([
        gatewayReport([], {
          reappeared: [
            { rule: "hour", groups: [group({ job: "a" }, 1).labels, group({ job: "b" }, 1).labels] },
            { rule: "a rule of last year", groups: [group({ job: "c" }, 1).labels] },
          ],
        }),
      ]),
      { ...succeeded, ...ofRule("groups_reappeared_total", "hour", 2) },
    ],
    [
      "of a gateway that refuses every push is told as such",
      sweepReport([gatewayReport([], { consistent: false })]),
      { ...succeeded, 'gateway_consistent{gateway="g"}': "0" },
    ],
    [
      "of a gateway that is not there",
      sweepReport([unreadGateway("unreachable")]),
      { ...down, ...notKnown, ...failed("unreachable") },
    ],
    [
      "that was interrupted says nothing about the gateway",
      sweepReport([unreadGateway("aborted")]),
      { ...notKnown, ...failed("aborted") },
    ],
    [
      "that failed by a bug says nothing about the gateway",
      sweepReport([unreadGateway("internal")]),
      { ...notKnown, ...failed("internal") },
    ],
    [
      "of gateways and rules that a reload has removed is not counted",
      sweepReport([
        gatewayReport([entry(expired, { outcome: "gone" })], { name: "gone" }),
        gatewayReport([entry(expired, { outcome: "gone", rule: ttlRule(1, { name: "gone" }) })]),
      ]),
      { ...succeeded, ...found("delete", 1) },
    ],
  ])("%s", async (_, report, expected) => {
    expect(await changesBy(report)).toEqual(expected);
  });

  it("that cannot read the gateway keeps the numbers of its groups, and not its health", async () => {
    const metrics = start();
    metrics.sweepFinished(sweepReport([gatewayReport([entry(expired, { outcome: "gone" })])]));
    expect(
      await changesBy(sweepReport([unreadGateway("timeout")], { finishedAt: now + 60 }), metrics),
    ).toEqual({ ...down, ...notKnown, ...failed("timeout") });
    const samples = readMetrics(await metrics.render());
    expect(samples.get('last_sweep_timestamp_seconds{gateway="g"}')).toBe(String(now + 60));
    expect(samples.get('last_success_timestamp_seconds{gateway="g"}')).toBe(String(now));
    expect(samples.get('last_read_timestamp_seconds{gateway="g"}')).toBe(String(now));
    expect(samples.get('groups{gateway="g",verdict="delete"}')).toBe("1");
    expect(samples.get('clock_skew_seconds{gateway="g"}')).toBe("NaN");
    expect(samples.get('sweeps_total{gateway="g"}')).toBe("2");
    expect(samples.get('last_sweep_successful{gateway="g"}')).toBe("0");
  });
});

describe("the last sweep", () => {
  it("says how many groups it has deleted, and for which hosts a query failed", async () => {
    const vanished = { query: "up", groupLabel: "i", seriesLabel: "i", ttlSeconds: 60 };
    const metrics = start({ rules: ["hour", ttlRule(60, { name: "hosts", vanished })] });
    const sweep = async (count: number, failedQueries: readonly { rule: string; message: string }[]) => {
      const entries = Array.from({ length: count }, () => entry(expired, { outcome: "gone" }));
      metrics.sweepFinished(sweepReport([gatewayReport(entries, { failedQueries })]));
      const samples = readMetrics(await metrics.render());
      return [
        ...["last_sweep_deleted_groups", "deletes_total"].map((name) => [name, "hour"] as const),
        ...["vanished_query_failures_total", "vanished_last_query_successful"].map(
          (name) => [name, "hosts"] as const,
        ),
      ].map(([name, rule]) => samples.get(`${name}{gateway="g",rule="${rule}"}`));
    };
    expect(await sweep(3, [])).toEqual(["3", "3", "0", "1"]);
    expect(await sweep(1, [{ rule: "hosts", message: "down" }])).toEqual(["1", "4", "1", "0"]);
    expect(await sweep(0, [])).toEqual(["0", "4", "1", "1"]);
  });

  it("says how many groups came back, and why it failed, until the next one", async () => {
    const metrics = start();
    const sweep = async (report: SweepReport["gateways"][number]) => {
      metrics.sweepFinished(sweepReport([report]));
      const samples = readMetrics(await metrics.render());
      return [
        samples.get('last_sweep_reappeared_groups{gateway="g",rule="hour"}'),
        ...[...samples.keys()].filter((series) => series.startsWith("last_sweep_failure_info")),
      ];
    };
    const reappeared = [{ rule: "hour", groups: [group({ job: "a" }, 1).labels] }];
    expect(await sweep(gatewayReport([], { reappeared }))).toEqual(["1"]);
    expect(await sweep(unreadGateway("timeout"))).toEqual([
      "0",
      'last_sweep_failure_info{gateway="g",reason="timeout"}',
    ]);
    expect(await sweep(unreadGateway("no_answer"))).toEqual([
      "0",
      'last_sweep_failure_info{gateway="g",reason="no_answer"}',
    ]);
    metrics.configure(metricScope({ gateways: ["h"] }));
    expect(await metrics.render()).not.toContain("last_sweep_failure_info{");
    metrics.configure(metricScope({ rules: ["hour"] }));
    expect(await sweep(gatewayReport([]))).toEqual(["0"]);
  });
});

describe("a read without a sweep", () => {
  it.each<[string, SweepReport, Record<string, string>]>([
    [
      "says what the gateway holds, and counts nothing",
      sweepReport(
        [
          gatewayReport(
            [
              entry(expired),
              entry(keep("within_ttl"), { ageSeconds: 600 }),
              entry({ verdict: "withhold", reason: "max_deletes" }, { rule: day }),
            ],
            { status: "withheld", error: { code: "max_deletes", message: "" }, consistent: false },
          ),
        ],
        { finishedAt: now + 1, dryRun: true },
      ),
      {
        'gateway_consistent{gateway="g"}': "0",
        'last_read_timestamp_seconds{gateway="g"}': String(now + 1),
        ...found("delete", 1),
        ...found("keep", 1),
        ...found("withhold", 1),
        ...withheldNow("max_deletes", 1),
        ...kept("within_ttl", 1),
        ...ofRule("rule_groups", "hour", 2),
        ...ofRule("rule_expired_groups", "hour", 1),
        ...ofRule("rule_next_expiry_timestamp_seconds", "hour", now + 3000),
        ...ofRule("rule_groups", "day", 1),
        ...ofRule("rule_expired_groups", "day", 1),
      },
    ],
    [
      "of a gateway that is not there says so, and counts nothing",
      sweepReport([unreadGateway("unreachable")]),
      { ...down, ...notKnown, 'clock_skew_seconds{gateway="g"}': "NaN" },
    ],
  ])("%s", async (_, report, expected) => {
    const metrics = startEmpty();
    const before = await metrics.render();
    metrics.readFinished(report);
    expect(changedMetrics(before, await metrics.render())).toEqual(expected);
  });
});

describe("the series", () => {
  const everything = (metrics: JanitorMetrics): Promise<string[]> =>
    metrics.render().then((text) => [...readMetrics(text).keys()]);

  it("all exist before the first sweep, and no sweep adds one, but for the reason of a failure", async () => {
    const metrics = start({ gateways: ["g", "h"] });
    const before = await everything(metrics);
    metrics.sweepFinished(
      sweepReport([
        gatewayReport([
          entry(expired, { outcome: "gone" }),
          entry(expired, { outcome: "failed" }),
          entry({ verdict: "withhold", reason: "archive_failed" }),
        ]),
        unreadGateway("no such code", { name: "h" }),
        unreadGateway("timeout", { name: "unknown" }),
      ]),
    );
    metrics.observeDelete("unknown", 1);
    metrics.groupsArchived("unknown", 1);
    metrics.sweepSkipped("missed");
    metrics.nextSweepAt(now);
    metrics.configLoaded(now);
    expect((await everything(metrics)).filter((series) => !before.includes(series))).toEqual([
      'last_sweep_failure_info{gateway="h",reason="internal"}',
    ]);
  });

  it("of counters and times begin at 0; unknown facts about a gateway are NaN", async () => {
    const samples = [...readMetrics(await start().render())];
    const unknown = samples.filter(([, value]) => value === "NaN").map(([series]) => series);
    expect([...new Set(unknown.map((series) => series.replace(/\{.*/, "")))]).toEqual([
      "gateway_up",
      "gateway_consistent",
      "clock_skew_seconds",
      "scrape_duration_seconds",
      "scrape_response_size_bytes",
      "last_sweep_successful",
      "last_sweep_duration_seconds",
      "archive_size_bytes",
      "archive_oldest_timestamp_seconds",
      "groups",
      "keep_groups",
      "withhold_groups",
      "rule_groups",
      "rule_expired_groups",
      "rule_next_expiry_timestamp_seconds",
      "last_sweep_deleted_groups",
      "last_sweep_reappeared_groups",
    ]);
    expect(samples.filter(([, value]) => value !== "0" && value !== "NaN")).toEqual([
      ['build_info{version="1.2.3",revision="abc",nodeversion="v20.19.0"}', "1"],
      ["shards", "1"],
      ['shard_info{shard="0",shards="1"}', "1"],
      ['rule_ttl_seconds{rule="hour"}', "3600"],
      ['rule_ttl_seconds{rule="day"}', "3600"],
    ]);
  });

  it("exist only where they can be other than 0", async () => {
    const vanished = { query: "up", groupLabel: "i", seriesLabel: "i", ttlSeconds: 60 };
    const keepLatest = { count: 1, by: ["job"] };
    const matchers = ['job="a"'];
    const rules = [
      keepRule("keeping", matchers),
      ttlRule(1, { name: "reporting", action: "report", matchers }),
      ttlRule(2, { name: "deleting", keepLatest, vanished, matchers }),
    ];
    const names = async (scope: Parameters<typeof metricScope>[0]): Promise<string> =>
      (await everything(start(scope))).join("\n");
    const all = await names({ rules, notifications: [{ name: "notifications[0]" }] });
    const unlimited = { maxDeleteRatio: 1 };
    const none = await names({ rules: ["hour"], archive: null, limits: unlimited });
    for (const series of [
      'rule_groups{gateway="g",rule="keeping"}',
      'rule_ttl_seconds{rule="reporting"}',
      'vanished_query_failures_total{gateway="g",rule="deleting"}',
      'keep_groups{gateway="g",reason="rule_keeps"}',
      'keep_groups{gateway="g",reason="rule_reports"}',
      'keep_groups{gateway="g",reason="kept_latest"}',
      'notification_failures_total{notification="notifications[0]"}',
      "archive_size_bytes",
      'notification_last_delivery_successful{notification="notifications[0]"}',
      'vanished_last_query_successful{gateway="g",rule="deleting"}',
      'groups_withheld_total{gateway="g",reason="host_may_exist"}',
      'withhold_groups{gateway="g",reason="archive_failed"}',
      'sweep_failures_total{gateway="g",reason="archive_failed"}',
      'sweep_failures_total{gateway="g",reason="max_delete_ratio"}',
      'keep_groups{gateway="g",reason="no_rule"}',
      "archived_groups_total",
      "groups_reappeared_total",
      "last_sweep_reappeared_groups",
    ]) {
      expect(all).toContain(series);
      expect(none).not.toContain(series);
    }
    const reporting = await names({ rules: [ttlRule(1, { name: "r", action: "report" })] });
    expect(reporting).not.toMatch(/^(delete|deleted|deletes|withhold)_|withheld|gone_already|reappeared/m);
    expect(all).not.toMatch(/(rule_ttl_seconds|rule_expired_groups|deletes_total).*"keeping"/);
    expect(all).not.toMatch(/(deletes_total|last_sweep_deleted_groups|groups_reappeared_total).*"reporting"/);
  });

  it("of gateways and rules that are gone end with a reload; others continue", async () => {
    const metrics = start({ gateways: ["g", "old"], rules: ["hour", "old"] });
    metrics.observeDelete("g", 0.003);
    metrics.groupsArchived("g", 1);
    metrics.sweepFinished(sweepReport([gatewayReport([entry(expired, { outcome: "gone" })])]));
    const before = await metrics.render();
    metrics.configure(metricScope({ gateways: ["g", "new"], rules: ["hour", "new"], dryRun: true }));
    const after = await metrics.render();

    expect(after).not.toContain('"old"');
    const [old, current] = [readMetrics(before), readMetrics(after)];
    const kept = [...old.keys()].filter((series) => !series.includes('"old"') && series !== "dry_run");
    expect(kept.map((series) => current.get(series))).toEqual(kept.map((series) => old.get(series)));
    expect(current.get('deletes_total{gateway="g",rule="hour"}')).toBe("1");
    expect(current.get('delete_duration_seconds_count{gateway="g"}')).toBe("1");
    expect(current.get('deletes_total{gateway="new",rule="new"}')).toBe("0");
    expect(current.get("dry_run")).toBe("1");
  });

  it("begin anew when a rule comes back", async () => {
    const metrics = start();
    metrics.sweepFinished(sweepReport([gatewayReport([entry(expired, { outcome: "gone", rule: hour })])]));
    metrics.configure(metricScope({}));
    metrics.configure(metricScope({ rules: ["hour"] }));
    expect(readMetrics(await metrics.render()).get('deletes_total{gateway="g",rule="hour"}')).toBe("0");
  });

  it("belong to one janitor only", async () => {
    const [one, other] = [start(), start()];
    one.sweepFinished(sweepReport([gatewayReport([])]));
    expect(readMetrics(await other.render()).get('sweeps_total{gateway="g"}')).toBe("0");
  });
});

describe("a single sweep", () => {
  const build = { version: "1.2.3", revision: "abc", nodeVersion: "v20.19.0" };

  it.each([
    ["of which nobody says how often there is one", undefined, undefined],
    ["of a CronJob that runs every 15 minutes", 900, "900"],
  ])("%s has gauges only, and nothing about a next sweep", async (_, intervalSeconds, exported) => {
    const metrics = createMetrics(build, { intervalSeconds });
    metrics.configure(metricScope({ rules: ["hour"], notifications: [{ name: "notifications[0]" }] }));
    metrics.configLoaded(now);
    metrics.sweepFinished(sweepReport([gatewayReport([entry(expired, { outcome: "gone" })])]));
    metrics.notificationSent("notifications[0]", true);
    const text = await metrics.render();
    expect(text).not.toMatch(/^# TYPE \S+ (counter|histogram)|next_sweep|last_reload|shards \d/m);
    const samples = readMetrics(text);
    expect(samples.get("sweep_interval_seconds")).toBe(exported);
    expect(samples.get('last_sweep_deleted_groups{gateway="g",rule="hour"}')).toBe("1");
    expect(samples.get('last_success_timestamp_seconds{gateway="g"}')).toBe(String(now));
    expect(samples.get('notification_last_delivery_successful{notification="notifications[0]"}')).toBe("1");
  });
});

describe("the process of a service", () => {
  it("has the metrics of prom-client, without those that are always 0 or wake it up", async () => {
    const metrics = start();
    metrics.collectProcess();
    const families = [...(await metrics.render()).matchAll(/^# TYPE ((?:process|nodejs)_\w+) (\w+)$/gm)];
    expect(Object.fromEntries(families.map(([, name, type]) => [name, type]))).toEqual({
      process_cpu_user_seconds_total: "counter",
      process_cpu_system_seconds_total: "counter",
      process_cpu_seconds_total: "counter",
      process_start_time_seconds: "gauge",
      process_resident_memory_bytes: "gauge",
      process_virtual_memory_bytes: "gauge",
      process_heap_bytes: "gauge",
      process_open_fds: "gauge",
      process_max_fds: "gauge",
      nodejs_eventloop_lag_seconds: "gauge",
      nodejs_active_resources: "gauge",
      nodejs_heap_size_total_bytes: "gauge",
      nodejs_heap_size_used_bytes: "gauge",
      nodejs_external_memory_bytes: "gauge",
      nodejs_version_info: "gauge",
      nodejs_gc_duration_seconds: "histogram",
    });
  });
});

describe("discovery", () => {
  it.each([
    ["succeeds", { gateways: 3, succeeded: true }, ["3", "1"]],
    ["names no gateway", { gateways: 0, succeeded: true }, ["0", "1"]],
    ["has failed from the start", { gateways: 0, succeeded: false }, ["NaN", "0"]],
    ["fails, while its last good answer counts", { gateways: 3, succeeded: false }, ["3", "0"]],
  ])("that %s", async (_, found, expected) => {
    const metrics = start({ mechanisms: ["dns"] });
    metrics.discovered("dns", found, found.succeeded);
    const samples = readMetrics(await metrics.render());
    const of = (name: string) => samples.get(`${name}{mechanism="dns"}`);
    expect([of("discovered_gateways"), of("discovery_last_refresh_successful")]).toEqual(expected);
    expect(of("discovery_failures_total")).toBe(found.succeeded ? "0" : "1");
  });
});

describe("events outside of reports", () => {
  it.each<[string, (metrics: JanitorMetrics) => void, Record<string, string>]>([
    [
      "a configuration that was loaded",
      (metrics) => metrics.configLoaded(now),
      {
        config_last_reload_successful: "1",
        config_last_reload_success_timestamp_seconds: String(now),
      },
    ],
    [
      "one that was not, after one that was",
      (metrics) => {
        metrics.configLoaded(now);
        metrics.configFailed();
      },
      { config_last_reload_success_timestamp_seconds: String(now) },
    ],
    ["the next sweep", (metrics) => metrics.nextSweepAt(now), { next_sweep_timestamp_seconds: String(now) }],
    ["that there is none", (metrics) => metrics.nextSweepAt(null), {}],
    [
      "a skipped sweep",
      (metrics) => metrics.sweepSkipped("already_running"),
      { 'sweeps_skipped_total{reason="already_running"}': "1" },
    ],
    [
      "archived groups",
      (metrics) => metrics.groupsArchived("g", 400),
      { 'archived_groups_total{gateway="g"}': "400" },
    ],
    [
      "the size of the archive",
      (metrics) => metrics.archiveMeasured({ sizeBytes: 5, oldestAt: now }),
      { archive_size_bytes: "5", archive_oldest_timestamp_seconds: String(now) },
    ],
    [
      "an archive without files",
      (metrics) => metrics.archiveMeasured({ sizeBytes: 0, oldestAt: null }),
      { archive_size_bytes: "0", archive_oldest_timestamp_seconds: "0" },
    ],
    ["an archive that cannot be read", (metrics) => metrics.archiveMeasured(null), {}],
    [
      "an answered DELETE",
      (metrics) => metrics.observeDelete("g", 7),
      {
        'delete_duration_seconds_bucket{le="10",gateway="g"}': "1",
        'delete_duration_seconds_bucket{le="+Inf",gateway="g"}': "1",
        'delete_duration_seconds_sum{gateway="g"}': "7",
        'delete_duration_seconds_count{gateway="g"}': "1",
      },
    ],
  ])("%s", async (_, happen, expected) => {
    const metrics = start();
    const before = await metrics.render();
    happen(metrics);
    expect(changedMetrics(before, await metrics.render())).toEqual(expected);
  });
});
