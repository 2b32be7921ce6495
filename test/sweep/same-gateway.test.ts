import { describe, expect, it, onTestFinished } from "vitest";

import type { Clocks } from "../../src/core/time.ts";
import type { ProcessFacts } from "../../src/gateway/snapshot.ts";
import type { EvidenceRead } from "../../src/sweep/evidence.ts";
import { AnotherGateway, checkTimePassed, compareProcesses } from "../../src/sweep/same-gateway.ts";
import { sweepGateway } from "../../src/sweep/sweep.ts";
import { limits, now, ttlRule } from "../support/core-values.ts";
import { startPushgateway } from "../support/pushgateway.ts";
import { fatesByJob, gatewayAt, sweepContext } from "../support/sweep-context.ts";

function accepts(check: () => void): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (error instanceof AnotherGateway) return false;
    throw error;
  }
}

describe("the process behind two expositions", () => {
  const facts = (startedAt: number | null, allocations: number | null): ProcessFacts => ({
    startedAt,
    allocations,
    deletions: null,
  });

  it.each([
    ["is the same while it counts on", facts(now + 0.25, 100), facts(now + 0.25, 101), "same"],
    ["is the same where the boot time was corrected", facts(now + 0.25, 100), facts(now + 2.25, 101), "same"],
    ["is not known to be another where it does not say", facts(null, null), facts(now, 100), "same"],
    ["is not known to be another where it no longer says", facts(now, 100), facts(null, null), "same"],
    [
      "is another where it started at another hundredth",
      facts(now + 0.25, 100),
      facts(now + 0.26, 101),
      "other",
    ],
    ["is another where it started later", facts(now, 100), facts(now + 6, 101), "other"],
    ["is another where it started earlier", facts(now, 100), facts(now - 6, 101), "other"],
    ["is another where it has counted less", facts(now, 100), facts(now, 99), "other"],
    [
      "did not answer where nothing has moved: an old answer came again",
      facts(now, 100),
      facts(now, 100),
      "repeated",
    ],
  ])("%s", (_, before, after, expected) => {
    expect(compareProcesses(before, after)).toBe(expected);
  });
});

describe("time between the plan and a later read", () => {
  const read = (requestedAt: number, clocks: Clocks): EvidenceRead => ({
    requestedAt,
    clocks,
    durationSeconds: 0.1,
    process: null,
  });
  const day = 86_400;

  // Ten seconds after the plan: what the clocks had been ahead of the truth then, and what they are now.
  it.each<[string, Clocks, Clocks, boolean]>([
    ["passes by both clocks", at(0, 0), at(10, 10), true],
    ["is only known to the second", at(0, 0), at(8, 10), true],
    ["stands still at the gateway", at(0, 0), at(0, 10), false],
    ["goes back at the gateway", at(0, 0), at(-60, 10), false],
    ["jumps ahead at the gateway", at(0, 0), at(day, 10), true],
    ["jumps ahead here", at(0, 0), at(10, day), true],
    ["jumps ahead by both clocks", at(0, 0), at(day, day), true],
    ["goes back here by less than a minute", at(0, 0), at(10, -45), true],
    ["goes back here by more", at(0, 0), at(10, -day), false],
    ["goes back here, where that clock was not counting", at(0, day), at(10, 10), true],
    ["goes back at the gateway, where its clock was not counting", at(day, 0), at(10, 10), false],
    ["goes back by both clocks", at(day, day), at(10, 10), false],
    ["was wrong by both clocks, and is put right here", at(2 * day, day), at(2 * day + 10, 10), false],
    ["is not told any more", at(0, 0), { gateway: null, local: now + 10 }, false],
  ])("%s", (_, planned, later, credible) => {
    expect(accepts(() => checkTimePassed(read(100, planned), read(110, later)))).toBe(credible);
  });

  function at(gateway: number, local: number): Clocks {
    return { gateway: now + gateway, local: now + local };
  }
});

describe("a gateway that is restarted between plan and deletion", () => {
  it("is not swept before the next sweep, even if both processes started within a second", async () => {
    const groups = [{ labels: { job: "old" }, pushTime: 1_000_000_000 }];
    const gateway = await startPushgateway({ groups });
    onTestFinished(() => gateway.stop());
    const client = gatewayAt(gateway.url);
    onTestFinished(() => client.close());
    let reads = 0;
    const restarting = {
      ...client,
      async probeHealth(signal?: AbortSignal) {
        // After the plan, before anything is deleted.
        if ((reads += 1) === 1) await gateway.restart();
        return client.probeHealth(signal);
      },
    };
    const report = await sweepGateway(sweepContext(restarting), {
      rules: [ttlRule(3600)],
      limits: limits({ maxOutageSeconds: 0 }),
      dryRun: false,
    });
    expect(fatesByJob(report)).toEqual({ old: "gateway_unhealthy" });
    expect(report.error?.message).toContain("the gateway was restarted during the sweep");
  });
});
