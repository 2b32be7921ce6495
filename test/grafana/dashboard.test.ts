import { existsSync, readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { createMetrics } from "../../src/telemetry/metrics.ts";
import { alertRules } from "../support/alert-rules.ts";
import { declaredFamilies } from "../support/families.ts";
import { findUnknownNames, metricPrefix } from "../support/promql.ts";
import { checkQueries, mayLackPromtool } from "../support/promtool.ts";
import { anchorsOf } from "../docs/pages.ts";
import { dashboardSchema, type Dashboard } from "./dashboard-schema.ts";

const text = readFileSync(new URL("../../config/grafana/dashboard.json", import.meta.url), "utf8");
const dashboard = JSON.parse(text) as Dashboard;
const queries = dashboard.panels.filter((panel) => panel.type !== "row");
const variables = dashboard.templating.list;

/** Every expression of panels and annotations, by where it is. */
const expressions: readonly (readonly [where: string, expression: string])[] = [
  ...queries.flatMap(({ title, targets }) =>
    targets.map(({ refId, expr }) => [`${title} ${refId}`, expr] as const),
  ),
  ...dashboard.annotations.list.map(({ name, expr }) => [name, expr] as const),
];

/** An expression as Prometheus gets to see it. */
function fillIn(expr: string): string {
  return expr
    .replaceAll("$__rate_interval", "5m")
    .replaceAll("$__range", "1d")
    .replaceAll(/"\$\w+"/g, '".*"');
}

/** The metrics in an expression, each with its matchers. */
function selectorsOf(expr: string): readonly (readonly [metric: string, matchers: string])[] {
  const selector = /\b((?:pushgateway_janitor|process|nodejs)_\w+)(?:\{([^}]*)\})?/g;
  return [...expr.matchAll(selector)].map(([, metric = "", matchers = ""]) => [metric, matchers]);
}

const byJanitor = 'cluster=~"$cluster",job=~"$job",instance=~"$instance"';
const byGateway = `${byJanitor},gateway=~"$gateway"`;

describe("the dashboard", () => {
  it("has only fields and values that Grafana knows", () => {
    expect(dashboardSchema.safeParse(dashboard).error?.issues ?? []).toEqual([]);
  });

  it.each(expressions)("asks for metrics and labels that the janitor has: %s", async (_, expression) => {
    expect(findUnknownNames(fillIn(expression))).toEqual([]);
    const selectors = selectorsOf(expression);
    expect(selectors.length).toBeGreaterThan(0);
    const metrics = createMetrics({ version: "1", revision: "r", nodeVersion: "v" });
    metrics.collectProcess();
    const exported = await metrics.render();
    const others = selectors.map(([metric]) => metric).filter((metric) => !metric.startsWith(metricPrefix));
    for (const metric of others) expect(exported).toContain(`# TYPE ${metric} `);
  });

  it.each(expressions)("obeys the variables everywhere: %s", (_, expression) => {
    const families = declaredFamilies();
    for (const [metric, matchers] of selectorsOf(expression)) {
      const name = metric.slice(metricPrefix.length);
      const family = families.get(name) ?? families.get(name.replace(/_bucket$/, ""));
      const expected = family?.labels.includes("gateway") === true ? byGateway : byJanitor;
      expect([metric, matchers]).toEqual([metric, expected]);
    }
  });

  it.skipIf(mayLackPromtool)("has queries that Prometheus can parse", () => {
    expect(checkQueries(expressions.map(([, expression]) => fillIn(expression)))).toBe("");
  });

  it("links to the runbooks of the alerts, and to a page that is there", () => {
    const [home = ""] = alertRules[0]!.annotations["runbook_url"]!.split("#");
    expect(dashboard.links.map(({ url }) => url)).toContain(home);
    const pages = dashboard.links.map(({ url }) => url.replace(home.replace("docs/runbooks.md", ""), ""));
    const missing = pages.filter((target) => {
      const [page = "", anchor] = target.split("#");
      const isThere = existsSync(new URL(`../../${page}`, import.meta.url));
      return !isThere || (anchor !== undefined && !anchorsOf(page).includes(anchor));
    });
    expect(missing).toEqual([]);
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
        const by = /by \(([^)]*)\)/.exec(expr)?.[1]?.split(/,\s*/) ?? [];
        for (const [, label = ""] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) expect(by).toContain(label);
      }
    }
  });

  it("has a variable for every one that is used", () => {
    const used = new Set([...text.matchAll(/\$\{?(\w+)/g)].map(([, name = ""]) => name));
    const own = new Set(["__rate_interval", "__range", "__all", "__value"]);
    expect(new Set([...used].filter((name) => !own.has(name)))).toEqual(
      new Set(variables.map(({ name }) => name)),
    );
  });

  it.each(variables.flatMap((one) => (one.type === "query" ? [one] : [])))(
    "fills its variable $name from labels that exist",
    ({ name, definition, query }) => {
      expect(query.query).toBe(definition);
      const [, metric = "", label = ""] = /^label_values\((.+), (\w+)\)$/.exec(definition) ?? [];
      expect(findUnknownNames(`count by (${label}) (${fillIn(metric)})`)).toEqual([]);
      expect(label).toBe(name);
    },
  );
});
