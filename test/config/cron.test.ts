import { describe, expect, test } from "vitest";

import { parseSchedule } from "../../src/config/cron.ts";

describe("a schedule", () => {
  test.each([
    "* * * * *",
    "*/5 * * * *",
    "0 0 * * *",
    "0,15,30,45 8-18 * * mon-fri",
    "0 0 1 jan *",
    "0 0 1 January,SEP *",
    "0 0 * * 7",
    "0 0 * * sunday",
    "59 23 31 12 *",
    "0 0 29 feb *",
    "30 */5 * * * *",
    "10-50/20 * * * *",
    "0 0 L * *",
    "0 0 L-30 * *",
    "0 0 15W * *",
    "0 0 * * 5L",
    "0 0 * * 2#3",
    "0 0 ? * 1",
    "  */5   * * * * ",
    "@daily",
    "@Hourly",
  ])("may be %j", (text) => {
    expect(parseSchedule(text).warnings).toStrictEqual([]);
  });

  test.each([
    ["", "a schedule has 5 fields, or 6 with seconds first; this one has 0"],
    ["* * * *", "a schedule has 5 fields, or 6 with seconds first; this one has 4"],
    ["* * * * * * *", "a schedule has 5 fields, or 6 with seconds first; this one has 7"],
    ["*\t* * * * *", '"*\\t*" means nothing as minute: 0 to 59, *, a-b, */n'],
    ["60 * * * *", "60 is no minute: 0 to 59"],
    ["60 * * * * *", "60 is no second: 0 to 59"],
    ["* 24 * * *", "24 is no hour: 0 to 23"],
    ["* * 32 * *", "32 is no day of month: 1 to 31"],
    ["* * * 0 *", "0 is no month: 1 to 12"],
    ["* * * 13 *", "13 is no month: 1 to 12"],
    ["* * * * 8", "8 is no day of week: 0 to 7"],
    ["* mon * * *", '"mon" means nothing as hour: 0 to 23, *, a-b, */n'],
    ["1, * * * *", '"" means nothing as minute: 0 to 59, *, a-b, */n'],
    ["-1 * * * *", '"-1" means nothing as minute: 0 to 59, *, a-b, */n'],
    ["0x1 * * * *", '"0x1" means nothing as minute: 0 to 59, *, a-b, */n'],
    ["* * L-31 * *", '"L-31" means nothing as day of month: 1 to 31, *, a-b, */n'],
    ["* * * * 2#6", '"2#6" means nothing as day of week: 0 to 7, *, a-b, */n'],
    ["@weakly", "a schedule has 5 fields, or 6 with seconds first; this one has 1"],
    ["1-5/5 * * * *", '"1-5/5": only minute 1 would match, as a minute is 0 to 59'],
    ["* */24 * * *", '"*/24": only hour 0 would match, as a hour is 0 to 23'],
    ["0 0 31 2,4 *", "this date never comes: none of these months has such a day"],
  ])("%j is refused", (text, message) => {
    expect(() => parseSchedule(text)).toThrow(message);
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
    ["* * * * *", false],
    ["*/5 * * * *", false],
    ["0 3 * * *", true],
    ["0 0 3 * * *", true],
    ["0 */6 * * *", true],
    ["@hourly", false],
    ["@daily", true],
  ])("%j names hours: %j", (text, namesHours) => {
    expect(parseSchedule(text).namesHours).toBe(namesHours);
  });
});
