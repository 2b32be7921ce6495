import { describe, expect, it } from "vitest";

import type { Group, Since } from "../../src/core/group.ts";
import { expositionKey, type PushTimes } from "../../src/gateway/exposition/push-times.ts";
import type { Snapshot } from "../../src/gateway/snapshot.ts";
import { pushTimesEvidence, snapshotEvidence } from "../../src/sweep/evidence.ts";
import { group, now } from "../support/core-values.ts";

const known = group({ job: "a" }, 9000, { lastFailureAt: now - 9500 });
const becomes = (fields: Partial<Group>): Group => ({ ...known, ...fields });
const clocks = { gateway: now, local: now };
const busy = group({ job: "busy" }, 0);

function snapshot(...groups: readonly Group[]): Snapshot {
  return { source: "api", requestedAt: 0, clocks, groups, sizeBytes: 0, durationSeconds: 0.1 };
}

function pushTimes(...groups: readonly Group[]): PushTimes {
  const timesOf = (field: "lastSuccessAt" | "lastFailureAt"): ReadonlyMap<string, number | null> =>
    new Map(groups.map((one) => [expositionKey(one.labels), one[field]]));
  const [success, failure] = [timesOf("lastSuccessAt"), timesOf("lastFailureAt")];
  return { requestedAt: 0, durationSeconds: 0.1, clocks, processStartedAt: null, success, failure };
}

const cases: readonly [string, Partial<Group>, Since, api: string, exposition: string][] = [
  ["has not changed", {}, "last_activity", "unchanged", "unchanged"],
  ["was pushed to", { lastSuccessAt: now - 1 }, "last_activity", "active", "active"],
  ["was pushed to", { lastSuccessAt: now - 1 }, "last_success", "active", "active"],
  ["went back in time", { lastSuccessAt: now - 9400 }, "last_activity", "active", "active"],
  ["has an unreadable time now", { lastSuccessAt: null }, "last_activity", "active", "active"],
  ["had a push refused", { lastFailureAt: now - 1 }, "last_activity", "active", "unclear"],
  ["had a push refused", { lastFailureAt: now - 1 }, "last_success", "unchanged", "unchanged"],
];

describe("evidence about a group that", () => {
  it.each(cases)(
    "%s: %j, since %s → %s by the API, %s by the exposition",
    (_, fields, since, api, exposition) => {
      // Somebody's push has just succeeded, so the gateway is not refusing everybody.
      expect(snapshotEvidence(snapshot(becomes(fields), busy)).compare(known, since)).toBe(api);
      expect(pushTimesEvidence(pushTimes(becomes(fields), busy)).compare(known, since)).toBe(exposition);
    },
  );

  it("is gone", () => {
    expect(snapshotEvidence(snapshot(busy)).compare(known, "last_activity")).toBe("absent");
    expect(pushTimesEvidence(pushTimes(busy)).compare(known, "last_activity")).toBe("absent");
  });

  it("had a push refused by a gateway that may be refusing everybody says that it is alive, whatever its rule counts", () => {
    const refused = becomes({ lastFailureAt: now - 1 });
    expect(snapshotEvidence(snapshot(refused)).compare(known, "last_success")).toBe("active");
    expect(pushTimesEvidence(pushTimes(refused)).compare(known, "last_success")).toBe("unclear");
  });

  it("never had a push accepted says that another refused one is life, whatever its rule counts", () => {
    const never = becomes({ lastSuccessAt: 0 });
    const again = { ...never, lastFailureAt: now - 1 };
    expect(snapshotEvidence(snapshot(again, busy)).compare(never, "last_success")).toBe("active");
    expect(pushTimesEvidence(pushTimes(again, busy)).compare(never, "last_success")).toBe("unclear");
  });

  it("has names that each version of the gateway escapes in its own way is unclear by the exposition", () => {
    const utf8 = group({ job: "a", "my.label": "x" }, 9000);
    expect(pushTimesEvidence(pushTimes(utf8)).compare(utf8, "last_activity")).toBe("unclear");
    expect(snapshotEvidence(snapshot(utf8)).compare(utf8, "last_activity")).toBe("unchanged");
  });
});
