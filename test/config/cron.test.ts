import { describe, expect, test } from "vitest";

import { everComes, parseSchedule } from "../../src/config/cron.ts";

describe("a schedule", () => {
  test.each([
    "* * * * *",
    "*/5 * * * *",
    "0 0 * * *",
    "0,15,30,45 8-18 * * mon-fri",
    "0 22-2 * * *",
    "0 0 * * sat-sun",
    "0 0 1 nov-feb *",
    "0 0 1 January,SEP *",
    "0 0 * * 7",
    "59 23 31 12 *",
    "0 0 29 feb *",
    "30 */5 * * * *",
    "10-50/20 * * * *",
    "0 0 L * *",
    "0 0 L-30 * *",
    "0 0 LW * *",
    "0 0 15W * *",
    "0 0 * * 5L",
    "0 0 * * 2#3",
    "0 0 ? * 1",
    "  */5   * * * * ",
    "@daily",
    " @Hourly ",
  ])("may be %j", (text) => {
    const schedule = parseSchedule(text);
    expect(schedule.warnings).toStrictEqual([]);
    expect(everComes(text, schedule, "Europe/Berlin")).toBe(true);
  });

  test.each([
    ["", "a schedule has 5 fields, or 6 with seconds first; this one has 0"],
    ["* * * *", "a schedule has 5 fields, or 6 with seconds first; this one has 4"],
    ["* * * * * * *", "a schedule has 5 fields, or 6 with seconds first; this one has 7"],
    ["*\t* * * * *", "a schedule has digits, names, * ? / , # - and spaces only"],
    ["60 * * * *", '"60" is not a valid minute: write 0 to 59, *, a,b, a-b, */n or a-b/n'],
    ["60 * * * * *", '"60" is not a valid second: write 0 to 59'],
    ["* 24 * * *", '"24" is not a valid hour: write 0 to 23'],
    ["* * 32 * *", '"32" is not a valid day of month: write 1 to 31'],
    ["* * * 0 *", '"0" is not a valid month: write 1 to 12'],
    ["* * * 13 *", '"13" is not a valid month'],
    ["* * * * 8", '"8" is not a valid day of week: write 0 to 7'],
    ["* mon * * *", '"mon" is not a valid hour'],
    ["1, * * * *", '"1," is not a valid minute'],
    ["-1 * * * *", '"-1" is not a valid minute'],
    ["5/15 * * * *", '"5/15" is not a valid minute'],
    ["*/0 * * * *", '"*/0" is not a valid minute'],
    ["0x1 * * * *", '"0x1" is not a valid minute'],
    ["* * L-31 * *", '"L-31" is not a valid day of month'],
    ["* * * * 2#6", '"2#6" is not a valid day of week'],
    ["* * * janfeb *", '"janfeb" is neither the name of a month or day nor a number in range'],
    ["* * * 1jan *", '"1jan" is neither the name of a month or day nor a number in range'],
    ["0-999999999 * * * *", '"999999999" is neither the name of a month or day nor a number in range'],
    ["@weakly", "write @hourly, @daily, @weekly, @monthly, @yearly or 5 fields"],
    ["* */24 * * *", '"*/24": only hour 0 would match, as a hour is 0 to 23'],
    ["0 0 31 2,4 *", "this schedule never fires"],
  ])("%j is refused", (text, message) => {
    expect(() => parseSchedule(text)).toThrow(message);
  });

  test("has an end", () => {
    expect(() => parseSchedule(`${"0,".repeat(250)}0 * * * *`)).toThrow("500 characters at most");
  });

  test.each([
    ["0 3 31W 2 *", "UTC"],
    ["0 3 L-29 2 *", "UTC"],
    ["0 3 8 * 1#1", "UTC"],
    ["0 3 1 1 1#2", "UTC"],
    ["0 0 L * mon#1", "UTC"],
    // The last Sunday of March is when the clocks skip that hour.
    ["* * 2 * 3 0L", "Europe/Berlin"],
  ])("%j never fires in %s", (text, timezone) => {
    expect(everComes(text, parseSchedule(text), timezone)).toBe(false);
  });

  test.each([
    [
      "0 0 1 * mon",
      "sweeps only on days that match both day of month and day of week, where cron takes either",
    ],
    ["*/45 * * * *", "*/45 is not every 45 minutes: it means minute 0, 45, then 0 again"],
    ["*/7 * * * *", "*/7 is not every 7 minutes: it means minute 0, 7, 14, 21 … 56, then 0 again"],
    ["0 */5 * * *", "*/5 is not every 5 hours: it means hour 0, 5, 10, 15, 20, then 0 again"],
    ["*/10 * * * * *", "sweeps more than once a minute: with 6 fields the first one is the second"],
    ["* * * * * *", "sweeps more than once a minute: with 6 fields the first one is the second"],
  ])("%j comes with a warning", (text, warning) => {
    expect(parseSchedule(text).warnings).toStrictEqual([warning]);
  });

  test.each([
    ["* * * * *", false, false],
    ["*/5 * * * *", false, false],
    ["30 */5 * * * *", false, false],
    ["*/5 0-23 1-31 jan-dec 1-7", false, false],
    ["@hourly", false, false],
    ["0 3 * * *", true, false],
    ["0 */6 * * *", true, false],
    ["@daily", true, false],
    ["* * L * *", true, true],
    ["*/5 * * * mon-fri", true, true],
    ["*/5 * * 1-6 *", true, true],
  ])("%j names times: %j, days: %j", (text, namesTimes, namesDays) => {
    expect(parseSchedule(text)).toMatchObject({ namesTimes, namesDays });
  });
});
