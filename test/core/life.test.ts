import { describe, expect, it } from "vitest";

import type { Group } from "../../src/core/group.ts";
import { mayRefusePushes, showsLife, surveyPushes } from "../../src/core/life.ts";
import { createPlan } from "../../src/core/plan.ts";
import { group, limits, now, ttlRule } from "../support/core-values.ts";

const hour = 3600;
const onlySuccess = ttlRule(hour, { since: "last_success" });

/** Last successful push, last refused one, in seconds before now; null: none. */
function pushed(job: string, succeeded: number | null, refused: number | null): Group {
  const [lastSuccessAt, lastFailureAt] = [succeeded, refused].map((ago) => (ago === null ? 0 : now - ago));
  return group({ job }, 0, { lastSuccessAt: lastSuccessAt!, lastFailureAt: lastFailureAt! });
}

describe("a refused push under since: last_success", () => {
  const failing = pushed("it", 2 * hour, 60);

  it.each<[string, Group, readonly Group[], "keep" | "delete"]>([
    ["is no life where others succeed", failing, [pushed("b", 1, null)], "delete"],
    ["is no life where others fail only sometimes", failing, [pushed("b", 1, 30)], "delete"],
    [
      "is no life where others failed before its last success",
      failing,
      [pushed("b", 1, null), pushed("c", null, 3 * hour)],
      "delete",
    ],
    ["is life where nobody has pushed since", failing, [pushed("b", 61, null)], "keep"],
    ["is life where it is alone", failing, [], "keep"],
    [
      "is life where another's pushes fail, too, whoever succeeds beside",
      failing,
      [pushed("b", 1, null), pushed("c", 2 * hour, 90)],
      "keep",
    ],
    [
      "is life where another has only ever failed",
      failing,
      [pushed("b", 1, null), pushed("c", null, 90)],
      "keep",
    ],
    [
      "is life where another failed at the same moment",
      failing,
      [pushed("b", 1, null), pushed("c", 9 * hour, 60)],
      "keep",
    ],
    ["is life where others succeed only in the future", failing, [pushed("b", -100, null)], "keep"],
    ["is life where it has only ever failed", pushed("it", null, 60), [pushed("b", 1, null)], "keep"],
    ["is no life when it is older than the TTL", pushed("it", 3 * hour, 2 * hour), [], "delete"],
  ])("%s", (_, one, others, verdict) => {
    const plan = createPlan({
      groups: [one, ...others],
      now,
      gatewayStartedAt: null,
      rules: [onlySuccess],
      limits: limits(),
    });
    expect(plan.decisions.find((decision) => decision.group === one)?.verdict.verdict).toBe(verdict);
  });
});

describe("after the plan, a group shows life", () => {
  const busy = pushed("busy", 0, null);
  const quiet = pushed("it", 2 * hour, null);
  const refused = pushed("it", 2 * hour, 10);
  const anyPush = ttlRule(hour);

  it.each<[string, typeof onlySuccess, planned: readonly Group[], later: readonly Group[], boolean]>([
    ["not by standing still", onlySuccess, [quiet, busy], [quiet, busy], false],
    ["by a push", onlySuccess, [quiet, busy], [pushed("it", 1, null), busy], true],
    ["by a push that was refused", anyPush, [quiet, busy], [refused, busy], true],
    ["not by its own fault under since: last_success", onlySuccess, [quiet, busy], [refused, busy], false],
    [
      "by a refused one while others are refused",
      onlySuccess,
      [quiet, busy],
      [refused, busy, pushed("b", hour, 5)],
      true,
    ],
    [
      "by a refused one of before, once others are refused",
      onlySuccess,
      [refused, busy],
      [refused, busy, pushed("b", hour, 5)],
      true,
    ],
    [
      "by a refused one after a plan for which all were",
      onlySuccess,
      [pushed("it", 9 * hour, 8 * hour)],
      [pushed("it", 9 * hour, 10), busy],
      true,
    ],
    [
      "not because others succeed again",
      onlySuccess,
      [pushed("it", 9 * hour, 8 * hour)],
      [pushed("it", 9 * hour, 8 * hour), busy],
      false,
    ],
    ["by a time that went back", anyPush, [quiet], [pushed("it", 3 * hour, null)], true],
    [
      "by a time that became unreadable",
      anyPush,
      [quiet],
      [group({ job: "it" }, 0, { lastSuccessAt: null })],
      true,
    ],
    [
      "by its success, where its failure time is unreadable",
      anyPush,
      [group({ job: "it" }, 9 * hour, { lastFailureAt: null })],
      [group({ job: "it" }, 8 * hour, { lastFailureAt: null })],
      true,
    ],
  ])("%s", (_, rule, planned, later, expected) => {
    const [known, current] = [planned, later].map((groups) => ({
      group: groups[0]!,
      pushes: surveyPushes(groups, now),
    }));
    expect(showsLife(known!, current!, rule)).toBe(expected);
  });
});

describe("a gateway that may be refusing every push", () => {
  it.each<[string, readonly Group[], boolean]>([
    ["is one whose newest push was refused", [pushed("a", 100, 30), pushed("b", 31, null)], true],
    ["is none once a later push succeeded", [pushed("a", 100, 30), pushed("b", 29, null)], false],
    [
      "is one also while a success lies in the future",
      [pushed("a", 100, 30), pushed("b", -9999, null)],
      true,
    ],
    ["is none without refused pushes", [pushed("a", 100, null)], false],
  ])("%s", (_, groups, expected) => {
    expect(mayRefusePushes(surveyPushes(groups, now))).toBe(expected);
  });
});
