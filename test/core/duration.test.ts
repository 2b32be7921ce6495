import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { formatAge, formatDuration, parseDuration } from "../../src/core/duration.ts";
import { ParseError } from "../../src/core/errors.ts";

describe("a duration", () => {
  it.each([
    ["0", 0],
    ["0s", 0],
    ["1ms", 0.001],
    ["500ms", 0.5],
    ["30s", 30],
    ["90m", 5400],
    ["1h30m", 5400],
    ["1d", 86_400],
    ["1w2d", 777_600],
    ["1y", 31_536_000],
    ["1y1w1d1h1m1s1ms", 31_536_000 + 604_800 + 86_400 + 3600 + 60 + 1 + 0.001],
    ["292y", 292 * 31_536_000],
  ])("%s is %d seconds", (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  it.each([
    "",
    " ",
    "5",
    "30",
    "-1d",
    "+1d",
    "1.5h",
    "5min",
    "1d 2h",
    "2h1d",
    "1h1h",
    "1D",
    "1 d",
    "d",
    "0x5s",
    "1e3s",
    "∞",
  ])("%j is refused with an example of how to write it", (text) => {
    expect(() => parseDuration(text)).toThrow(ParseError);
    expect(() => parseDuration(text)).toThrow("write it like 30d, 1h30m or 500ms");
  });

  it("ends where Prometheus' durations end", () => {
    expect(() => parseDuration("293y")).toThrow("292 years");
  });

  it.each([
    [0, "0s"],
    [0.001, "1ms"],
    [5400, "1h30m"],
    [86_400 * 30, "30d"],
    [604_800, "1w"],
    [31_536_000, "1y"],
    [90_061, "1d1h1m1s"],
  ])("of %d seconds is written %s", (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  it("reads back as it was written, to the millisecond", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_000_000_000_000 }), (milliseconds) => {
        expect(parseDuration(formatDuration(milliseconds / 1000))).toBe(milliseconds / 1000);
      }),
    );
  });
});

describe("an age for people", () => {
  it.each([
    [0, "0s"],
    [0.9, "0s"],
    [59.9, "59s"],
    [61, "1m1s"],
    [3600, "1h"],
    [90_000, "1d1h"],
    [86_400 * 40 + 5, "40d"],
    [-90, "-1m30s"],
    [-0.3, "0s"],
  ])("of %d seconds is %s", (seconds, text) => {
    expect(formatAge(seconds)).toBe(text);
  });
});
