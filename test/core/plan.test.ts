import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Group } from "../../src/core/group.ts";
import { type Limits, explainExceededLimit, findExceededLimit } from "../../src/core/limits.ts";
import { createPlan, type Plan } from "../../src/core/plan.ts";
import { countGroups } from "../../src/core/totals.ts";
import type { Rule } from "../../src/core/rule.ts";
import { group, limits, now, ttlRule } from "../support/core-values.ts";

const ttl = 3600;

function planFor(
  groups: readonly Group[],
  rules: readonly Rule[] = [ttlRule(ttl)],
  rest: { limits?: Limits; gatewayStartedAt?: number | null } = {},
): Plan {
  return createPlan({ groups, now, gatewayStartedAt: null, rules, limits: limits(), ...rest });
}

function lines({ decisions }: Plan): string[] {
  return decisions.map(
    ({ group: { labels }, verdict }) => `${labels.get("job")} ${verdict.verdict} ${verdict.reason}`,
  );
}

const fresh = (count: number): Group[] =>
  Array.from({ length: count }, (_, i) => group({ job: `fresh-${i}` }, i));
const expired = (count: number): Group[] =>
  Array.from({ length: count }, (_, i) => group({ job: `old-${i}` }, 9999 + i));

describe("a plan", () => {
  it("has deletions first, oldest first, then kept groups by expiry, and last those that never expire", () => {
    const rules = [ttlRule(ttl, { matchers: ['job!="free"'] })];
    const groups = [
      group({ job: "free" }, 1),
      group({ job: "young" }, 10),
      group({ job: "older" }, 5000),
      group({ job: "middle" }, 2000),
      group({ job: "oldest" }, 9000),
    ];
    expect(lines(planFor(groups, rules))).toEqual([
      "oldest delete ttl_expired",
      "older delete ttl_expired",
      "middle keep within_ttl",
      "young keep within_ttl",
      "free keep no_rule",
    ]);
  });

  it("does not depend on the order in which the gateway lists its groups", () => {
    const groups = [
      ...fresh(5),
      ...expired(5),
      group({ job: "twin", x: "1" }, 5000),
      group({ job: "twin", x: "2" }, 5000),
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(groups, { minLength: groups.length }), (shuffled) => {
        expect(planFor(shuffled).decisions).toEqual(planFor(groups).decisions);
      }),
    );
  });

  it("has one decision for each group, whatever the groups", () => {
    const time = fc.oneof(
      fc.constantFrom(0, Number.NaN, now + 100, -1, null),
      fc.integer({ min: 1, max: now }),
    );
    const anyGroup = fc.record({ id: fc.string(), success: time, failure: time });
    fc.assert(
      fc.property(fc.uniqueArray(anyGroup, { selector: ({ id }) => id }), (records) => {
        const groups = records.map(({ id, success, failure }) =>
          group({ job: id }, 0, { lastSuccessAt: success, lastFailureAt: failure }),
        );
        const plan = planFor(groups);
        const totals = countGroups(plan.decisions).verdicts;
        expect(totals.delete + totals.keep + totals.withhold).toBe(groups.length);
        for (const { verdict, group: one } of plan.decisions) {
          if (verdict.verdict !== "delete") continue;
          expect(Math.max(one.lastSuccessAt ?? Infinity, one.lastFailureAt ?? Infinity)).toBeLessThan(
            now - ttl,
          );
        }
      }),
    );
  });
});

describe("max_delete_ratio", () => {
  const half = limits({ maxDeleteRatio: 0.5, ratioMinGroups: 20 });

  it("lets exactly the ratio pass", () => {
    const plan = planFor([...fresh(10), ...expired(10)], undefined, { limits: half });
    expect(countGroups(plan.decisions).verdicts).toEqual({ delete: 10, keep: 10, withhold: 0 });
  });

  it("withholds everything when one more has expired, never a part", () => {
    const plan = planFor([...fresh(10), ...expired(11)], undefined, { limits: half });
    expect(countGroups(plan.decisions).verdicts).toEqual({ delete: 0, keep: 10, withhold: 11 });
    expect(plan.exceededLimit).toEqual({
      reason: "max_delete_ratio",
      expired: 11,
      groups: 21,
      allowed: 0,
      limit: 0.5,
      toPass: { maxDeleteRatio: 0.53 },
    });
    expect(lines(plan)[0]).toBe("old-10 withhold max_delete_ratio");
  });

  it("does not apply below ratio_min_groups", () => {
    const plan = planFor(expired(19), undefined, { limits: half });
    expect(countGroups(plan.decisions).verdicts.delete).toBe(19);
    expect(countGroups(planFor(expired(20), undefined, { limits: half }).decisions).verdicts.withhold).toBe(
      20,
    );
  });

  it("of 0 applies on a small gateway, too", () => {
    const none = limits({ maxDeleteRatio: 0, ratioMinGroups: 20 });
    expect(countGroups(planFor(expired(1), undefined, { limits: none }).decisions).verdicts.withhold).toBe(1);
  });

  it("of 0 deletes nothing, of 1 lets everything pass", () => {
    const groups = [...fresh(30), ...expired(1)];
    expect(
      countGroups(planFor(groups, undefined, { limits: limits({ maxDeleteRatio: 0 }) }).decisions).verdicts
        .withhold,
    ).toBe(1);
    expect(
      countGroups(planFor(expired(30), undefined, { limits: limits({ maxDeleteRatio: 1 }) }).decisions)
        .verdicts.delete,
    ).toBe(30);
  });

  it("is explained with the numbers", () => {
    const plan = planFor([...fresh(10), ...expired(30)], undefined, { limits: half });
    expect(explainExceededLimit(plan.exceededLimit!)).toBe(
      "30 of 40 groups have expired (75.0 %), more than limits.max_delete_ratio = 0.5 allows; nothing was deleted.",
    );
  });

  it("lets a share pass that is written as the ratio, whatever binary fractions make of it", () => {
    for (let percent = 1; percent <= 100; percent += 1)
      expect(findExceededLimit(percent, 100, limits({ maxDeleteRatio: percent / 100 }))).toBeNull();
  });

  it.each([
    [22, 30, 0.74],
    [73, 100, 0.73],
    [57, 100, 0.57],
    [996, 1000, 0.996],
    [9999, 10_000, 0.9999],
    [1, 10_000_000, 0.01],
    [30, 30, 1],
  ])("of %i of %i groups would pass with %d", (expiredGroups, groups, maxDeleteRatio) => {
    const exceeded = findExceededLimit(expiredGroups, groups, limits({ maxDeleteRatio: 0 }));
    expect(exceeded?.toPass).toEqual({ maxDeleteRatio });
  });

  it("names limits that let the plan pass, and the ratio 1 only if everything has expired", () => {
    const count = fc.integer({ min: 0, max: 1_000_000 });
    fc.assert(
      fc.property(
        count,
        count,
        fc.double({ min: 0, max: 1, noNaN: true }),
        count,
        (a, b, ratio, maxDeletes) => {
          const [expiredGroups, groups] = [Math.min(a, b), Math.max(a, b)];
          const before = limits({ maxDeleteRatio: ratio, maxDeletes });
          const toPass = findExceededLimit(expiredGroups, groups, before)?.toPass ?? {};
          expect(findExceededLimit(expiredGroups, groups, { ...before, ...toPass })).toBeNull();
          expect(toPass.maxDeleteRatio === 1).toBe(
            toPass.maxDeleteRatio !== undefined && expiredGroups === groups,
          );
        },
      ),
    );
  });
});

describe("max_deletes", () => {
  it("lets exactly as many pass, and withholds everything above", () => {
    const three = limits({ maxDeletes: 3 });
    expect(countGroups(planFor(expired(3), undefined, { limits: three }).decisions).verdicts.delete).toBe(3);
    const plan = planFor(expired(4), undefined, { limits: three });
    expect(countGroups(plan.decisions).verdicts).toEqual({ delete: 0, keep: 0, withhold: 4 });
    expect(plan.exceededLimit).toMatchObject({ reason: "max_deletes", toPass: { maxDeletes: 4 } });
    expect(explainExceededLimit(plan.exceededLimit!)).toBe(
      "4 of 4 groups have expired, more than limits.max_deletes = 3 allows; nothing was deleted.",
    );
  });
});

describe("when_exceeded: delete_oldest", () => {
  const oldestFirst = (plan: Plan): string[] => lines(plan).map((line) => line.replace(/^\S+ /, ""));
  const deletable = (plan: Plan): number => countGroups(plan.decisions).verdicts.delete;
  const limited = (rest: Partial<Limits>): Limits =>
    limits({ whenExceeded: "delete_oldest", ratioMinGroups: 1, ...rest });

  it.each<[string, Partial<Limits>, number, string]>([
    ["max_deletes", { maxDeletes: 3 }, 3, "max_deletes"],
    ["max_delete_ratio", { maxDeleteRatio: 0.57 }, 5, "max_delete_ratio"],
    ["a ratio that is hit exactly", { maxDeleteRatio: 0.7 }, 7, "max_delete_ratio"],
    ["the stricter of two, a number", { maxDeleteRatio: 0.5, maxDeletes: 2 }, 2, "max_deletes"],
    ["the stricter of two, a ratio", { maxDeleteRatio: 0.1, maxDeletes: 2 }, 1, "max_delete_ratio"],
    ["a ratio that allows less than one", { maxDeleteRatio: 0.05 }, 0, "max_delete_ratio"],
    ["max_deletes of 0", { maxDeletes: 0 }, 0, "max_deletes"],
    ["max_deletes of 0, whatever the ratio", { maxDeletes: 0, maxDeleteRatio: 0.5 }, 0, "max_deletes"],
    ["a ratio of 0", { maxDeleteRatio: 0 }, 0, "max_delete_ratio"],
    ["a ratio of 0 on a small gateway", { maxDeleteRatio: 0, ratioMinGroups: 100 }, 0, "max_delete_ratio"],
  ])("%s: deletes as many as that allows, the oldest, and withholds the rest", (_, rest, allowed, reason) => {
    const plan = planFor(expired(10), undefined, { limits: limited(rest) });
    expect(oldestFirst(plan)).toEqual([
      ...Array.from({ length: allowed }, () => "delete ttl_expired"),
      ...Array.from({ length: 10 - allowed }, () => `withhold ${reason}`),
    ]);
    const ages = plan.decisions.map(({ ageSeconds }) => ageSeconds ?? 0);
    expect(ages).toEqual(ages.toSorted((a, b) => b - a));
    expect(plan.exceededLimit).toMatchObject({ reason, allowed, expired: 10, groups: 10 });
    expect(countGroups(plan.decisions)).toMatchObject({ expired: 10 });
  });

  it("changes nothing within the limits", () => {
    const plan = planFor(expired(10), undefined, { limits: limited({ maxDeletes: 10, maxDeleteRatio: 1 }) });
    expect([deletable(plan), plan.exceededLimit]).toEqual([10, null]);
  });

  it("says how many are deleted", () => {
    const plan = planFor(expired(10), undefined, { limits: limited({ maxDeletes: 3 }) });
    expect(explainExceededLimit(plan.exceededLimit!)).toBe(
      "10 of 10 groups have expired, more than limits.max_deletes = 3 allows; only the 3 oldest are deleted.",
    );
  });

  it("allows a ratio whose product with the groups is slightly less than an integer", () => {
    expect(findExceededLimit(58, 100, limited({ maxDeleteRatio: 0.57 }))?.allowed).toBe(57);
  });

  it("never lets more pass than the limits would", () => {
    const count = fc.integer({ min: 1, max: 5000 });
    fc.assert(
      fc.property(
        count,
        count,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(5000),
        (a, b, ratio, maxDeletes) => {
          const [expiredGroups, groups] = [Math.min(a, b), Math.max(a, b)];
          const these = limited({ maxDeleteRatio: ratio, maxDeletes });
          const exceeded = findExceededLimit(expiredGroups, groups, these);
          if (exceeded === null) return;
          expect(findExceededLimit(exceeded.allowed, groups, these)).toBeNull();
          expect(findExceededLimit(exceeded.allowed + 1, groups, these)).not.toBeNull();
        },
      ),
    );
  });
});

describe("an outage of the gateway", () => {
  const day = 86_400;
  const groups = [
    group({ job: "newest-before" }, 10_000),
    group({ job: "old" }, 12_000),
    group({ job: "back" }, 50),
  ];

  it("is the gap between the last start and the newest activity before", () => {
    const plan = planFor(groups, undefined, { gatewayStartedAt: now - 100 });
    expect(plan.circumstances.outage).toMatchObject({
      beganAt: now - 10_000,
      endedAt: now - 100,
      seconds: 9900,
    });
    expect(countGroups(plan.decisions).verdicts).toEqual({ delete: 0, keep: 3, withhold: 0 });
  });

  it("counts at most max_outage", () => {
    const plan = planFor(groups, undefined, {
      gatewayStartedAt: now - 100,
      limits: limits({ maxOutageSeconds: 7000 }),
    });
    expect(plan.circumstances.outage?.seconds).toBe(7000);
    expect(lines(plan)[0]).toBe("old delete ttl_expired");
    expect(
      planFor(groups, undefined, { gatewayStartedAt: now - 100, limits: limits({ maxOutageSeconds: 0 }) })
        .circumstances.outage?.seconds,
    ).toBe(0);
  });

  it("is nothing if there was no group before, or the start is unknown", () => {
    expect(
      planFor([group({ job: "a" }, 50)], undefined, { gatewayStartedAt: now - 100 }).circumstances.outage
        ?.seconds,
    ).toBe(0);
    expect(planFor(groups, undefined, { gatewayStartedAt: null }).circumstances.outage).toBeNull();
  });

  it.each<[string, ageSeconds: number, maxOutageSeconds: number, string]>([
    ["had not expired when the last known push came", 4800, day, "keep push_may_be_lost"],
    ["had just not expired then", 3599 + 1300, day, "keep push_may_be_lost"],
    ["had expired then", 3600 + 1300, day, "delete ttl_expired"],
    ["was within its TTL without that, too", 3700, day, "keep within_ttl"],
    ["had not, longer ago than max_outage", 4800, 1000, "delete ttl_expired"],
    ["had not, where max_outage is off", 4800, 0, "delete ttl_expired"],
  ])("may have lost a later push of a group that %s", (_, ageSeconds, maxOutageSeconds, expected) => {
    // The gateway started 1,200 s ago, and its state from before ends 100 s earlier.
    const plan = planFor([group({ job: "it" }, ageSeconds), group({ job: "busy" }, 1300)], undefined, {
      gatewayStartedAt: now - 1200,
      limits: limits({ maxOutageSeconds }),
    });
    expect(lines(plan)).toContain(`it ${expected}`);
  });

  it("is not shortened by a failure time, which a pusher can forge", () => {
    const forger = group({ job: "forger" }, 9999, { lastFailureAt: now - 101 });
    const plan = planFor([...groups, forger], undefined, { gatewayStartedAt: now - 100 });
    expect(plan.circumstances.outage?.seconds).toBe(9899);
  });

  it("does not keep groups that expired longer ago than the gap", () => {
    const plan = planFor([...groups, group({ job: "ancient" }, 30 * day)], undefined, {
      gatewayStartedAt: now - 100,
    });
    expect(lines(plan)[0]).toBe("ancient delete ttl_expired");
  });
});
