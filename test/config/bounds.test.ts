import { describe, expect, it } from "vitest";
import { parseConfig } from "../../src/config/load.ts";
import { renderProblem } from "../../src/config/file/problem.ts";
import { findContradiction, findShadows } from "../../src/config/rules.ts";
import { createMatcher } from "../../src/core/matcher.ts";

/*
 * Files of up to 1 MiB that once took minutes, gigabytes, or all of the stack, while the service could do nothing else. What is
 * quadratic again makes a test run into its timeout.
 */

const gateways = 'pushgateways: [{ name: g, url: "http://g" }]\n';
const rules = "rules: [{ name: a, matchers: [], ttl: 30d }]\n";
const megabyte = 1_000_000;

function lines(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => `${line(index)}\n`).join("");
}

function problemsOf(text: string): readonly string[] {
  const result = parseConfig(text, "janitor.yml");
  return (result.ok ? result.warnings : result.problems).map(renderProblem);
}

describe("a configuration of the largest size", () => {
  it.each<[string, string, string]>([
    ["brackets without end", "[".repeat(megabyte), "nested more than 100 levels deep"],
    ["lists within lists", "- ".repeat(megabyte / 2), "nested more than 100 levels deep"],
    ["keys within keys", "? ".repeat(megabyte / 2), "nested more than 100 levels deep"],
    ["quotes without end", `${gateways}${lines(20_000, () => '"')}`, "not valid YAML"],
    ["brackets side by side", "[]".repeat(megabyte / 2), "more than 800,000 words and signs"],
    ["too many list items", `rules:\n${"  -\n".repeat(130_000)}`, "more than 100,000 values"],
    [
      "a path of slashes",
      `pushgateways: [{ name: g, url: "http://g/${"/".repeat(megabyte)}x" }]\n${rules}`,
      "a URL has 8192 characters at most",
    ],
    ["a key of a megabyte", `${gateways}${rules}? ${"k".repeat(megabyte)}\n: 1\n`, 'unknown key "kkkk'],
  ])("is refused with %s", (_, text, message) => {
    const problems = problemsOf(text);
    expect(problems[0]).toContain(message);
    expect(problems.join("").length).toBeLessThan(10_000);
  });

  it.each([
    ["colons", ":"],
    ["URLs", "://"],
  ])("is read with a value of many %s", (_, part) => {
    const dir = part.repeat(megabyte / part.length);
    expect(problemsOf(`${gateways}${rules}archive: { dir: "${dir}" }\n`)).toEqual([]);
  });

  it("is read with 10,000 rules that have the same Prometheus query", () => {
    const rule = (index: number): string =>
      `- {name: r${index}, matchers: [a="${index}"], ttl: 1d, vanished: {query: up, label: a, ttl: 1h}}`;
    const text = `${gateways}prometheus: { url: "http://p" }\nrules:\n${lines(10_000, rule)}`;
    expect(problemsOf(text)).toEqual([]);
  });

  it("names its first fifty problems, and how many more there are", () => {
    const empty = "  - { keep_latest: {}, vanished: {}, ttl_metric: {} }";
    const result = parseConfig(`${gateways}rules:\n${lines(1000, () => empty)}`, "janitor.yml");
    expect(result).toMatchObject({ ok: false, errorCount: 12_000 });
    const problems = result.ok ? [] : result.problems;
    expect(problems.length).toBe(51);
    expect(problems.at(-1)).toMatchObject({ message: "and 11,950 more", location: null });
  });

  it("counts more problems than it names", () => {
    const result = parseConfig(`${gateways}rules: [${"{},".repeat(20_000)}]`, "janitor.yml");
    expect(result).toMatchObject({ ok: false, errorCount: 60_000 });
    expect(result.ok ? null : result.problems.at(-1)?.message).toBe("and 59,950 more");
  });

  it("shows none of its secrets, however many", () => {
    const text = `${gateways}${rules}${lines(100, () => "x: 1")}web: { basic_auth: { ${"p: hunter2, ".repeat(10_000)} } }\n`;
    expect(problemsOf(text).join("\n")).not.toContain("hunter2");
  });
});

describe("rules", () => {
  const matcher = (label: string, value: number) => createMatcher(label, "=", String(value));

  it("are compared with those that can hide them, not with all", () => {
    const scopes = Array.from({ length: 20_000 }, (_, index) => ({
      name: `rule ${index}`,
      matchers: [matcher("job", index % 100), matcher("instance", Math.floor(index / 100))],
    }));
    const hidden = { name: "hidden", matchers: [matcher("x", 1), ...(scopes[777]?.matchers ?? [])] };
    const shadows = findShadows([...scopes, hidden]);
    expect(shadows.filter((shadow) => shadow !== null)).toEqual([
      'this rule never decides: rule "rule 777" before it matches all of its groups',
    ]);
  });

  it("with thousands of matchers are checked for contradictions", () => {
    const matchers = Array.from({ length: 20_000 }, () => matcher("job", 1));
    expect(findContradiction(matchers)).toBe(null);
    expect(findContradiction([...matchers, matcher("job", 2)])).toMatchObject({ index: 20_000 });
  });
});
