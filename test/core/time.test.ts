import { describe, expect, it } from "vitest";

import { agreedNow, clockSkewSeconds, explainClocks } from "../../src/core/time.ts";
import { createPlan } from "../../src/core/plan.ts";
import { group, limits, now, ttlRule } from "../support/core-values.ts";

const hour = 3600;
const day = 86_400;
const year = 365 * day;

/** Ages by the true time; a gateway whose clock is wrong has stamped these before that. */
const groups = [
  group({ job: "expired" }, hour + 120),
  group({ job: "minutes-left" }, hour - 120),
  group({ job: "fresh" }, 1),
];

function reasons(gateway: number | null, local: number): string {
  const plan = createPlan({
    groups,
    now: agreedNow({ gateway, local }),
    gatewayStartedAt: null,
    rules: [ttlRule(hour)],
    limits: limits(),
  });
  const byJob = new Map(plan.decisions.map((one) => [one.group.labels.get("job"), one.verdict.reason]));
  return ["expired", "minutes-left", "fresh"].map((job) => byJob.get(job)).join(" ");
}

const right = "ttl_expired within_ttl within_ttl";
const allAhead = "future_time future_time future_time";
const unknown = "unknown_time unknown_time unknown_time";

describe("a group expires only if it has by both clocks:", () => {
  it.each<[string, number | null, number, string]>([
    ["both right", now, now, right],
    ["local a minute ahead", now, now + 60, right],
    ["local a minute behind", now, now - 60, right],
    ["local a year ahead", now, now + year, right],
    ["local three minutes behind", now, now - 180, "within_ttl within_ttl future_time"],
    ["local an hour behind", now, now - hour, "within_ttl future_time future_time"],
    ["local of 1970", now, 5, allAhead],
    ["gateway a minute ahead", now + 60, now, right],
    ["gateway two hours ahead", now + 2 * hour, now, right],
    ["gateway two hours ahead, local slow", now + 2 * hour, now - 8, "ttl_expired within_ttl future_time"],
    ["gateway a day ahead, local a year ahead", now + day, now + year, "ttl_expired ttl_expired ttl_expired"],
    [
      "gateway a year ahead, local an hour behind",
      now + year,
      now - hour,
      "within_ttl future_time future_time",
    ],
    ["gateway three minutes behind", now - 180, now, "within_ttl within_ttl future_time"],
    ["gateway of 1970", 5, now, allAhead],
    ["gateway a day behind, local a year behind", now - day, now - year, allAhead],
    ["gateway without a Date", null, now, unknown],
    ["gateway without a Date, local a year ahead", null, now + year, unknown],
    ["a local clock that does not work", now, Number.NaN, unknown],
  ])("%s", (_, gateway, local, expected) => {
    expect(reasons(gateway, local)).toBe(expected);
  });

  it("a rule that keeps, and groups of no rule, need no clock", () => {
    const { decisions } = createPlan({
      groups,
      now: null,
      gatewayStartedAt: now - year,
      rules: [],
      limits: limits(),
    });
    expect(decisions.map(({ verdict, ageSeconds }) => [verdict.reason, ageSeconds])).toEqual(
      groups.map(() => ["no_rule", null]),
    );
  });
});

describe("the note about the clocks", () => {
  it.each<[string, number | null, number, number | null, RegExp]>([
    ["nothing where they agree as far as can be told", now, now + 1.9, 0, /^$/],
    ["the skew where it is less than a minute", now, now - 59, -59, /^$/],
    [
      "which one counts where the local one is ahead",
      now,
      now + 2 * hour,
      2 * hour,
      /^the local clock is 2h ahead of the gateway's: ages count by the gateway's clock/,
    ],
    [
      "which one counts where it is behind",
      now,
      now - 61,
      -61,
      /^the local clock is 1m1s behind the gateway's: ages count by the local clock/,
    ],
    ["that nothing expires without a Date", null, now, null, /^the time is not known, so nothing expires/],
    ["that nothing expires without a local clock", now, Number.NaN, null, /^the time is not known/],
  ])("is %s", (_, gateway, local, skew, note) => {
    const clocks = { gateway, local };
    expect(clockSkewSeconds(clocks)).toBe(skew);
    expect(explainClocks(clocks) ?? "").toMatch(note);
  });
});
