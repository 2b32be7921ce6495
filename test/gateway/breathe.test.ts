import { describe, expect, it } from "vitest";

import { createPlan, planInSteps } from "../../src/core/plan.ts";
import { breatheThrough } from "../../src/gateway/breathe.ts";
import { group, limits, now, ttlRule } from "../support/core-values.ts";

describe("long work", () => {
  it("yields to everything else", async () => {
    let turns = 0;
    const count = (): void => {
      turns += 1;
      setImmediate(count).unref();
    };
    count();
    const steps = (function* (): Generator<void, string> {
      for (let step = 0; step < 10; step += 1) {
        const until = performance.now() + 6;
        while (performance.now() < until);
        yield;
      }
      return "done";
    })();
    expect(await breatheThrough(steps)).toBe("done");
    expect(turns).toBeGreaterThanOrEqual(10);
  });

  it("makes the same plan in steps as at once", async () => {
    const groups = Array.from({ length: 50 }, (_, index) => group({ job: `${index}` }, index * 600));
    const input = { groups, now, gatewayStartedAt: null, rules: [ttlRule(3600)], limits: limits() };
    const { decisions, notes } = await breatheThrough(planInSteps(input));
    expect(createPlan(input)).toMatchObject({ decisions, notes });
    expect([...planInSteps(input)]).toHaveLength(groups.length);
  });
});
