import { describe, expect, it } from "vitest";
import { addUp, ageAt, agePosition, countForCharts, sumOf } from "../../src/report/chart-counts.ts";
import { group, keepRule, now, ttlRule } from "../support/core-values.ts";
import { plannedGateway } from "../support/page-state.ts";
import { sweepReport } from "../support/reports.ts";

const [hour, day] = [3600, 86_400];
const rules = [
  keepRule("kept", ['job="kept"']),
  ttlRule(2 * hour, { name: "short", matchers: ['job="short"'] }),
  ttlRule(30 * day, { name: "long", matchers: ['job!="orphan"'] }),
];

/** The slots that are not 0. */
function filled(counts: readonly number[] | undefined): Readonly<Record<number, number>> {
  return Object.fromEntries([...(counts ?? []).entries()].filter(([, count]) => count > 0));
}

function count(job: string, agesSeconds: readonly number[], rest: Parameters<typeof plannedGateway>[2] = {}) {
  const groups = agesSeconds.map((age, index) => group({ job, index: String(index) }, age));
  const report = sweepReport([plannedGateway(groups, rules, rest)], { rules: ["kept", "short", "long"] });
  return countForCharts(report, now);
}

describe("counting for the charts", () => {
  // now is 08:00 on a Friday, in UTC.
  it.each<[string, number, object, object]>([
    ["at this moment", 30 * day, { 0: 1 }, { 0: 1 }],
    ["a moment before the next hour", 30 * day - hour + 1, { 0: 1 }, { 0: 1 }],
    ["with the next hour", 30 * day - hour, { 1: 1 }, { 0: 1 }],
    ["a moment before midnight", 30 * day - 16 * hour + 1, { 15: 1 }, { 0: 1 }],
    ["at midnight", 30 * day - 16 * hour, { 16: 1 }, { 1: 1 }],
    ["in 24 hours", 29 * day, {}, { 1: 1 }],
    ["a moment before a week is over", 30 * day - 7 * day + 8 * hour + 1, {}, { 6: 1 }],
    ["after it", 30 * day - 7 * day + 8 * hour, {}, {}],
  ])("puts a group that expires %s into its hour and its day", (_, ageSeconds, hours, days) => {
    const { rules: counted, nextExpiryAt } = count("any", [ageSeconds]);
    expect([filled(counted[0]?.hours), filled(counted[0]?.days)]).toEqual([hours, days]);
    expect(nextExpiryAt).toBe(now - ageSeconds + 30 * day);
  });

  it.each([
    [0, 0],
    [-5, 0],
    [60, 0],
    [365 * day, 1],
    [9999 * day, 1],
  ])("puts an age of %i s at an end of the axis", (ageSeconds, position) => {
    expect(agePosition(ageSeconds)).toBe(position);
    expect(filled(count("kept", [ageSeconds]).rules[0]?.younger)).toEqual({ [position * 47]: 1 });
  });

  it("puts an age into the slot that holds it", () => {
    for (const age of [61, hour, day + 1, 30 * day]) {
      const [slot = ""] = Object.keys(filled(count("kept", [age]).rules[0]?.younger));
      expect(ageAt(Number(slot))).toBeLessThanOrEqual(age);
      expect(ageAt(Number(slot) + 1)).toBeGreaterThan(age);
    }
  });

  it("distinguishes groups that are older than their TTL, unless they are gone", () => {
    const ages = [2 * hour - 1, 2 * hour, 2 * hour + 1, 3 * hour];
    const [short] = count("short", ages).rules;
    expect([sumOf(short?.younger ?? []), sumOf(short?.older ?? [])]).toEqual([2, 2]);
    const [swept] = count("short", ages, { outcome: "gone" }).rules;
    expect([sumOf(swept?.younger ?? []), sumOf(swept?.older ?? [])]).toEqual([2, 0]);
  });

  it("has the rules in their order, groups without a rule last, over all gateways", () => {
    const gateways = ["orphan", "short", "kept", "short"].map((job) =>
      plannedGateway([group({ job }, 60), group({ job }, 90)], rules),
    );
    const { rules: counted } = countForCharts(sweepReport(gateways, { rules: ["kept", "short"] }), now);
    expect(counted.map(({ rule, younger }) => [rule?.name ?? null, sumOf(younger)])).toEqual([
      ["kept", 2],
      ["short", 4],
      [null, 2],
    ]);
    expect(sumOf(addUp(counted).younger)).toBe(8);
  });
});
