import { expect, it } from "vitest";

import { isDeletion, createPlan } from "../../src/core/plan.ts";
import { collectSnapshot } from "../../src/gateway/snapshot.ts";
import { sweepGateway } from "../../src/sweep/sweep.ts";
import { limits, ttlRule } from "../support/core-values.ts";
import { startPushgateway, type Pushgateway } from "../support/pushgateway.ts";
import { push } from "../support/push.ts";
import { gatewayAt, sweepContext } from "../support/sweep-context.ts";

const groupCount = 10_000;
const expiredCount = 5000;
const pushers = 16;
const probeEveryMs = 20;

interface Row {
  readonly run: string;
  readonly deleted: number;
  readonly seconds: string;
  readonly "health probes": number;
  readonly failed: number;
  readonly "checked pushes": number;
}

function startFilled(): Promise<Pushgateway> {
  const now = Date.now() / 1000;
  return startPushgateway({
    groups: Array.from({ length: groupCount }, (_, index) => ({
      labels: { job: `batch_${index % 50}`, instance: `host-${index}` },
      pushTime: index < expiredCount ? now - 40 * 86_400 - index : now - 60,
      metrics: Array.from({ length: 5 }, (__, metric) => ({
        name: `app_metric_${metric}_total`,
        type: "counter" as const,
        help: "An application's counter.",
        samples: [{ value: index + metric }],
      })),
    })),
  });
}

/** Runs `work` while checked pushes and health probes go on beside, and counts both. */
async function measure(
  run: string,
  pushersBeside: number,
  work: (gateway: Pushgateway) => Promise<number>,
): Promise<Row> {
  const gateway = await startFilled();
  const over = new AbortController();
  let pushes = 0;
  let probes = 0;
  let failed = 0;
  const client = gatewayAt(gateway.url);
  const beside = Array.from({ length: pushersBeside }, async (_, index) => {
    while (!over.signal.aborted) {
      // One that takes too long is what the gateway does to its pushers, and no reason to stop measuring.
      const answered = await push(
        gateway.url,
        { job: "living", instance: `pusher-${index}` },
        "beside 1\n",
      ).then(
        () => true,
        () => false,
      );
      if (answered) pushes += 1;
    }
  });
  const probing = (async () => {
    while (!over.signal.aborted) {
      const { healthy } = await client.probeHealth();
      probes += 1;
      if (!healthy) failed += 1;
      await new Promise((resolve) => setTimeout(resolve, probeEveryMs));
    }
  })();
  const startedAt = performance.now();
  const deleted = await work(gateway);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  over.abort();
  await Promise.all([...beside, probing]);
  await client.close();
  await gateway.stop();
  return { run, deleted, seconds, "health probes": probes, failed, "checked pushes": pushes };
}

async function janitor({ url }: Pushgateway, deletesPerSecond: number): Promise<number> {
  const gateway = gatewayAt(url);
  const report = await sweepGateway(sweepContext(gateway), {
    rules: [ttlRule(86_400)],
    limits: limits({ deletesPerSecond }),
    dryRun: false,
  });
  await gateway.close();
  if (report.error !== null) console.log(report.error);
  return report.entries.filter(({ outcome }) => outcome === "gone").length;
}

/** The same deletions as fast as they go, on one connection, looking at nothing. */
async function unpaced({ url }: Pushgateway): Promise<number> {
  const gateway = gatewayAt(url);
  const naming = { utf8Names: false };
  const open = await gateway.openSnapshot({ naming, gauges: new Set() });
  const snapshot = await collectSnapshot(open, () => 0);
  const plan = createPlan({
    groups: snapshot.groups,
    now: snapshot.takenAt,
    gatewayStartedAt: null,
    rules: [ttlRule(86_400)],
    limits: limits(),
  });
  const deletions = plan.decisions.filter(isDeletion);
  for (const { group } of deletions) await gateway.deleteGroup(group, naming).catch(() => {});
  await gateway.close();
  return deletions.length;
}

it(`deletes ${expiredCount} of ${groupCount} groups`, async () => {
  const rows = [
    await measure(`pacing off, ${pushers} pushers`, pushers, unpaced),
    await measure(`janitor, ceiling 200/s, ${pushers} pushers`, pushers, (gateway) => janitor(gateway, 200)),
    await measure(`janitor, ceiling 5000/s, ${pushers} pushers`, pushers, (gateway) =>
      janitor(gateway, 5000),
    ),
    await measure("janitor, ceiling 5000/s, idle", 0, (gateway) => janitor(gateway, 5000)),
  ];
  console.table(rows);
  expect(rows.length).toBe(4);
});
