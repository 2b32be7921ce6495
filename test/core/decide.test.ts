import { describe, expect, it } from "vitest";
import { decide, type Circumstances, demandExactly, demandMatching } from "../../src/core/decide.ts";
import type { Group } from "../../src/core/group.ts";
import { createLabels } from "../../src/core/labels.ts";
import { surveyPushes } from "../../src/core/life.ts";
import type { Rule } from "../../src/core/rule.ts";
import { group, keepRule, now, ttlRule } from "../support/core-values.ts";

const ttl = 3600;
const pushes = surveyPushes([], now);

function reasonFor(
  one: Group,
  rules: readonly Rule[] = [ttlRule(ttl)],
  circumstances: Partial<Circumstances> = {},
): string {
  const { verdict } = decide(one, { rules, now, outage: null, pushes, ...circumstances });
  return `${verdict.verdict} ${verdict.reason}`;
}

describe("a group under a TTL of an hour", () => {
  it.each<[string, number, string]>([
    ["just pushed", 0, "keep within_ttl"],
    ["within it", 3599, "keep within_ttl"],
    ["exactly as old as it", 3600, "keep within_ttl"],
    ["a millisecond older", 3600.001, "delete ttl_expired"],
    ["a second older", 3601, "delete ttl_expired"],
    ["decades older", now - 1, "delete ttl_expired"],
    ["pushed while the snapshot was taken", -1.9, "keep within_ttl"],
    ["from the future", -2.1, "keep future_time"],
    ["from the far future", -1e9, "keep future_time"],
  ])("%s: %d s old → %s", (_, ageSeconds, expected) => {
    expect(reasonFor(group({ job: "a" }, ageSeconds))).toBe(expected);
  });

  it.each<[string, Partial<Group>, string]>([
    ["never pushed, failed a minute ago", { lastSuccessAt: 0, lastFailureAt: now - 60 }, "keep within_ttl"],
    ["never pushed, failed long ago", { lastSuccessAt: 0, lastFailureAt: now - 9999 }, "delete ttl_expired"],
    ["never pushed and never failed", { lastSuccessAt: 0, lastFailureAt: 0 }, "keep invalid_time"],
    [
      "pushed long ago, failed a minute ago",
      { lastSuccessAt: 1, lastFailureAt: now - 60 },
      "keep within_ttl",
    ],
    [
      "pushed a minute ago, failed long ago",
      { lastSuccessAt: now - 60, lastFailureAt: 1 },
      "keep within_ttl",
    ],
    ["with a push time of NaN", { lastSuccessAt: Number.NaN }, "keep invalid_time"],
    ["with an infinite push time", { lastSuccessAt: Number.NEGATIVE_INFINITY }, "keep invalid_time"],
    ["with a negative push time", { lastSuccessAt: -5 }, "keep invalid_time"],
    ["with a push time at the end of time", { lastSuccessAt: Number.POSITIVE_INFINITY }, "keep invalid_time"],
    [
      "with a negative push time, failed long ago",
      { lastSuccessAt: -5, lastFailureAt: now - 9999 },
      "keep invalid_time",
    ],
    [
      "with an unreadable push time, failed long ago",
      { lastSuccessAt: null, lastFailureAt: now - 9999 },
      "keep invalid_time",
    ],
    ["with an unreadable push time", { lastSuccessAt: null }, "keep invalid_time"],
    ["with an unreadable failure time", { lastSuccessAt: 1, lastFailureAt: null }, "keep invalid_time"],
    ["with a failure time of NaN", { lastSuccessAt: 1, lastFailureAt: Number.NaN }, "keep invalid_time"],
    ["with a failure time in the future", { lastSuccessAt: 1, lastFailureAt: now + 60 }, "keep future_time"],
    ["that no path names, expired", { obstacle: "unaddressable" }, "keep unaddressable"],
    ["whose labels are hidden", { obstacle: "unreadable_labels" }, "keep unreadable_labels"],
  ])("%s → %s", (_, fields, expected) => {
    expect(reasonFor(group({ job: "a" }, 9999, fields))).toBe(expected);
  });

  it("is kept if no rule matches it", () => {
    const rules = [ttlRule(ttl, { matchers: ['job="other"'] })];
    expect(reasonFor(group({ job: "a" }, 9999), rules)).toBe("keep no_rule");
    expect(reasonFor(group({ job: "a" }, 9999), [])).toBe("keep no_rule");
  });

  it("is decided by the first rule that matches, and by no other", () => {
    const rules = [
      keepRule("keep-a", ['job="a"']),
      ttlRule(10, { name: "short", matchers: ['job=~"a|b"'] }),
      ttlRule(100_000, { name: "long" }),
    ];
    expect(reasonFor(group({ job: "a" }, 9999), rules)).toBe("keep rule_keeps");
    expect(reasonFor(group({ job: "b" }, 9999), rules)).toBe("delete ttl_expired");
    expect(reasonFor(group({ job: "c" }, 9999), rules)).toBe("keep within_ttl");
  });

  it("with a rule that only reports is kept when it has expired", () => {
    const rules = [ttlRule(ttl, { action: "report" })];
    expect(reasonFor(group({ job: "a" }, 3601), rules)).toBe("keep rule_reports");
    expect(reasonFor(group({ job: "a" }, 3600), rules)).toBe("keep within_ttl");
  });

  it("is matched by a label called constructor", () => {
    const rules = [ttlRule(ttl, { matchers: ['constructor="x"', 'toString=""', '__proto__=""'] })];
    expect(reasonFor(group({ job: "a", constructor: "x" }, 9999), rules)).toBe("delete ttl_expired");
    expect(reasonFor(group({ job: "a" }, 9999), rules)).toBe("keep no_rule");
  });
});

describe("time in which the gateway was down", () => {
  const outage = { beganAt: now - 5100, endedAt: now - 100, seconds: 5000, maxSeconds: 5000 };

  it("is taken off the age of a group last active before", () => {
    expect(reasonFor(group({ job: "a" }, 8600), undefined, { outage })).toBe("keep within_ttl");
    expect(reasonFor(group({ job: "a" }, 8601), undefined, { outage })).toBe("delete ttl_expired");
  });

  it("is not taken off the age of a group active since", () => {
    const short = [ttlRule(50)];
    expect(reasonFor(group({ job: "a" }, 99), short, { outage })).toBe("delete ttl_expired");
  });

  it("shows in age and expiry", () => {
    const decision = decide(group({ job: "a" }, 5100), {
      rules: [ttlRule(ttl)],
      now,
      outage,
      pushes,
    });
    expect(decision).toMatchObject({ ageSeconds: 100, ttlSeconds: ttl, expiresAt: now - 5100 + 5000 + ttl });
  });
});

describe("a TTL that the group sets itself", () => {
  const rules = [ttlRule(ttl, { ttlMetric: { name: "ttl", minSeconds: 60, maxSeconds: 7200 } })];
  const declaring = (value: number, ageSeconds: number): Group =>
    group({ job: "a" }, ageSeconds, { gauges: new Map([["ttl", value]]) });

  it.each([
    [600, 600],
    [1, 60],
    [60, 60],
    [7200, 7200],
    [1e9, 7200],
    [Number.POSITIVE_INFINITY, 7200],
    // What says nothing sensible is an unknown TTL: the longest there is.
    [0, 7200],
    [-1, 7200],
    [Number.NaN, 7200],
  ])("of %d s counts as %d s", (declared, effective) => {
    expect(reasonFor(declaring(declared, effective), rules)).toBe("keep within_ttl");
    expect(reasonFor(declaring(declared, effective + 1), rules)).toBe("delete ttl_expired");
  });

  it("is the rule's own where the group sets none", () => {
    expect(reasonFor(group({ job: "a" }, ttl + 1), rules)).toBe("delete ttl_expired");
  });

  it("never gets shorter by being unreadable than the rule's own", () => {
    const long = [ttlRule(9000, { ttlMetric: { name: "ttl", minSeconds: 60, maxSeconds: 7200 } })];
    expect(reasonFor(declaring(Number.NaN, 9000), long)).toBe("keep within_ttl");
  });
});

describe("on demand", () => {
  const named = createLabels([["job", "a"]]);
  const any = demandMatching([], null);
  const older = demandMatching([], 3600);
  const exactly = demandExactly(named, null);
  it.each<[string, Group, Circumstances["demand"], string]>([
    ["a group that was just pushed", group({ job: "a" }, 0), any, "delete requested"],
    ["one from the future", group({ job: "a" }, -1e6), any, "delete requested"],
    ["one that is not older", group({ job: "a" }, 3600), older, "keep within_ttl"],
    ["one that is older", group({ job: "a" }, 3601), older, "delete requested"],
    ["one from the future, by age", group({ job: "a" }, -1e6), older, "keep future_time"],
    ["more labels than asked for", group({ job: "a", x: "1" }, 0), exactly, "keep not_selected"],
    ["an empty instance", group({ job: "a", instance: "" }, 0), exactly, "keep not_selected"],
    ["the janitor's own", group({ job: "pushgateway-janitor", instance: "x" }, 0), any, "keep own_metrics"],
    ["no path", group({ job: "a" }, 0, { obstacle: "unaddressable" }), exactly, "keep unaddressable"],
    [
      "hidden labels",
      group({ job: "a" }, 0, { obstacle: "unreadable_labels" }),
      exactly,
      "keep unreadable_labels",
    ],
    ["an unreadable failure time", group({ job: "a" }, 0, { lastFailureAt: null }), any, "keep invalid_time"],
    ["such a group by name", group({ job: "a" }, 0, { lastFailureAt: null }), exactly, "delete requested"],
    [
      "a push that could not be seen",
      group({ job: "a" }, 0, { lastSuccessAt: null }),
      exactly,
      "keep invalid_time",
    ],
  ])("%s", (_, one, demand, expected) => {
    // Rules do not count.
    expect(reasonFor(one, [keepRule("all", [])], { demand })).toBe(expected);
  });

  it("is not decided without the gateway's time", () => {
    expect(reasonFor(group({ job: "a" }, 0), [], { demand: exactly, now: null })).toBe("keep unknown_time");
  });
});
