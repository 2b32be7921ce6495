import { expect, it, onTestFinished } from "vitest";

import { asksForHosts, type KnownHosts } from "../../src/core/liveness.ts";
import type { GatewayReport } from "../../src/core/report.ts";
import type { Rule } from "../../src/core/rule.ts";
import type { ReadLiveness } from "../../src/sweep/sweep-context.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { systemClock } from "../../src/cli/system-clock.ts";
import type { Clock } from "../../src/core/time.ts";
import { sweepGateway } from "../../src/sweep/sweep.ts";
import { limits, ttlRule } from "../support/core-values.ts";
import { startPushgateway } from "../support/pushgateway.ts";
import { fatesByJob, gatewayAt, sweepContext } from "../support/sweep-context.ts";

const hour = 3600;
const vanished = { query: "up", groupLabel: "instance", seriesLabel: "instance", ttlSeconds: hour };
const hosts = ttlRule(30 * 24 * hour, { name: "hosts", vanished });
const onlyWeb1: KnownHosts = { ok: true, hosts: new Set(["web-1"]) };
const failed: KnownHosts = { ok: false, message: "http://p:9090: it is down" };

/** Sweeps a gateway with groups of three hosts, two hours old. The last of the answers counts from then on. */
async function sweep(
  answers: readonly (KnownHosts | Error)[],
  {
    rules = [hosts],
    dryRun = false,
    readSeconds = 0,
  }: { rules?: readonly Rule[]; dryRun?: boolean; readSeconds?: number } = {},
): Promise<{ report: GatewayReport; asked: number; askedFor: readonly string[][]; warnings: unknown[] }> {
  const twoHoursAgo = Date.now() / 1000 - 2 * hour;
  const gateway = await startPushgateway({
    groups: ["web-1", "web-2", "web-3"].map((instance, index) => ({
      labels: { job: instance, instance },
      pushTime: twoHoursAgo + index,
    })),
  });
  onTestFinished(() => gateway.stop());
  let passedSeconds = 0;
  const clock: Clock = {
    now: () => systemClock.now() + passedSeconds,
    monotonic: () => systemClock.monotonic() + passedSeconds,
  };
  const client = gatewayAt(gateway.url, 30, clock);
  onTestFinished(() => client.close());
  const pushTimes: Gateway["pushTimes"] = async (...how) => {
    const times = await client.pushTimes(...how);
    const { gateway: date, local } = times.clocks;
    const clocks = { gateway: (date ?? 0) + passedSeconds, local };
    passedSeconds += readSeconds;
    return { ...times, clocks, durationSeconds: times.durationSeconds + readSeconds };
  };
  let asked = 0;
  const askedFor: string[][] = [];
  const readLiveness: ReadLiveness = (asking) => {
    const answer = answers[Math.min(asked, answers.length - 1)];
    asked += 1;
    askedFor.push(asking.filter(asksForHosts).map(({ name }) => name));
    if (answer === undefined || answer instanceof Error)
      return Promise.reject(answer ?? new Error("not expected"));
    return Promise.resolve(new Map(asking.filter(asksForHosts).map(({ name }) => [name, answer])));
  };
  const warnings: unknown[] = [];
  const context = sweepContext({ ...client, pushTimes }, { readLiveness, clock });
  const log = { ...context.log, warn: (...line: unknown[]) => void warnings.push(line) };
  const bounds = limits({ maxOutageSeconds: 0, maxEvidenceAgeSeconds: readSeconds > 0 ? 300 : null });
  const settings = { rules, limits: bounds, dryRun };
  const report = await sweepGateway({ ...context, log }, settings);
  return { report, asked, askedFor, warnings };
}

it("groups of hosts that are not known go, those of others stay", async () => {
  const { report } = await sweep([onlyWeb1]);
  expect(fatesByJob(report)).toEqual({ "web-1": "within_ttl", "web-2": "gone", "web-3": "gone" });
  expect(report.entries[0]?.verdict).toEqual({ verdict: "delete", reason: "host_vanished" });
  expect(report).toMatchObject({ status: "ok", failedQueries: [] });
});

it("rules without vanished ask nothing", async () => {
  const { report, asked } = await sweep([], { rules: [ttlRule(hour)] });
  expect(fatesByJob(report)).toEqual({ "web-1": "gone", "web-2": "gone", "web-3": "gone" });
  expect(asked).toBe(0);
});

it("a dry run asks once", async () => {
  const { report, asked } = await sweep([onlyWeb1], { dryRun: true });
  expect(fatesByJob(report)).toMatchObject({ "web-2": "host_vanished" });
  expect(asked).toBe(1);
});

it("a failed query deletes nothing, and is in the report for each of its rules", async () => {
  const { report } = await sweep([failed], { rules: [hosts, { ...hosts, name: "others" }] });
  expect(new Set(Object.values(fatesByJob(report)))).toEqual(new Set(["within_ttl"]));
  expect(report).toMatchObject({
    status: "ok",
    failedQueries: [
      { rule: "hosts", message: "http://p:9090: it is down" },
      { rule: "others", message: "http://p:9090: it is down" },
    ],
  });
});

it("a host that is known again when its group is to be deleted keeps it", async () => {
  const { report } = await sweep([onlyWeb1, { ok: true, hosts: new Set(["web-1", "web-2"]) }]);
  expect(fatesByJob(report)).toEqual({
    "web-1": "within_ttl",
    "web-2": "host_may_exist",
    "web-3": "gone",
  });
  expect(report).toMatchObject({ status: "ok", error: null, failedQueries: [] });
});

it("a host that is known again after the first deletions keeps its group, too", async () => {
  const { report } = await sweep([onlyWeb1, onlyWeb1, { ok: true, hosts: new Set(["web-1", "web-3"]) }]);
  expect(fatesByJob(report)).toEqual({
    "web-1": "within_ttl",
    "web-2": "gone",
    "web-3": "host_may_exist",
  });
});

it("a host that is known again when a slow gateway has been read keeps its group", async () => {
  const { report } = await sweep([onlyWeb1, onlyWeb1, { ok: true, hosts: new Set(["web-1", "web-2"]) }], {
    readSeconds: 61,
  });
  expect(fatesByJob(report)).toEqual({ "web-1": "within_ttl", "web-2": "host_may_exist", "web-3": "gone" });
});

it("a query that fails when it is asked again keeps all of its groups", async () => {
  const { report } = await sweep([onlyWeb1, failed]);
  expect(fatesByJob(report)).toEqual({
    "web-1": "within_ttl",
    "web-2": "host_may_exist",
    "web-3": "host_may_exist",
  });
  expect(report).toMatchObject({ status: "ok", failedQueries: [{ rule: "hosts" }] });
});

it("a host that is known by a name with a port when its group is to be deleted keeps it", async () => {
  const { report } = await sweep([onlyWeb1, { ok: true, hosts: new Set(["web-1", "web-2:9100"]) }]);
  expect(fatesByJob(report)).toMatchObject({ "web-2": "host_may_exist", "web-3": "gone" });
});

it("groups that have outlived the TTL of their rule go, whatever became of hosts since the plan", async () => {
  const old = ttlRule(hour, { name: "old", matchers: ['job="web-1"'] });
  const all: KnownHosts = { ok: true, hosts: new Set(["web-1", "web-2", "web-3"]) };
  const { report } = await sweep([onlyWeb1, all], { rules: [old, hosts] });
  expect(fatesByJob(report)).toEqual({
    "web-1": "gone",
    "web-2": "host_may_exist",
    "web-3": "host_may_exist",
  });
});

it("deletions ask again only for the rules that they depend on", async () => {
  const others = ttlRule(hour / 2, { name: "others", matchers: ['job="web-1"'], vanished });
  const { askedFor } = await sweep([{ ok: true, hosts: new Set(["web-1"]) }], { rules: [others, hosts] });
  expect(askedFor[0]).toEqual(["others", "hosts"]);
  expect(askedFor.length).toBeGreaterThan(1);
  expect(new Set(askedFor.slice(1).flat())).toEqual(new Set(["hosts"]));
});

it("deletions that do not depend on hosts ask nothing again", async () => {
  const { report, asked } = await sweep([onlyWeb1], { rules: [ttlRule(hour), hosts] });
  expect(fatesByJob(report)).toEqual({ "web-1": "gone", "web-2": "gone", "web-3": "gone" });
  expect(asked).toBe(1);
});

it("a query that failed before the plan is in the report of a sweep that deletes other groups", async () => {
  const old = ttlRule(hour, { name: "old", matchers: ['job="web-1"'] });
  const { report } = await sweep([failed], { rules: [old, hosts] });
  expect(fatesByJob(report)).toMatchObject({ "web-1": "gone", "web-2": "within_ttl" });
  expect(report.failedQueries).toMatchObject([{ rule: "hosts" }]);
});

it("a mistake of the janitor's own while it asks ends the sweep, and deletes nothing more", async () => {
  const { report } = await sweep([onlyWeb1, new Error("a bug")]);
  expect(report).toMatchObject({ status: "failed", error: { code: "internal" } });
});
