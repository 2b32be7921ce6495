import { describe, expect, it, onTestFinished } from "vitest";

import { sweepGateway } from "../../src/sweep/sweep.ts";
import { limits, ttlRule } from "../support/core-values.ts";
import { startProgram } from "../support/program.ts";
import { installedGateways, startPushgateway } from "../support/pushgateway.ts";
import { getJson } from "../support/push.ts";
import { apiGroup, pour, startScriptedGateway } from "../support/scripted-gateway.ts";
import { writeConfig } from "../support/service.ts";
import type { SeedGroup } from "../support/state-file.ts";
import { gatewayAt, sweepContext } from "../support/sweep-context.ts";

const old = (labels: SeedGroup["labels"]): SeedGroup => ({ labels, pushTime: 1000 });

const sources = ["api", "auto", "exposition"] as const;

describe.each(installedGateways)("a group with labels over its budget, on $version", (installed) => {
  it.each(sources)(
    "is kept, and never taken for the group that its cut labels name: source %s",
    async (source) => {
      const long = "x".repeat(20_000);
      const groups = [
        old({ job: "large", host: `${long}1` }),
        old({ job: "large", host: `${long}2` }),
        old({ job: "large", host: `${"x".repeat(64)}…` }),
        old({ job: "ordinary" }),
      ];
      const real = await startPushgateway({ gateway: installed, groups });
      onTestFinished(() => real.stop());
      const gateway = gatewayAt(real.url);
      onTestFinished(() => gateway.close());
      const settings = { rules: [ttlRule(3600)], limits: limits({ maxDeleteRatio: 1 }), dryRun: false };
      const { status, entries } = await sweepGateway(sweepContext(gateway, { source }), settings);
      expect(status).toBe("ok");
      expect(
        entries.map(({ group, verdict, outcome }) => [
          group.labels.get("host")?.length,
          outcome ?? verdict.reason,
        ]),
      ).toEqual(
        expect.arrayContaining([
          [65, "over_budget"],
          [65, "over_budget"],
          [65, "gone"],
          [undefined, "gone"],
        ]),
      );
      const { data } = await getJson<{ data: { labels: { host: string } }[] }>(real.url, "/api/v1/metrics");
      expect(data.map(({ labels }) => labels.host.length)).toEqual([20_001, 20_001]);
    },
  );
});

type LabelSets = readonly Readonly<Record<string, string>>[];

function* toApi(groups: LabelSets): Generator<string> {
  yield '{"status":"success","data":[';
  for (const [index, labels] of groups.entries()) yield (index === 0 ? "" : ",") + apiGroup(labels);
  yield "]}";
}

function* toExposition(groups: LabelSets): Generator<string> {
  const pairs = (labels: Readonly<Record<string, string>>): string =>
    Object.entries(labels)
      .map(([name, value]) => `${name}="${value}"`)
      .join(",");
  for (const labels of groups) yield `push_failure_time_seconds{${pairs(labels)}} 0\n`;
  for (const labels of groups) yield `push_time_seconds{${pairs(labels)}} 1000\n`;
  yield "pushgateway_build_info 1\n";
}

/** `report` of a gateway with these groups, with a heap of 112 MiB, of which one answer may take 28. */
async function reportOn(
  groups: LabelSets,
  source: string,
): Promise<{
  status: string;
  error?: { message: string };
  groups: { labels: { job: string }; reason: string }[];
}> {
  const { url } = await startScriptedGateway((request, response) => {
    const parts =
      request.url === "/metrics" ? toExposition : request.url === "/api/v1/metrics" ? toApi : null;
    if (parts === null) return false;
    void pour(response, parts(groups)).then(() => response.end());
    return true;
  });
  const config = writeConfig(`
pushgateways: [{ name: g, url: "${url}", source: ${source} }]
limits: { max_delete_ratio: 1 }
rules: [{ name: all, matchers: [], ttl: 1h }]
`);
  const { ended } = startProgram(["report", `--config.file=${config}`, "--output=json"], {
    env: { NODE_OPTIONS: "--max-old-space-size=64" },
  });
  return JSON.parse((await ended).stdout).gateways[0];
}

describe.each(["api", "exposition"])("an answer over its budget, from the %s", (source) => {
  const ordinary = Array.from({ length: 100 }, (_, at) => ({ job: "ordinary", instance: `host-${at}` }));

  it("leaves out the groups with the longest labels", async () => {
    const large = Array.from({ length: 1500 }, (_, at) => ({
      job: "large",
      instance: `${at}${"x".repeat(14_000)}`,
    }));
    const { groups } = await reportOn([...large, ...ordinary], source);
    const reasons = new Set(groups.map(({ labels, reason }) => `${labels.job} ${reason}`));
    expect(groups.length).toBe(1600);
    expect([...reasons].toSorted()).toEqual(["large over_budget", "ordinary ttl_expired"]);
  });

  it("is refused if there are too many groups even of short labels", async () => {
    const many = Array.from({ length: 60_000 }, (_, at) => ({ job: "ordinary", instance: `host-${at}` }));
    const { status, error } = await reportOn(many, source);
    expect(status).toBe("failed");
    expect(error).toMatchObject({
      code: "too_large",
      message: expect.stringContaining("it has more groups than fit into 28 MiB, a quarter of the heap"),
    });
  });
});
