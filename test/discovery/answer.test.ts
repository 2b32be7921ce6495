import { describe, expect, it } from "vitest";

import { decodeTargetGroups } from "../../src/discovery/answer.ts";

describe("target groups", () => {
  it("are as many targets as all groups have, each with the labels of its group", () => {
    const targets = decodeTargetGroups([
      { targets: ["a:1", "b:2"], labels: { team: "x" } },
      { targets: [] },
      { targets: ["c:3"] },
      { targets: ["d:4"], labels: null },
    ]);
    expect(targets.map(({ address, labels }) => [address, Object.fromEntries(labels)])).toEqual([
      ["a:1", { team: "x" }],
      ["b:2", { team: "x" }],
      ["c:3", {}],
      ["d:4", {}],
    ]);
  });

  it("may be none at all", () => {
    expect(decodeTargetGroups([])).toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ["nothing", null, 'expected a list of target groups like [{"targets": ["host:9091"]}], got nothing'],
    ["a single group", { targets: ["a:1"] }, "got a mapping"],
    ["a list of addresses", ["a:1"], "target group 1: expected a mapping with targets, got a text"],
    [
      "a group of nothing",
      [{ targets: [] }, null],
      "target group 2: expected a mapping with targets, got nothing",
    ],
    [
      "a group without targets",
      [{ labels: {} }],
      'target group 1: targets must be a list like ["host:9091"]',
    ],
    ["targets that are no list", [{ targets: "a:1" }], "targets must be a list"],
    ["a target that is no text", [{ targets: ["a:1", 9091] }], "a target must be a text"],
    ["labels that are no mapping", [{ targets: [], labels: ["a"] }], "labels must be a mapping of texts"],
    ["a label that is no text", [{ targets: [], labels: { a: 1 } }], "labels must be a mapping of texts"],
    [
      "another key",
      [{ target: ["a:1"] }],
      'target group 1: unknown key "target": a group has targets and labels',
    ],
    [
      "a key that objects have anyway",
      [JSON.parse('{"targets":[],"__proto__":{}}')],
      'unknown key "__proto__"',
    ],
    ["a key that fills a screen", [{ ["x".repeat(5000)]: 1 }], `unknown key "${"x".repeat(100)}…":`],
    ["too many targets", [{ targets: Array.from({ length: 50_001 }, () => "a:1") }], "50001 targets"],
  ])("are refused as a whole: %s", (_, value, message) => {
    expect(() => decodeTargetGroups(value)).toThrow(message);
  });
});
