import { describe, expect, it, onTestFinished } from "vitest";

import type { Evidence } from "../../src/sweep/evidence.ts";
import { AnotherGateway, checkSameProcess, checkTimeGoesOn } from "../../src/sweep/same-gateway.ts";
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

describe("the gateway's time between two reads", () => {
  const read = (requestedAt: number, takenAt: number): Evidence => ({
    requestedAt,
    takenAt,
    readSeconds: 0.1,
    processStartedAt: null,
    compare: () => "unchanged",
  });

  it.each([
    ["goes on", 10, 10, true],
    ["is only known to the second", 10, 8, true],
    ["may jump ahead", 10, 1000, true],
    ["does not stand still", 10, 0, false],
    ["does not go back", 0, -60, false],
  ])("%s: %d s here, %d s there", (_, here, there, credible) => {
    const [before, after] = [read(100, now), read(100 + here, now + there)];
    expect(accepts(() => checkTimeGoesOn(before, after))).toBe(credible);
  });
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
