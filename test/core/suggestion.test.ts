import { describe, expect, it } from "vitest";

import { createLabels } from "../../src/core/labels.ts";
import { findShortTtls, suggestTtl, type PushedJob } from "../../src/core/suggestion.ts";
import { ttlRule } from "../support/core-values.ts";

const hour = 3600;
const day = 24 * hour;
const period = { start: 0, end: 14 * day, resolutionSeconds: 60 };

/** One group that pushed at these intervals, and then until the end. */
function job(intervals: Record<number, number>, backwards = 0): PushedJob {
  const seconds = Object.keys(intervals).map(Number);
  const group = {
    labels: createLabels([["job", "j"]]),
    pushes: 1,
    firstPushAt: 0,
    lastPushAt: period.end,
    longestGapSeconds: Math.max(0, ...seconds),
  };
  return {
    job: "j",
    groups: [group],
    intervals: new Map(seconds.map((one) => [one, intervals[one]!])),
    backwards,
  };
}

describe("the TTL of a job", () => {
  it.each([
    ["every 15 s, seen each minute", { 60: 20_000, 120: 3 }, 300],
    ["hourly", { 3600: 300, 3660: 30 }, 3 * hour],
    ["every five minutes, with an outage of 50 minutes", { 300: 4000, 3000: 1 }, 2 * hour],
    ["daily, not at weekends", { [day]: 8, [3 * day]: 2 }, 7 * day],
    ["ten intervals", { 60: 10 }, 300],
  ])("is a few intervals: %s", (_, intervals, ttlSeconds) => {
    expect(suggestTtl(job(intervals), period).ttlSeconds).toBe(ttlSeconds);
  });

  it.each([
    ["every five minutes, but not at night", job({ 300: 2000, [12 * hour]: 13 }), "pushes irregularly"],
    ["nine intervals", job({ 60: 9 }), "too little history: 9 intervals"],
    ["a single push", job({}), "too little history: 0 intervals"],
    ["a gap of four days in two weeks", job({ [day]: 12, [4 * day]: 1 }), "over a quarter"],
    ["several gateways in one series", job({ 60: 1000 }, 1), "several gateways"],
  ])("is left to people: %s", (_, pushed, why) => {
    expect(suggestTtl(pushed, period)).toMatchObject({ ttlSeconds: null, why: expect.stringContaining(why) });
  });

  it("is found for a job with a group of its own for each run, 200,000 of them", () => {
    const pushed = job({ 60: 100 });
    const groups = Array.from({ length: 200_000 }, () => pushed.groups[0]!);
    expect(suggestTtl({ ...pushed, groups }, period).statistics).toMatchObject({
      groups: 200_000,
      longestGapSeconds: 60,
    });
  });

  it("comes with the life of groups that have ended, and the 99 % of intervals", () => {
    const { groups, ...rest } = job({ 60: 99, 120: 1 });
    const ended = [3, 1, 2].map((hours) =>
      Object.assign({}, groups[0]!, { firstPushAt: hour, lastPushAt: (1 + hours) * hour }),
    );
    expect(suggestTtl({ ...rest, groups: [...groups, ...ended] }, period).statistics).toEqual({
      job: "j",
      pushes: 4,
      groups: 4,
      ended: 3,
      lifeSeconds: 2 * hour,
      medianSeconds: 60,
      p99Seconds: 60,
      longestGapSeconds: 120,
    });
  });
});

describe("a rule whose TTL is shorter than a gap", () => {
  const short = (ttlSeconds: number, gap: number): number =>
    findShortTtls([job({ [gap]: 1 })], [ttlRule(ttlSeconds)], period).length;

  it("is found, unless the gap could be what pushes in a row look like", () => {
    expect(short(hour, hour + 1)).toBe(1);
    expect(short(hour, hour)).toBe(0);
    expect(short(100, 120)).toBe(0);
    expect(short(100, 121)).toBe(1);
  });

  it("only if it is the first that matches, and deletes", () => {
    const keep = { name: "kept", matchers: [], action: "keep" } as const;
    expect(findShortTtls([job({ 7200: 1 })], [keep, ttlRule(60)], period)).toEqual([]);
    expect(findShortTtls([job({ 7200: 1 })], [], period)).toEqual([]);
  });
});
