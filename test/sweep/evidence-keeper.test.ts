import { describe, expect, it } from "vitest";

import type { Decision } from "../../src/core/decide.ts";
import type { Group } from "../../src/core/group.ts";
import type { OpenSnapshot } from "../../src/gateway/snapshot.ts";
import { snapshotEvidence } from "../../src/sweep/evidence.ts";
import { EvidenceKeeper } from "../../src/sweep/evidence-keeper.ts";
import type { SweepArchive } from "../../src/sweep/sweep-context.ts";
import { group, limits, now, ttlRule } from "../support/core-values.ts";
import { gatewayAt, sweepContext } from "../support/sweep-context.ts";

const planned = group({ job: "a" }, 9000);
const decision: Decision = {
  group: planned,
  verdict: { verdict: "delete", reason: "ttl_expired" },
  rule: ttlRule(3600),
  ageSeconds: 9000,
  ttlSeconds: 3600,
  expiresAt: now - 5400,
};

const archive: SweepArchive = {
  append: () => Promise.resolve(),
  recordOutcomes: () => Promise.resolve(),
  recordReappeared: () => Promise.resolve(),
  recentDeletions: () => Promise.resolve(new Map()),
};

const status = { startedAt: 1, utf8Names: false, checksConsistency: true, version: "1.11.0" };
const circumstances = { rules: [], now, outage: null, refusingPushes: false };

/** A keeper whose gateway shows the group like this from now on. */
function keeperWhileGroupIs(current: Group): EvidenceKeeper {
  const openSnapshot = (): Promise<OpenSnapshot> =>
    Promise.resolve({
      request: { method: "GET", url: "" },
      requestedAt: performance.now() / 1000,
      takenAt: now,
      clockSkewSeconds: 0,
      groups: (async function* () {
        yield await Promise.resolve({ group: current, whole: () => ({}) });
      })(),
      sizeBytes: () => 0,
    });
  const gateway = { ...gatewayAt("http://127.0.0.1:9"), openSnapshot, status: () => Promise.resolve(status) };
  const context = sweepContext(gateway, { archive });
  const first = snapshotEvidence({
    source: "api",
    groups: [planned],
    sizeBytes: 0,
    durationSeconds: 0,
    takenAt: now,
    clockSkewSeconds: 0,
    requestedAt: performance.now() / 1000,
  });
  const settings = { rules: [], limits: limits(), dryRun: false };
  return new EvidenceKeeper(context, settings, { naming: status, status, circumstances, planned: first });
}

describe("what is held for the archive", () => {
  it("is the group as it was planned", async () => {
    const keeper = keeperWhileGroupIs(planned);
    await keeper.ensure([decision], [decision]);
    expect(keeper.wholeOf(decision)).toEqual({});
  });

  it("is never a later version of it: a gateway that is killed goes back to the earlier one", async () => {
    const keeper = keeperWhileGroupIs({ ...planned, lastSuccessAt: now - 1 });
    await keeper.ensure([decision], [decision]);
    expect(keeper.wholeOf(decision)).toBeUndefined();
  });
});
