import { describe, expect, it } from "vitest";
import { type GatewayReport, findFailureReason } from "../../src/core/report.ts";
import { sweepFailureReasons } from "../../src/core/verdict.ts";
import { entry, gatewayReport, unreadGateway } from "../support/reports.ts";

const error = (code: string): GatewayReport["error"] => ({ code, message: code });
const deletion = (outcome: "gone" | "failed" | "still_there" | "pushed_again") =>
  entry({ verdict: "delete", reason: "ttl_expired" }, { outcome });
const withheld = (reason: "pushed_again" | "interrupted" | "max_deletes") =>
  entry({ verdict: "withhold", reason });

describe("why a sweep did not do all of its work", () => {
  it.each<[string, GatewayReport, string | null]>([
    ["one that did", gatewayReport([deletion("gone"), deletion("pushed_again")]), null],
    ["one whose groups came back to life", gatewayReport([withheld("pushed_again")]), null],
    ["a gateway that is not there", unreadGateway("unreachable"), "unreachable"],
    ["a read that was interrupted", unreadGateway("aborted"), "aborted"],
    ["a mistake of its own", unreadGateway("internal"), "internal"],
    ["an error that nobody knows", unreadGateway("no such code"), "internal"],
    [
      "a limit",
      gatewayReport([withheld("max_deletes")], { status: "withheld", error: error("max_deletes") }),
      "max_deletes",
    ],
    [
      "a refused deletion",
      gatewayReport([deletion("failed")], { status: "partial", error: error("timeout") }),
      "timeout",
    ],
    [
      "an interruption after some deletions",
      gatewayReport([deletion("gone"), withheld("pushed_again"), withheld("interrupted")], {
        status: "partial",
      }),
      "interrupted",
    ],
    [
      "groups that are still there",
      gatewayReport([deletion("gone"), deletion("still_there")], { status: "partial" }),
      "unconfirmed",
    ],
    [
      "groups that could not be read again",
      gatewayReport([withheld("pushed_again"), deletion("failed")], { status: "partial" }),
      "unconfirmed",
    ],
  ])("%s", (_, report, expected) => {
    expect(findFailureReason(report)).toBe(expected);
  });

  it("is one of a closed set without repetition", () => {
    expect(new Set(sweepFailureReasons).size).toBe(sweepFailureReasons.length);
    expect(sweepFailureReasons).not.toContain("pushed_again");
  });
});
