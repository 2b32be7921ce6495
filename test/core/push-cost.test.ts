import { describe, expect, it } from "vitest";

import { estimatePushCost, scalePushCost } from "../../src/core/push-cost.ts";

describe("the estimate of a checked push", () => {
  it.each([
    [100, 0.001, 0.006],
    [1000, 0.01, 0.028],
    [10_000, 0.19, 0.37],
    [100_000, 4, 12],
  ])("is what was seen, with %d groups", (groups, from, to) => {
    expect(estimatePushCost(groups).fromSeconds).toBeCloseTo(from, 6);
    expect(estimatePushCost(groups).toSeconds).toBeCloseTo(to, 6);
  });

  it("never falls when there are more groups", () => {
    let before = estimatePushCost(0);
    for (let groups = 1; groups < 2_000_000; groups = Math.ceil(groups * 1.3)) {
      const cost = estimatePushCost(groups);
      expect(cost.fromSeconds).toBeGreaterThanOrEqual(before.fromSeconds);
      expect(cost.toSeconds).toBeGreaterThanOrEqual(before.toSeconds);
      expect(cost.fromSeconds).toBeLessThanOrEqual(cost.toSeconds);
      before = cost;
    }
  });

  it("is never nothing", () => {
    expect(estimatePushCost(0)).toEqual({ fromSeconds: 0.0005, toSeconds: 0.0005 });
    expect(estimatePushCost(1).fromSeconds).toBe(0.0005);
  });
});

describe("a measured push, scaled", () => {
  it("stays as it is where nothing is deleted", () => {
    expect(scalePushCost(0.3, 10_000, 10_000)).toBeCloseTo(0.3, 9);
  });

  it("shrinks as the estimates do", () => {
    expect(scalePushCost(0.265, 10_000, 1000)).toBeGreaterThan(0.01);
    expect(scalePushCost(0.265, 10_000, 1000)).toBeLessThan(0.028);
  });
});
