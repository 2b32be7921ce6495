import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import { systemClock } from "../../src/cli/system-clock.ts";
import { rulesFile } from "../support/alert-rules.ts";
import { cli } from "../support/cli.ts";
import { mayLackPrometheus, startPrometheus, type PrometheusServer } from "../support/prometheus-server.ts";
import { startPushgateway } from "../support/pushgateway.ts";
import { never, startService, testFolder, type RunningService } from "../support/service.ts";

interface Scene {
  readonly prometheus: PrometheusServer;
  readonly folder: string;
  /** What Prometheus scrapes, by job; takes effect within a second. */
  scrape(jobs: Readonly<Record<string, readonly string[]>>): void;
}

/** Prometheus with the rules of the project, and their minutes and days shortened. */
async function startScene(): Promise<Scene> {
  const folder = testFolder();
  const quick = [
    [/^ +for: .*\n/gm, ""],
    [/interval: 2m/g, "interval: 200ms"],
    [/\[5m\]/g, "[2s]"],
    [/\[1d:1m\]/g, "[1m:200ms]"],
    [/offset 1m/g, "offset 200ms"],
    [/\[8d\]/g, "[4s]"],
    [/\[1d\] offset 7d/g, "[2s] offset 3s"],
  ] as const;
  const rules = quick.reduce(
    (text, [long, short]) => {
      expect(text).toMatch(long);
      return text.replaceAll(long, short);
    },
    readFileSync(rulesFile, "utf8"),
  );
  writeFileSync(join(folder, "rules.yml"), rules);
  const targets = join(folder, "targets.json");
  writeFileSync(targets, "[]");
  writeFileSync(
    join(folder, "prometheus.yml"),
    [
      "global: { scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms }",
      "rule_files: [rules.yml]",
      "scrape_configs:",
      "  - job_name: all",
      "    honor_labels: true",
      `    file_sd_configs: [{ files: [${targets}], refresh_interval: 1s }]`,
      "",
    ].join("\n"),
  );
  const prometheus = await startPrometheus(join(folder, "prometheus.yml"));
  return {
    prometheus,
    folder,
    scrape(jobs) {
      const groups = Object.entries(jobs).map(([job, urls]) => ({
        targets: urls.map((url) => new URL(url).host),
        labels: { job },
      }));
      writeFileSync(targets, JSON.stringify(groups));
    },
  };
}

/** A gateway with groups that have long expired. */
async function startGateway(...jobs: readonly string[]): Promise<string> {
  const groups = jobs.map((job) => ({ labels: { job }, pushTime: 1000 }));
  const gateway = await startPushgateway({ groups });
  onTestFinished(() => gateway.stop());
  return gateway.url;
}

describe.skipIf(mayLackPrometheus)("a real Prometheus", { timeout: 120_000 }, () => {
  it("fires for janitors that are silent about what is wrong", async () => {
    const { prometheus, folder, scrape } = await startScene();
    const [gateway, pushed] = [await startGateway("a", "b"), await startGateway("c")];
    const configure = (name: string, lines: string): string => {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "janitor.yml"), `schedule: "${never}"\n${lines}`);
      return `--config.file=${join(folder, name, "janitor.yml")}`;
    };
    const rules = "rules: [{ name: r, matchers: [], ttl: 1h }]\n";
    const listed = configure("listed", `pushgateways: [{ name: g, url: "${gateway}" }]\n${rules}`);
    writeFileSync(join(folder, "none.json"), "[]");
    const flags = {
      one: [listed],
      other: [listed],
      shard: [listed, "--shard=0/2"],
      dry: [listed, "--dry-run"],
      lost: [configure("lost", `http_sd_configs: [{ url: "http://127.0.0.1:9/" }]\n${rules}`)],
      empty: [configure("empty", `file_sd_configs: [{ files: [${join(folder, "none.json")}] }]\n${rules}`)],
    };
    const services = Object.fromEntries(
      await Promise.all(
        Object.entries(flags).map(async ([name, argv]): Promise<[string, RunningService]> => [
          name,
          await startService(argv),
        ]),
      ),
    ) as Record<keyof typeof flags, RunningService>;
    const aDayAndAnHourAgo = { ...systemClock, now: () => systemClock.now() - 25 * 3600 };
    const cronJob = [`--gateway=${pushed}`, "--ttl=1h", "--metrics.push", "--metrics.interval=15m"];
    const { exitCode } = await cli(["once", ...cronJob, "--output=none"], { clock: aDayAndAnHourAgo });
    expect(exitCode).toBe(0);

    const { one, other, shard, dry, lost, empty } = services;
    const jobs = {
      shards: [shard.url],
      dry: [dry.url],
      lost: [lost.url],
      empty: [empty.url],
      once: [pushed],
    };
    scrape({ ...jobs, pair: [one.url, other.url] });
    await expect
      .poll(async () => prometheus.query("job:pushgateway_janitor_next_sweep_timestamp_seconds:count == 2"), {
        timeout: 30_000,
      })
      .toHaveLength(1);
    // It is stopped, and is no target any more: no scrape fails.
    await other.stop();
    scrape({ ...jobs, pair: [one.url] });

    const firing = async (): Promise<readonly string[]> =>
      (await prometheus.query('ALERTS{alertstate="firing"}')).map(
        ({ metric }) => `${metric["alertname"]} ${metric["job"]}`,
      );
    const expected = [
      "PushgatewayJanitorMissing pair",
      "PushgatewayJanitorShardMissing shards",
      "PushgatewayJanitorDryRun dry",
      "PushgatewayJanitorDiscoveryFailing lost",
      "PushgatewayJanitorDiscoveryEmpty empty",
      "PushgatewayJanitorOnceOverdue pushgateway-janitor",
    ];
    await expect.poll(firing, { timeout: 30_000 }).toEqual(expect.arrayContaining(expected));
    const silent = (await firing()).filter((alert) => !expected.includes(alert) && !alert.includes("once"));
    // The clock of the CronJob was put back for this.
    expect(silent).toEqual(["PushgatewayJanitorClockSkew pushgateway-janitor"]);
  });

  it("counts what six runs of once have deleted", async () => {
    const { prometheus, folder, scrape } = await startScene();
    const runs = [5, 0, 6, 3, 4, 3];
    const groups = runs.flatMap((count, run) =>
      Array.from({ length: count }, (_, n) => ({
        labels: { job: n % 3 === 0 ? "ci" : "batch", run: `${run}`, n: `${n}` },
        pushTime: 1000,
      })),
    );
    const { url, stop } = await startPushgateway({ groups });
    onTestFinished(stop);
    scrape({ pushgateway: [url] });
    const file = join(folder, "janitor.yml");
    for (const run of runs.keys()) {
      writeFileSync(
        file,
        `pushgateways: [{ name: g, url: "${url}" }]\nlimits: { max_outage: 0s }\nrules:\n` +
          `  - { name: ci, matchers: ['job="ci"', 'run="${run}"'], ttl: 1h }\n` +
          `  - { name: rest, matchers: ['run="${run}"'], ttl: 1h }\n`,
      );
      const startedAt = Date.now() / 1000;
      const { exitCode } = await cli(["once", `--config.file=${file}`, "--output=none", "--metrics.push"]);
      expect(exitCode).toBe(0);
      const seen = `pushgateway_janitor_last_sweep_timestamp_seconds >= ${startedAt}`;
      await expect.poll(() => prometheus.query(seen), { timeout: 20_000 }).toHaveLength(1);
    }
    await expect
      .poll(() => prometheus.query("job_gateway:pushgateway_janitor_deletes:increase1d"))
      .toMatchObject([
        { metric: { job: "pushgateway-janitor", gateway: "g" }, value: [expect.any(Number), "21"] },
      ]);
    // There is no counter whose increase would be another number.
    expect(await prometheus.query('{__name__=~"pushgateway_janitor_.*_total"}')).toEqual([]);
  });
});
