import { describe, expect, test } from "vitest";

import { changesClocks, parseTimezone, steadyTimezone } from "../../src/config/cron.ts";

describe("a time zone", () => {
  test.each(["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])("may be %s", (text) => {
    expect(parseTimezone(text)).toBe(text);
  });

  test.each(["CEST+2", "+02:00", "-05:00", "Berlin", "local"])("may not be %s", (text) => {
    expect(() => parseTimezone(text)).toThrow("is not a time zone");
  });

  test.each([
    ["UTC", false],
    ["Asia/Tokyo", false],
    ["Etc/GMT+5", false],
    ["Europe/Berlin", true],
    ["Australia/Sydney", true],
    ["America/New_York", true],
  ])("%s changes its clocks: %j", (timezone, changes) => {
    expect(changesClocks(timezone)).toBe(changes);
  });

  test.each([
    ["UTC", "UTC"],
    ["Europe/Berlin", "UTC"],
    ["Asia/Calcutta", "Asia/Kolkata"],
    ["Australia/Adelaide", "Asia/Kolkata"],
    ["America/St_Johns", "Asia/Kolkata"],
    ["Pacific/Chatham", "Asia/Kathmandu"],
    // Half an hour apart in summer and winter: neither is right all year.
    ["Australia/Lord_Howe", "UTC"],
  ])("%s has the minutes of %s", (timezone, steady) => {
    expect(steadyTimezone(timezone)).toBe(steady);
  });
});
