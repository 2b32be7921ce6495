import { describe, expect, it, onTestFinished } from "vitest";

import type { Clocks } from "../../src/core/clocks.ts";
import type { Evidence } from "../../src/sweep/evidence.ts";
import { AnotherGateway, checkSameProcess, checkTimePassed } from "../../src/sweep/same-gateway.ts";
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

describe("the process behind an address", () => {
  it.each([
    ["is the same where it says so", now, now, true],
    ["is the same where its clock was corrected a little", now, now + 4, true],
    ["is not known to be another where it does not tell", null, now, true],
    ["is not known to be another where it no longer tells", now, null, true],
    ["is another where it was started later", now, now + 6, false],
    ["is another where it was started earlier", now, now - 6, false],
  ])("%s", (_, before, after, same) => {
    expect(accepts(() => checkSameProcess(before, after))).toBe(same);
  });
});

describe("time between the plan and a later read", () => {
  const read = (requestedAt: number, clocks: Clocks): Evidence => ({
    requestedAt,
    clocks,
    readSeconds: 0.1,
    processStartedAt: null,
    compare: () => "unchanged",
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

describe("a gateway that was restarted between plan and deletion", () => {
  it("is left alone until the next sweep", async () => {
    const groups = [{ labels: { job: "old" }, pushTime: 1_000_000_000 }];
    const gateway = await startPushgateway({ groups });
    onTestFinished(() => gateway.stop());
    const client = gatewayAt(gateway.url);
    onTestFinished(() => client.close());
    // As if it had been started long before: two starts within seconds could be one clock that was corrected.
    const status = await client.status();
    const planned = { ...status, startedAt: status.startedAt - 600 };
    let asked = 0;
    const restarted = { ...client, status: () => Promise.resolve((asked += 1) <= 2 ? planned : status) };
    const report = await sweepGateway(sweepContext(restarted), {
      rules: [ttlRule(3600)],
      limits: limits({ maxOutageSeconds: 0 }),
      dryRun: false,
    });
    expect(fatesByJob(report)).toEqual({ old: "gateway_unhealthy" });
    expect(report.error?.message).toContain(
      "the gateway was restarted, or several stand behind this address",
    );
  });
});
