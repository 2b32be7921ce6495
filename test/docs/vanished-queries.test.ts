import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";

import { mayLackPromtool, runPromtool } from "../support/promtool.ts";
import { testFolder } from "../support/service.ts";
import { codeBlocks, pages } from "./pages.ts";

interface AskingRule {
  readonly vanished?: {
    readonly query: string;
    readonly label: string | { readonly series: string };
  };
}

/** What the pages ask Prometheus, with the label that names the hosts. */
const queries: ReadonlyMap<string, string> = new Map(
  pages.flatMap((page) =>
    codeBlocks(page)
      .filter(({ language, text }) => language === "yaml" && /^rules:/m.test(text))
      .flatMap(({ text }) => (parse(text) as { readonly rules: readonly AskingRule[] }).rules)
      .flatMap(({ vanished }) => {
        if (vanished === undefined) return [];
        const { query, label } = vanished;
        return [[query, typeof label === "string" ? label : label.series] as const];
      }),
  ),
);

function queryWith(part: string): string {
  const found = [...queries.keys()].find((query) => query.includes(part));
  if (found === undefined) throw new Error(`no page asks for ${part}`);
  return found;
}

interface Evaluation {
  readonly query: string;
  readonly at: string;
  readonly hosts: readonly string[];
}

/** What Prometheus' own evaluation of queries, over series with a sample each minute, says against these hosts. */
function evaluate(series: Readonly<Record<string, string>>, evaluations: readonly Evaluation[]): string {
  const test = {
    interval: "1m",
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    promql_expr_test: evaluations.map(({ query, at, hosts }) => {
      const label = queries.get(query) ?? "";
      return {
        expr: `count by (${label}) (${query})`,
        eval_time: at,
        exp_samples: hosts.map((host) => ({ labels: `{${label}="${host}"}`, value: 1 })),
      };
    }),
  };
  const file = join(testFolder(), "queries.yml");
  writeFileSync(file, stringify({ rule_files: [], evaluation_interval: "1m", tests: [test] }));
  const { exitCode, output } = runPromtool(["test", "rules", file]);
  return exitCode === 0 ? "" : output;
}

describe.skipIf(mayLackPromtool)("the queries for hosts in the pages", () => {
  it("are PromQL, and name no host where there is none", () => {
    expect(queries.size).toBeGreaterThan(6);
    const evaluations = [...queries.keys()].map((query) => ({ query, at: "1d", hosts: [] }));
    expect(evaluate({ 'up{job="other",instance="a"}': "1x1440" }, evaluations)).toBe("");
  });

  it("name hosts with and without a port", () => {
    const series = {
      'up{job="node",instance="web-1:9100"}': "1x10",
      'up{job="node",instance="web-2"}': "1x10",
      'up{job="node",instance="[2001:db8::1]:9100"}': "0x10",
    };
    const hosts = ["web-1", "web-2", "[2001:db8::1]"];
    expect(evaluate(series, [{ query: queryWith("label_replace"), at: "10m", hosts }])).toBe("");
  });

  it.each<[string, string, Readonly<Record<string, string>>, string, string]>([
    ["bridge gaps of less than an hour", "[1h]", { a: "1x600", b: "1x100" }, "150m", "170m"],
    [
      "name hosts that were up in the last three days, for targets that are never removed",
      "[3d]",
      { a: "1x6000", b: "1x100 0x5900" },
      "1d",
      "4d",
    ],
  ])("%s", (_, part, values, whileBoth, whenOneIsLeft) => {
    const query = queryWith(part);
    const series = Object.entries(values).map(([host, ups]) => [`up{job="node",instance="${host}"}`, ups]);
    const evaluations = [
      { query, at: whileBoth, hosts: ["a", "b"] },
      { query, at: whenOneIsLeft, hosts: ["a"] },
    ];
    expect(evaluate(Object.fromEntries(series), evaluations)).toBe("");
  });

  it("name no host when many have gone at once, or Prometheus has just started", () => {
    const names = Array.from({ length: 10 }, (_, index) => `h-${index}`);
    const until = (minutes: number): string => `1x${minutes}`;
    const hosts = names.map((name, index) => [
      `up{job="node",instance="${name}"}`,
      until(index === 0 ? 50 : index < 4 ? 100 : 200),
    ]);
    // It started when the series begin, at 0 seconds since 1970.
    const start = ['process_start_time_seconds{job="prometheus",instance="p"}', "0x200"];
    const query = queryWith("0.8");
    const evaluations = [
      { query, at: "5m", hosts: [] },
      { query, at: "40m", hosts: names },
      { query, at: "80m", hosts: names.slice(1) },
      { query, at: "120m", hosts: [] },
    ];
    expect(evaluate(Object.fromEntries([...hosts, start]), evaluations)).toBe("");
  });
});
