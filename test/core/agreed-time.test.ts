import { describe, expect, it } from "vitest";

import { agreeOnNow } from "../../src/core/agreed-time.ts";
import { group, now } from "../support/core-values.ts";

const day = 86_400;
const pushedAgo = (seconds: number): ReturnType<typeof group> => group({ job: "a" }, seconds);

describe("the time by which ages are told", () => {
  it.each([
    ["the gateway's where the clocks agree", now, now + 1, [pushedAgo(60)], now],
    ["the gateway's where it is the earlier", now, now + day, [pushedAgo(60)], now],
    [
      "the gateway's where a push proves that the local clock is behind",
      now,
      now - day,
      [pushedAgo(60)],
      now,
    ],
    [
      "the local one where nothing but a Date header says that it is later",
      now + 40 * day,
      now,
      [pushedAgo(60)],
      now,
    ],
    [
      "the local one where a push lies ahead even of that header",
      now,
      now - day,
      [pushedAgo(-2 * day)],
      now - day,
    ],
    ["the gateway's where there is no local one", now, Number.NaN, [pushedAgo(60)], now],
    ["the local one on an empty gateway", now + day, now, [], now],
  ])("is %s", (_, gatewayNow, localNow, groups, expected) => {
    expect(agreeOnNow(groups, gatewayNow, localNow)).toBe(expected);
  });
});
