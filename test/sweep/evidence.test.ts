import { describe, expect, it } from "vitest";

import type { Group } from "../../src/core/group.ts";
import { surveyPushes } from "../../src/core/life.ts";
import type { TtlRule } from "../../src/core/rule.ts";
import { expositionKey, type PushTimes } from "../../src/gateway/exposition/push-times.ts";
import type { Snapshot } from "../../src/gateway/snapshot.ts";
import { pushTimesEvidence, snapshotEvidence } from "../../src/sweep/evidence.ts";
import { group, now, ttlRule } from "../support/core-values.ts";

const known = group({ job: "a" }, 9000, { lastFailureAt: now - 9500 });
const becomes = (fields: Partial<Group>): Group => ({ ...known, ...fields });
const clocks = { gateway: now, local: now };
const busy = group({ job: "busy" }, 0);
/** When the plan was made, somebody's push had just succeeded, and none was refused. */
const planned = surveyPushes([known, busy], now);
const anyPush = ttlRule(3600, { name: "any push" });
const onlySuccess = ttlRule(3600, { name: "only success", since: "last_success" });
const maxKeyLength = 100;

function snapshot(...groups: readonly Group[]): Snapshot {
  const read = { requestedAt: 0, clocks, sizeBytes: 0, process: null, durationSeconds: 0.1 };
  return { source: "api", groups, maxKeyLength, ...read };
}

/** An answer that was searched for all groups. */
function pushTimes(...groups: readonly Group[]): PushTimes {
  const timesOf = (field: "lastSuccessAt" | "lastFailureAt"): ReadonlyMap<string, number | null> =>
    new Map(groups.map((one) => [expositionKey(one.labels), one[field]]));
  const [success, failure] = [timesOf("lastSuccessAt"), timesOf("lastFailureAt")];
  const process = { startedAt: null, allocations: null, deletions: null };
  const read = { requestedAt: 0, durationSeconds: 0.1, clocks, process };
  return { ...read, wanted: null, success, failure, maxKeyLength };
}

const cases: readonly [string, Partial<Group>, TtlRule, api: string, exposition: string][] = [
  ["has not changed", {}, anyPush, "unchanged", "unchanged"],
  ["was pushed to", { lastSuccessAt: now - 1 }, anyPush, "active", "active"],
  ["was pushed to", { lastSuccessAt: now - 1 }, onlySuccess, "active", "active"],
  ["went back in time", { lastSuccessAt: now - 9400 }, anyPush, "active", "active"],
  ["has an unreadable time now", { lastSuccessAt: null }, anyPush, "active", "active"],
  ["had a push refused", { lastFailureAt: now - 1 }, anyPush, "active", "unclear"],
  ["had a push refused", { lastFailureAt: now - 1 }, onlySuccess, "unchanged", "unchanged"],
];

describe("evidence about a group that", () => {
  it.each(cases)("%s: %j", (_, fields, rule, api, exposition) => {
    // Somebody's push has just succeeded, so the gateway is not refusing everybody.
    expect(snapshotEvidence(snapshot(becomes(fields), busy)).compare(known, rule, planned)).toBe(api);
    expect(pushTimesEvidence(pushTimes(becomes(fields), busy)).compare(known, rule, planned)).toBe(
      exposition,
    );
  });

  it("is gone", () => {
    expect(snapshotEvidence(snapshot(busy)).compare(known, anyPush, planned)).toBe("absent");
    expect(pushTimesEvidence(pushTimes(busy)).compare(known, anyPush, planned)).toBe("absent");
  });

  it("was not searched for in an exposition is that it may be alive", () => {
    const times = { ...pushTimes(busy), wanted: new Set([expositionKey(busy.labels)]) };
    expect(pushTimesEvidence(times).compare(known, anyPush, planned)).toBe("unclear");
  });

  it("is over the budget of the answer is that it may be alive", () => {
    const long = group({ job: "a", host: "x".repeat(maxKeyLength) }, 9000);
    expect(snapshotEvidence(snapshot(busy)).compare(long, anyPush, planned)).toBe("active");
    expect(pushTimesEvidence(pushTimes(busy)).compare(long, anyPush, planned)).toBe("unclear");
  });

  it("is active after a push that was refused by a gateway that may be refusing all, whatever its rule counts", () => {
    const refused = becomes({ lastFailureAt: now - 1 });
    expect(snapshotEvidence(snapshot(refused)).compare(known, onlySuccess, planned)).toBe("active");
    expect(pushTimesEvidence(pushTimes(refused)).compare(known, onlySuccess, planned)).toBe("unclear");
  });

  it("is active after another refused push if none was ever accepted, whatever its rule counts", () => {
    const never = becomes({ lastSuccessAt: 0 });
    const again = { ...never, lastFailureAt: now - 1 };
    expect(snapshotEvidence(snapshot(again, busy)).compare(never, onlySuccess, planned)).toBe("active");
    expect(pushTimesEvidence(pushTimes(again, busy)).compare(never, onlySuccess, planned)).toBe("unclear");
  });

  it("is unclear by the exposition if it has label names that gateways escape differently", () => {
    const utf8 = group({ job: "a", "my.label": "x" }, 9000);
    expect(pushTimesEvidence(pushTimes(utf8)).compare(utf8, anyPush, planned)).toBe("unclear");
    expect(snapshotEvidence(snapshot(utf8)).compare(utf8, anyPush, planned)).toBe("unchanged");
  });
});
