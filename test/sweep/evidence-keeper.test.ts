import { describe, expect, it } from "vitest";

import type { Circumstances, Decision } from "../../src/core/decide.ts";
import type { Group } from "../../src/core/group.ts";
import { surveyPushes } from "../../src/core/life.ts";
import type { OpenSnapshot } from "../../src/gateway/snapshot.ts";
import { snapshotEvidence } from "../../src/sweep/evidence.ts";
import { EvidenceKeeper } from "../../src/sweep/evidence-keeper.ts";
import type { SweepArchive } from "../../src/sweep/sweep-context.ts";
import { group, limits, now, ttlRule } from "../support/core-values.ts";
import { gatewayAt, gatewayInfo, sweepContext } from "../support/sweep-context.ts";

const planned = group({ job: "a" }, 9000);
const decision: Decision = {
  group: planned,
  verdict: { verdict: "delete", reason: "ttl_expired" },
  rule: ttlRule(3600),
  ageSeconds: 9000,
  ttlSeconds: 3600,
  ttlSource: "rule",
  expiresAt: now - 5400,
};

const noneRefused = surveyPushes([group({ job: "b" }, 1)], now);

const archive: SweepArchive = {
  append: () => Promise.resolve(),
  recordOutcomes: () => Promise.resolve(),
  recordReappeared: () => Promise.resolve(),
  recentDeletions: () => Promise.resolve(new Map()),
};

/** A keeper whose gateway shows these groups from now on. */
function keeperWhileThereIs(
  groups: readonly Group[],
  circumstances: Partial<Circumstances> = {},
): EvidenceKeeper {
  const openSnapshot = (): Promise<OpenSnapshot> =>
    Promise.resolve({
      source: "api",
      request: { method: "GET", url: "" },
      requestedAt: performance.now() / 1000,
      clocks: { gateway: now, local: now },
      read: (visit) => {
        for (const group of groups) visit({ group, raw: () => Buffer.from("{}") });
        return Promise.resolve({ sizeBytes: 0, process: null });
      },
    });
  const gateway = {
    ...gatewayAt("http://127.0.0.1:9"),
    openSnapshot,
    status: () => Promise.resolve(gatewayInfo),
  };
  const context = sweepContext(gateway, { archive });
  const first = snapshotEvidence({
    source: "api",
    groups: [planned],
    maxKeyLength: 1000,
    sizeBytes: 0,
    process: null,
    durationSeconds: 0,
    clocks: { gateway: now, local: now },
    requestedAt: performance.now() / 1000,
  });
  const settings = { rules: [], limits: limits(), dryRun: false };
  return new EvidenceKeeper(context, settings, {
    status: gatewayInfo,
    circumstances: { rules: [], now, outage: null, pushes: noneRefused, ...circumstances },
    planned: first,
    deletions: [decision],
  });
}

describe("the raw group for the archive", () => {
  it("is unchanged since the plan", async () => {
    const keeper = keeperWhileThereIs([planned]);
    await keeper.ensure([decision], [decision]);
    expect(keeper.rawBytesOf(decision)).toBe(2);
    expect(keeper.rawGroupOf(decision)).toEqual({});
  });

  it("is never a later version: a gateway that is killed returns to the earlier one", async () => {
    const keeper = keeperWhileThereIs([{ ...planned, lastSuccessAt: now - 1 }]);
    await keeper.ensure([decision], [decision]);
    expect(keeper.rawBytesOf(decision)).toBe(0);
    expect(keeper.rawGroupOf(decision)).toBeUndefined();
  });
});

describe("evidence", () => {
  it("is never the read of the plan, whose usual duration is not known", async () => {
    const keeper = keeperWhileThereIs([planned]);
    expect(keeper.isFresh()).toBe(false);
    await keeper.ensure([decision], [decision]);
    expect(keeper.isFresh()).toBe(true);
  });

  it("counts a push that was refused while everybody's were, also when others succeed again", async () => {
    const onlySuccess = { ...decision, rule: ttlRule(3600, { since: "last_success" }) };
    const refused = { ...planned, lastFailureAt: now - 10 };
    const groups = [refused, group({ job: "succeeds-again" }, 1)];
    const compare = async (circumstances: Partial<Circumstances>): Promise<string> =>
      (await keeperWhileThereIs(groups, circumstances).ensure([onlySuccess], [onlySuccess])).compare(
        onlySuccess,
      );
    const others = group({ job: "b" }, 9000, { lastFailureAt: now - 100 });
    expect(await compare({ pushes: surveyPushes([others], now) })).toBe("active");
    expect(await compare({ pushes: noneRefused })).toBe("unchanged");
  });
});
