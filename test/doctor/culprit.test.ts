import { describe, expect, it } from "vitest";

import { createLabels } from "../../src/core/labels.ts";
import { findDeletions, type Culprit } from "../../src/doctor/culprit.ts";

function culprit(labels: Record<string, string>, rest: Partial<Culprit> = {}): Culprit {
  const path = `/metrics/${Object.entries(labels).flat().join("/")}`;
  return {
    labels: createLabels(Object.entries(labels)),
    paths: [path],
    isNamed: true,
    lastSuccessAt: 1000,
    lastFailureAt: 0,
    series: 3,
    ...rest,
  };
}

const plain = culprit({ job: "d" });
const twin = culprit({ job: "d", instance: "" });
const never = { lastSuccessAt: 0, series: 2 };

describe("the deletions that end a conflict", () => {
  it("is none if no group could be named", () => {
    expect(findDeletions([])).toEqual([]);
  });

  it("is the only side, which is wrong by itself, whatever it holds", () => {
    expect(findDeletions([[plain, twin]])).toEqual([[plain, twin]]);
  });

  it.each([
    ["the odd spelling", plain, { ...twin, ...never }],
    ["the usual spelling", twin, { ...plain, ...never }],
  ])("is certainly the group that never pushed successfully: %s", (_, pushed, empty) => {
    expect(findDeletions([[pushed], [empty]])).toEqual([[empty]]);
    expect(findDeletions([[empty], [pushed]])).toEqual([[empty]]);
  });

  it("spares the usual spelling where neither ever pushed successfully", () => {
    const sides = [[{ ...twin, ...never }], [{ ...plain, ...never }]];
    expect(findDeletions(sides)).toEqual([sides[0]]);
    expect(findDeletions(sides.toReversed())).toEqual([sides[0]]);
  });

  it("is a choice where several have something to lose, the least loss first", () => {
    const big = culprit({ job: "big" }, { series: 40 });
    expect(findDeletions([[big], [plain]])).toEqual([[plain], [big]]);
  });

  it("is a choice with the newest first where the loss is the same", () => {
    const newer = { ...twin, lastSuccessAt: 2000 };
    expect(findDeletions([[plain], [newer]])).toEqual([[newer], [plain]]);
  });

  it("is a choice if it is not known which one was pushed", () => {
    const unknown = { lastSuccessAt: null, series: null };
    const sides = [[{ ...plain, ...unknown }], [{ ...twin, ...unknown }]];
    expect(findDeletions(sides)).toHaveLength(2);
  });

  it("is all sides but one where there are more than two", () => {
    const third = culprit({ job: "e" }, { series: 10 });
    expect(findDeletions([[third], [plain], [{ ...twin, ...never }]])).toEqual([
      [plain, { ...twin, ...never }],
      [third, { ...twin, ...never }],
    ]);
  });

  it("is none if no path names the only side", () => {
    expect(findDeletions([[{ ...plain, paths: [] }]])).toEqual([]);
  });

  it("is never a group that no path names: that one remains", () => {
    const stuck = { ...plain, ...never, paths: [] };
    expect(findDeletions([[stuck], [twin]])).toEqual([[twin]]);
  });
});
