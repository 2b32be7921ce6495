import { describe, expect, it } from "vitest";

import { clocksAtStart } from "../../src/core/time.ts";

const date = "Thu, 15 Jan 2026 08:00:00 GMT";
const at = Date.UTC(2026, 0, 15, 8) / 1000;

describe("the gateway's clock by a Date header", () => {
  it("is that at the start of the request, as the header is stamped at its end", () => {
    expect(clocksAtStart(date, 2.5, 42)).toEqual({ gateway: at - 2.5, local: 42 });
  });

  it.each<[string, string | readonly string[] | undefined]>([
    ["missing", undefined],
    ["empty", ""],
    ["sent twice", [date, date]],
    ["sent twice and joined", `${date}, ${date}`],
    ["garbled", "Thu, 15 Jan 2O26 08:00:00 GMT"],
    ["of the wrong weekday", "Fri, 15 Jan 2026 08:00:00 GMT"],
    ["of a day that does not exist", "Sun, 31 Feb 2026 08:00:00 GMT"],
    ["in local time", "Thu, 15 Jan 2026 08:00:00"],
    ["in another zone", "Thu, 15 Jan 2026 08:00:00 +0200"],
    ["a number", "1"],
    ["a year", "2030"],
    ["no date", "Invalid Date"],
  ])("is unknown where it is %s", (_, header) => {
    expect(clocksAtStart(header, 1, 42)).toEqual({ gateway: null, local: 42 });
  });
});
