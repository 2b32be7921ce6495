import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import { mayLackPromtool, runPromtool } from "../support/promtool.ts";
import { push } from "../support/push.ts";
import { installedGateways, startPushgateway } from "../support/pushgateway.ts";
import { loggedFields, never, startService, testFolder, writeConfig } from "../support/service.ts";
import { readMetrics } from "../telemetry/read-metrics.ts";

const seconds = Date.now() / 1000;
const gauge = { name: "app_up", type: "gauge" as const, samples: [{ value: 1 }] };
const old = (job: string, n: string, pushTime = 1000) => ({ labels: { job, n }, pushTime, metrics: [gauge] });
const groups = [
  ...Array.from({ length: 7 }, (_, index) => old("ci", `${index}`)),
  ...Array.from({ length: 4 }, (_, index) => old("batch", `${index}`)),
  old("billing", "0"),
  old("ci", "fresh", seconds),
];

describe.each(installedGateways)(
  "the metrics of run on Pushgateway $name",
  { timeout: 60_000 },
  (installed) => {
    it("are what the log says, sweep after sweep, rule by rule", async () => {
      const gateway = await startPushgateway({ gateway: installed, groups });
      onTestFinished(() => gateway.stop());
      const dir = join(testFolder(), "archive");
      const file = writeConfig(
        [
          `schedule: "${never}"`,
          `pushgateways: [{ name: g, url: "${gateway.url}" }]`,
          "limits: { max_outage: 0s, max_delete_ratio: 1 }",
          `archive: { dir: ${dir} }`,
          "rules:",
          "  - { name: keep-billing, matchers: ['job=\"billing\"'], action: keep }",
          "  - { name: ci, matchers: ['job=\"ci\"'], ttl: 1h }",
          "  - { name: rest, matchers: [], ttl: 1h }",
          "",
        ].join("\n"),
      );
      const service = await startService([`--config.file=${file}`]);
      for (let sweep = 0; sweep < 3; sweep += 1) {
        expect((await service.post("/-/sweep")).status).toBe(200);
      }
      // One that was deleted comes back, and is no news for the sweep after that.
      await push(gateway.url, { job: "ci", n: "0" }, "app_up 1\n");
      for (let sweep = 0; sweep < 2; sweep += 1) {
        expect((await service.post("/-/sweep")).status).toBe(200);
      }

      const metrics = readMetrics((await service.ask("/metrics")).body);
      const { exitCode, stderr } = await service.stop();
      expect(exitCode).toBe(0);
      const rules = loggedFields(stderr, "Deleted group", "rule");
      expect(metrics.has('deletes_total{gateway="g",rule="keep-billing"}')).toBe(false);
      for (const [rule, count] of Object.entries({ ci: 7, rest: 4 })) {
        expect(rules.filter((one) => one === rule).length).toBe(count);
        expect(metrics.get(`deletes_total{gateway="g",rule="${rule}"}`)).toBe(String(count));
        // With the two times that the gateway adds.
        expect(metrics.get(`deleted_series_total{gateway="g",rule="${rule}"}`)).toBe(String(3 * count));
      }
      const sizeOfArchive = readdirSync(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
      const oldest = Number(metrics.get("archive_oldest_timestamp_seconds"));
      expect(Math.abs(oldest - Date.now() / 1000)).toBeLessThan(60);
      const labels = loggedFields(stderr, "Deleted group", "labels");
      expect(new Set(labels).size).toBe(labels.length);
      expect(Object.fromEntries(metrics)).toMatchObject({
        'sweeps_total{gateway="g"}': "5",
        'archived_groups_total{gateway="g"}': "11",
        'delete_duration_seconds_count{gateway="g"}': "11",
        'sweep_duration_seconds_count{gateway="g"}': "5",
        'groups_reappeared_total{gateway="g",rule="ci"}': "1",
        'last_sweep_deleted_groups{gateway="g",rule="ci"}': "0",
        'rule_ttl_seconds{rule="ci"}': "3600",
        'keep_groups{gateway="g",reason="rule_keeps"}': "1",
        archive_size_bytes: String(sizeOfArchive),
        'groups{gateway="g",verdict="keep"}': "3",
        'groups{gateway="g",verdict="delete"}': "0",
        'rule_groups{gateway="g",rule="ci"}': "2",
        'gateway_up{gateway="g"}': "1",
        'gateway_consistent{gateway="g"}': "1",
        'sweeps_skipped_total{reason="already_running"}': "0",
        dry_run: "0",
      });
      const finished = loggedFields(stderr, "Sweep finished", "deleted");
      expect(finished).toEqual(["11", "0", "0", "0", "0"]);
    });

    it("have no label that a gateway could fill, and no series more after a sweep than before", async () => {
      const hostile = Array.from({ length: 50 }, (_, index) => ({
        labels: { job: `j"${index}\n`, [`l${index}`]: "v" },
        pushTime: 1000,
      }));
      const gateway = await startPushgateway({ gateway: installed, groups: hostile });
      onTestFinished(() => gateway.stop());
      const service = await startService([
        `--gateway=${gateway.url}`,
        "--ttl=1h",
        "--limits.max-delete-ratio=1",
        "--limits.max-outage=0s",
      ]);
      // Those of Node begin with what they count: a kind of garbage collection, a kind of resource.
      const series = async (): Promise<readonly string[]> =>
        [...readMetrics((await service.ask("/metrics")).body).keys()]
          .filter((name) => !name.startsWith("nodejs_"))
          .toSorted();
      const before = await series();
      expect((await service.post("/-/sweep")).status).toBe(200);
      expect(await series()).toEqual(before);
      expect((await service.stop()).exitCode).toBe(0);
    });

    it.skipIf(mayLackPromtool)("are what promtool finds no fault with", async () => {
      const gateway = await startPushgateway({ gateway: installed, groups });
      onTestFinished(() => gateway.stop());
      const service = await startService([`--gateway=${gateway.url}`, "--ttl=1h"]);
      expect((await service.post("/-/sweep")).status).toBe(200);
      const { body } = await service.ask("/metrics");
      expect(runPromtool(["check", "metrics"], body)).toEqual({ exitCode: 0, output: "" });
    });
  },
);
