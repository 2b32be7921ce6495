import { expect, it } from "vitest";

import { median, medianOf } from "./statistics.ts";

it.each([
  [[3], 3],
  [[10, 9, 1], 9],
  [[4, 1, 2, 100], 3],
])("the median of %j is %d", (values, expected) => {
  expect(median(values)).toBe(expected);
});

it("takes the median of one number of each sample", () => {
  expect(medianOf([{ seconds: 2 }, { seconds: 1 }, { seconds: 9 }], ({ seconds }) => seconds)).toBe(2);
});

it("has no median of nothing", () => {
  expect(() => median([])).toThrow("no median of nothing");
});
