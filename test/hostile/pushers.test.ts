import { describe, expect, it, onTestFinished } from "vitest";

import { startBoundedService } from "../support/bounded-service.ts";
import { startPushgateway } from "../support/pushgateway.ts";
import { never, testFolder, writeConfig } from "../support/service.ts";
import type { SeedGroup } from "../support/state-file.ts";

interface Reported {
  readonly gateways: readonly {
    readonly groups: readonly { readonly reason: string; readonly outcome?: string }[];
  }[];
}

/** Two sweeps by `run` under its limit. How many groups of each job had which fate in the first. */
async function sweepTwice(groups: readonly SeedGroup[], source: string): Promise<Record<string, number>> {
  const gateway = await startPushgateway({ groups });
  onTestFinished(() => gateway.stop());
  const archive = source === "exposition" ? "" : `archive: { dir: "${testFolder()}" }`;
  const config = writeConfig(`
schedule: "${never}"
pushgateways: [{ name: g, url: "${gateway.url}", source: ${source} }]
limits: { max_delete_ratio: 1 }
${archive}
rules: [{ name: all, matchers: [], ttl: 1h }]
`);
  const service = await startBoundedService([`--config.file=${config}`]);
  const sweep = { method: "POST", timeoutMs: 300_000 };
  await service.ask("/-/sweep", sweep);
  const fates: Record<string, number> = {};
  for (const job of new Set(groups.map(({ labels }) => labels["job"] ?? ""))) {
    const path = `/api/v1/report?per_page=1000&match=${encodeURIComponent(`{job="${job}"}`)}`;
    const { gateways } = JSON.parse((await service.ask(path)).body) as Reported;
    for (const { reason, outcome } of gateways[0]?.groups ?? []) {
      const fate = `${job} ${outcome ?? reason}`;
      fates[fate] = (fates[fate] ?? 0) + 1;
    }
  }
  await service.ask("/-/sweep", sweep);
  await service.expectWell();
  return fates;
}

const pushTime = 1000;
const ordinary = Array.from({ length: 5 }, (_, at) => ({
  labels: { job: "old", host: `host-${at}` },
  pushTime,
}));

const withLabels = (count: number, length: number): readonly SeedGroup[] =>
  Array.from({ length: count }, (_, at) => ({
    labels: { job: "large", host: `${at}${"x".repeat(length)}` },
    pushTime,
  }));

/** About so large as the API tells it. */
const ofSize = (job: string, host: string, bytes: number): SeedGroup => {
  const samples = Array.from({ length: bytes / 200 }, (_, at) => ({
    labels: { path: `/${at}/${"x".repeat(80)}` },
    value: at,
  }));
  return { labels: { job, host }, pushTime, metrics: [{ name: "m", type: "gauge", samples }] };
};

describe("a pusher cannot prevent the deletion of other groups", () => {
  it.each(["api", "auto", "exposition"])("by labels of 690 kB, source: %s", async (source) => {
    expect(await sweepTwice([...ordinary, ...withLabels(100, 690_000)], source)).toEqual({
      "large over_budget": 100,
      "old gone": 5,
    });
  });

  it.each(["api", "exposition"])(
    "by thousands of groups with labels of 12 kB, source: %s",
    async (source) => {
      expect(await sweepTwice([...ordinary, ...withLabels(4000, 12_000)], source)).toEqual({
        "large over_budget": 1000,
        "old gone": 5,
      });
    },
  );

  it("by groups that are as large as can be archived, larger, and many", async () => {
    const large = Array.from({ length: 8 }, (_, at) => ofSize("large", `host-${at}`, 8_000_000));
    const many = Array.from({ length: 300 }, (_, at) => ofSize("many", `host-${at}`, 200_000));
    const groups = [...ordinary, ...large, ...many, ofSize("larger", "host", 20_000_000)];
    expect(await sweepTwice(groups, "api")).toEqual({
      "large gone": 8,
      "larger over_budget": 1,
      "many gone": 300,
      "old gone": 5,
    });
  });
});
