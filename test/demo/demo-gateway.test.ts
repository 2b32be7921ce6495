import { expect, onTestFinished, test } from "vitest";

import { startDemoGateway } from "../../src/demo/demo-gateway.ts";
import { demoGroups } from "../../src/demo/hosts.ts";
import { collectSnapshot } from "../../src/gateway/snapshot.ts";
import { send } from "../support/http.ts";
import { deleteGroup } from "../support/push.ts";
import { installedGateways, startPushgateway } from "../support/pushgateway.ts";
import { gatewayAt } from "../support/sweep-context.ts";

const groups = demoGroups(Date.now() / 1000);

async function startDemo(): Promise<string> {
  const gateway = await startDemoGateway(() => Date.now() / 1000, groups);
  onTestFinished(() => gateway.close());
  return gateway.url;
}

/** All that a sweep can read of the groups, from both sources. */
async function read(url: string): Promise<unknown> {
  const gateway = gatewayAt(url);
  onTestFinished(() => gateway.close());
  const options = { naming: await gateway.status(), gauges: new Set(["job_last_duration_seconds"]) };
  const found = [];
  for (const open of [await gateway.openSnapshot(options), await gateway.openExposition(options)]) {
    const snapshot = await collectSnapshot(open, () => 0);
    found.push(snapshot.groups.toSorted((a, b) => (a.key < b.key ? -1 : 1)));
  }
  return found;
}

test.each(installedGateways)("reads and deletes as $name does with the same groups", async (gateway) => {
  const gauge = { name: "job_last_duration_seconds", type: "gauge" as const, samples: [{ value: 12.5 }] };
  const real = await startPushgateway({
    gateway,
    groups: groups.map(({ labels, pushTime, failTime }) => ({
      labels,
      pushTime,
      failTime,
      metrics: [gauge],
    })),
  });
  onTestFinished(() => real.stop());
  const url = await startDemo();
  expect(await read(url)).toEqual(await read(real.url));

  for (const labels of [{ job: "batch", path: ".." }, { job: "ci", instance: "runner-3" }, { job: "none" }]) {
    await deleteGroup(url, labels);
    await deleteGroup(real.url, labels);
  }
  const left = await read(url);
  expect(left).toHaveLength(2);
  await expect.poll(() => read(real.url)).toEqual(left);
});

test("counts requests and deletions, by which a sweep sees that its DELETEs arrive", async () => {
  const gateway = gatewayAt(await startDemo());
  onTestFinished(() => gateway.close());
  const before = (await gateway.pushTimes(null)).process;
  await gateway.probeDeletion();
  const after = (await gateway.pushTimes(null)).process;
  expect(after).toEqual({ startedAt: before.startedAt, allocations: expect.any(Number), deletions: 1 });
  expect(after.allocations).toBeGreaterThan(before.allocations ?? 0);
});

test.each([
  ["GET", "/nowhere", 404],
  ["PUT", "/nowhere", 400],
  ["DELETE", "/metrics", 400],
  ["DELETE", "/metrics/job/batch/path", 400],
])("answers %s %s with %i and changes nothing", async (method, path, status) => {
  const url = await startDemo();
  const before = await read(url);
  expect((await send(url, { method, path })).status).toBe(status);
  expect(await read(url)).toEqual(before);
});
