import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";
import { stringify } from "yaml";

import { findUnknownNames, usedMetrics } from "../support/promql.ts";
import { mayLackPromtool, runPromtool } from "../support/promtool.ts";
import { dashboardSchema, type Dashboard } from "./dashboard-schema.ts";

const text = readFileSync(new URL("../../config/grafana/dashboard.json", import.meta.url), "utf8");
const dashboard = JSON.parse(text) as Dashboard;
const queries = dashboard.panels.filter((panel) => panel.type !== "row");
const variables = dashboard.templating.list;

/** Every expression as Prometheus gets to see it, by the panel that asks. */
const expressions: readonly (readonly [where: string, expression: string])[] = [
  ...queries.flatMap(({ title, targets }) =>
    targets.map(({ refId, expr }) => [`${title} ${refId}`, expr] as const),
  ),
  ...dashboard.annotations.list.map(({ name, expr }) => [name, expr] as const),
].map(([where, expr]) => [where, fillIn(expr)] as const);

function fillIn(expr: string): string {
  return expr
    .replaceAll("$__rate_interval", "5m")
    .replaceAll("$__range", "1d")
    .replaceAll('"$gateway"', '".*"');
}

describe("the dashboard", () => {
  it("has only fields and values that Grafana knows", () => {
    expect(dashboardSchema.safeParse(dashboard).error?.issues ?? []).toEqual([]);
  });

  it.each(expressions)("asks for metrics and labels that the janitor has: %s", (_, expression) => {
    expect(findUnknownNames(expression)).toEqual([]);
    expect(usedMetrics(expression).length).toBeGreaterThan(0);
    expect(expression).not.toMatch(/\$/);
  });

  it.skipIf(mayLackPromtool)("has queries that Prometheus can parse", () => {
    const folder = mkdtempSync(join(tmpdir(), "dashboard-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "rules.yml");
    const rules = expressions.map(([where, expr], index) => ({
      record: `panel:${index}`,
      expr,
      labels: { where },
    }));
    writeFileSync(file, stringify({ groups: [{ name: "dashboard", rules }] }));
    expect(runPromtool(["check", "rules", file])).toMatchObject({ exitCode: 0 });
  });

  it("has panels that do not overlap and stay on the grid", () => {
    const taken = new Map<string, string>();
    for (const { title, gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(`${taken.get(`${x},${y}`) ?? "nothing"} beneath ${title}`).toBe(`nothing beneath ${title}`);
          taken.set(`${x},${y}`, title);
        }
      }
    }
  });

  it("has a unique id for every panel", () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("gives every row of numbers a unit, and every series of several a name", () => {
    for (const { title, type, targets, fieldConfig } of queries) {
      if (type !== "timeseries") continue;
      expect([title, fieldConfig.defaults.unit]).not.toContain(undefined);
      expect([title, ...targets.map(({ legendFormat }) => legendFormat)]).not.toContain(undefined);
    }
  });

  it("names labels in its legends that the series have", () => {
    for (const { targets } of queries) {
      for (const { expr, legendFormat = "" } of targets) {
        const by = /by \(([^)]*)\)/.exec(expr)?.[1]?.split(/,\s*/) ?? ["gateway"];
        for (const [, label = ""] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) expect(by).toContain(label);
      }
    }
  });

  it("has a variable for every one that is used", () => {
    const used = new Set([...text.matchAll(/\$\{?(\w+)/g)].map(([, name = ""]) => name));
    const own = new Set(["__rate_interval", "__range", "__all"]);
    expect(new Set([...used].filter((name) => !own.has(name)))).toEqual(
      new Set(variables.map(({ name }) => name)),
    );
  });

  it.each(variables.flatMap((one) => (one.type === "query" ? [one] : [])))(
    "fills its variable $name from labels that exist",
    ({ name, definition, query }) => {
      expect(query.query).toBe(definition);
      const [, metric = "", label = ""] = /^label_values\((\w+), (\w+)\)$/.exec(definition) ?? [];
      expect(findUnknownNames(`count by (${label}) (${metric})`)).toEqual([]);
      expect(label).toBe(name);
    },
  );
});
