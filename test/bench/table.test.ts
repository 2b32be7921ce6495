import { format } from "prettier";
import { describe, expect, it } from "vitest";

import { renderResults } from "./results.ts";
import { atLeast, atMost, CommandFailed, measureRow, row, type Row } from "./row.ts";
import { renderTable } from "./table.ts";

const rows: readonly Row[] = [
  row("reader", { value: 4.2, text: "4.2 times (a|b)" }, atLeast(4, "4 times")),
  row("block", { value: 21, text: "21 ms" }, atMost(20, "20 ms")),
  row("pushes", { value: 3, text: "3" }),
];

describe("a line of the table", () => {
  it("says whether the target is met, the limit included", () => {
    const met = [4, 3.9].map((value) => row("x", { value, text: "" }, atLeast(4, "4")).met);
    expect(met).toEqual(["yes", "no"]);
    expect([20, 20.1].map((value) => row("x", { value, text: "" }, atMost(20, "20")).met)).toEqual([
      "yes",
      "no",
    ]);
  });

  it("says nothing about a target that there is not", () => {
    expect(rows[2]).toEqual({ figure: "pushes", measured: "3", target: "", met: "" });
  });

  it("of a program that fails has not met its target, and says why", async () => {
    const failing = measureRow("report", atMost(1, "1"), () =>
      Promise.reject(new CommandFailed("report exited with 1:\n  too large\n")),
    );
    expect(await failing).toEqual({
      figure: "report",
      measured: "failed: report exited with 1: too large",
      target: "≤ 1",
      met: "no",
    });
  });

  it("does not hide a mistake of the benchmark", async () => {
    const mistaken = measureRow("report", null, () => Promise.reject(new TypeError("undefined")));
    await expect(mistaken).rejects.toThrow(TypeError);
  });
});

describe("the table", () => {
  it("has a column for each, as wide as its widest cell", () => {
    expect(renderTable(rows)).toBe(
      [
        "| figure | measured         | target    | met |",
        "| ------ | ---------------- | --------- | --- |",
        "| reader | 4.2 times (a\\|b) | ≥ 4 times | yes |",
        "| block  | 21 ms            | ≤ 20 ms   | no  |",
        "| pushes | 3                |           |     |",
      ].join("\n"),
    );
  });

  it("is in a file that prettier does not change", async () => {
    const setting = {
      command: "npm run bench",
      date: "2026-01-02",
      machine: "2 cores",
      node: "v20",
      gateway: "1.11.0",
    };
    const figure = { name: "reader", method: "Twice, as `it` says.", async *measure() {} };
    const text = renderResults(setting, [figure, figure], rows);
    expect(await format(text, { parser: "markdown", printWidth: 110 })).toBe(text);
  });
});
