import { describe, expect, it } from "vitest";

import { decideAtAge, explain } from "../../src/core/explain.ts";
import { createLabels } from "../../src/core/labels.ts";
import { isOwnGroup, ownGroupLabels } from "../../src/core/group.ts";
import { createPlan } from "../../src/core/plan.ts";
import type { Rule } from "../../src/core/rule.ts";
import { group, limits, now, ttlRule } from "../support/core-values.ts";

const labelsOf = (labels: Readonly<Record<string, string>>) => createLabels(Object.entries(labels));

describe("the group of the janitor's own metrics", () => {
  it.each<[Readonly<Record<string, string>>, boolean]>([
    [{ job: "pushgateway-janitor", instance: "batch" }, true],
    [{ job: "pushgateway-janitor", instance: "" }, true],
    [{ job: "pushgateway-janitor" }, false],
    [{ job: "pushgateway-janitor", instance: "batch", team: "a" }, false],
    [{ job: "pushgateway-janitor", team: "a" }, false],
    [{ job: "pushgateway-janitor-doctor", instance: "batch" }, false],
    [{ instance: "pushgateway-janitor", job: "batch" }, false],
    [{}, false],
  ])("%j: %s", (labels, own) => {
    expect(isOwnGroup(labelsOf(labels))).toBe(own);
  });

  it("is the one it pushes to, whatever the gateway is called", () => {
    for (const name of ["batch", "localhost:9091", 'a "b"\n/ж', "constructor"]) {
      expect(isOwnGroup(ownGroupLabels(name))).toBe(true);
    }
  });

  const own = group({ job: "pushgateway-janitor", instance: "batch" }, 9e8);

  it.each<[string, Rule]>([
    ["deletes everything after a millisecond", ttlRule(0.001)],
    ["names it", ttlRule(1, { matchers: ['job="pushgateway-janitor"'] })],
    ["counts only successful pushes", ttlRule(1, { since: "last_success" })],
    ["only reports", ttlRule(1, { action: "report" })],
  ])("is kept, and no rule's, when a rule %s", (_, rule) => {
    const groups = [own, group({ job: "pushgateway-janitor" }, 9e8)];
    const plan = createPlan({ groups, now, gatewayStartedAt: null, rules: [rule], limits: limits() });
    expect(plan.decisions.find((one) => one.group === own)).toMatchObject({
      verdict: { verdict: "keep", reason: "own_metrics" },
      rule: null,
      ageSeconds: 9e8,
      ttlSeconds: null,
      expiresAt: null,
    });
  });

  it("does not count among the latest of a rule", () => {
    const rule = ttlRule(1, { keepLatest: { count: 1, by: [] } });
    const groups = [{ ...own, lastSuccessAt: now }, group({ job: "b" }, 9), group({ job: "c" }, 99)];
    const { decisions } = createPlan({
      groups,
      now,
      gatewayStartedAt: null,
      rules: [rule],
      limits: limits(),
    });
    expect(decisions.map(({ verdict }) => verdict.reason).toSorted()).toEqual([
      "kept_latest",
      "own_metrics",
      "ttl_expired",
    ]);
  });

  it("is explained as that", () => {
    expect(explain([ttlRule(1)], own.labels)).toMatchObject({ own: true, deciding: null });
    expect(decideAtAge([ttlRule(1)], own.labels, 5).verdict).toEqual({
      verdict: "keep",
      reason: "own_metrics",
    });
  });
});
