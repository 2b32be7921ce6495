import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { describe, expect, it } from "vitest";
import { parse } from "yaml";

import { alertRules, recordedMetrics, rulesFile } from "../support/alert-rules.ts";
import { findUnknownNames } from "../support/promql.ts";
import { mayLackPromtool, runPromtool } from "../support/promtool.ts";

interface TestFile {
  readonly tests: readonly {
    readonly input_series: readonly { readonly series: string }[];
    readonly promql_expr_test: readonly { readonly exp_samples: readonly { readonly labels: string }[] }[];
  }[];
}

const folder = dirname(rulesFile);
const files = readdirSync(folder).filter((name) => name.endsWith(".test.yml"));
const tests = files.flatMap((name) => (parse(readFileSync(join(folder, name), "utf8")) as TestFile).tests);

describe("the unit tests of the alerts", () => {
  it.skipIf(mayLackPromtool).each(files)("%s pass where users run them", (name) => {
    expect(runPromtool(["test", "rules", join(folder, name)])).toMatchObject({ exitCode: 0 });
  });

  it("let every alert fire once, and stay silent once", () => {
    const expected = tests.flatMap((test) => test.promql_expr_test);
    const fired = new Set(
      expected.flatMap(({ exp_samples: samples }) =>
        samples.map(({ labels }) => /alertname="(\w+)"/.exec(labels)?.[1]),
      ),
    );
    expect(alertRules.map(({ alert }) => alert).filter((alert) => !fired.has(alert))).toEqual([]);
    expect(expected.some(({ exp_samples: samples }) => samples.length === 0)).toBe(true);
  });

  it("have series that the janitor exports", () => {
    const series = tests.flatMap((test) => test.input_series.map((one) => one.series));
    expect(series.flatMap((one) => findUnknownNames(one, recordedMetrics))).toEqual([]);
  });
});
