import { setImmediate } from "node:timers/promises";

import { expect, it } from "vitest";

import type { Gateway } from "../../src/gateway/gateway.ts";
import { expositionKey } from "../../src/gateway/exposition/push-times.ts";
import { sweepGateway } from "../../src/sweep/sweep.ts";
import { group, limits, now, ttlRule } from "../support/core-values.ts";
import { gatewayAt, gatewayInfo, sweepContext } from "../support/sweep-context.ts";

/** Sweeps 3,000 expired groups of a gateway that executes so many DELETEs between two reads. @returns DELETEs between them */
async function sweep(drained: (read: number) => number): Promise<readonly number[]> {
  let seconds = 0;
  const clock = { now: () => now + seconds, monotonic: () => seconds };
  const groups = Array.from({ length: 3000 }, (_, at) => group({ job: `j${at}` }, 9000));
  const there = new Map(groups.map((one) => [expositionKey(one.labels), one]));
  const queue: string[] = [];
  const sent = [0];
  let allocations = 0;
  const clocks = () => ({ gateway: now + seconds, local: now + seconds });
  const gateway: Gateway = {
    ...gatewayAt("http://127.0.0.1:9"),
    status: () => Promise.resolve(gatewayInfo),
    freshStartTime: () => Promise.resolve("1"),
    probeDeletion: () => Promise.resolve(),
    probeHealth: () =>
      Promise.resolve({ health: "healthy", durationSeconds: 0, problem: null, retryAfterSeconds: 0 }),
    connectionsOpened: () => 1,
    deleteGroup(one) {
      queue.push(expositionKey(one.labels));
      sent.push((sent.pop() ?? 0) + 1);
      return Promise.resolve();
    },
    openSnapshot: () =>
      Promise.resolve({
        source: "api",
        request: { method: "GET", url: "" },
        requestedAt: seconds,
        clocks: clocks(),
        read: (visit) => {
          for (const one of there.values()) visit({ group: one, raw: () => null });
          return Promise.resolve({ sizeBytes: 0, process: null });
        },
      }),
    pushTimes(wanted) {
      for (const key of queue.splice(0, drained(sent.length))) there.delete(key);
      sent.push(0);
      const requestedAt = seconds;
      seconds += 0.3;
      const times = (field: "lastSuccessAt" | "lastFailureAt") =>
        new Map([...there].map(([key, one]) => [key, one[field]]));
      const process = { startedAt: 1, allocations: (allocations += 1), deletions: null };
      const read = {
        requestedAt,
        clocks: clocks(),
        durationSeconds: 0.3,
        process,
        wanted,
        maxKeyLength: 1000,
      };
      return Promise.resolve({ ...read, success: times("lastSuccessAt"), failure: times("lastFailureAt") });
    },
  };
  const wait = async (waitSeconds: number): Promise<void> => {
    await setImmediate();
    // Probes of the health are in the background.
    if (waitSeconds < 0.25) seconds += waitSeconds;
  };
  const report = await sweepGateway(sweepContext(gateway, { clock, wait }), {
    rules: [ttlRule(3600)],
    limits: limits({ maxOutageSeconds: 0, deletesPerSecond: 10_000 }),
    dryRun: false,
  });
  expect(report.entries.filter(({ outcome }) => outcome === "gone")).toHaveLength(3000);
  return sent;
}

it("deletions that are not seen to be executed are at most 800 while the gateway executes all of them at once", async () => {
  expect(Math.max(...(await sweep(() => Number.POSITIVE_INFINITY)))).toBe(800);
});

it("and at most 400 once a read shows some of them still waiting", async () => {
  const sent = await sweep((read) => (read > 6 ? 200 : Number.POSITIVE_INFINITY));
  expect(Math.max(...sent.slice(8))).toBeLessThanOrEqual(400);
});
