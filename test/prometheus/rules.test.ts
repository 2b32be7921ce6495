import { describe, expect, it } from "vitest";

import { alertRules, recordingRules, rulesFile } from "../support/alert-rules.ts";
import { findUnknownNames, metricPrefix, usedMetrics } from "../support/promql.ts";
import { mayLackPromtool, runPromtool } from "../support/promtool.ts";

const recorded = new Map(
  recordingRules.map(({ record, expr }) => [record, `${metricPrefix}${usedMetrics(expr)[0]}`]),
);

describe("the rules for Prometheus", () => {
  it.skipIf(mayLackPromtool)("are accepted by Prometheus", () => {
    expect(runPromtool(["check", "rules", "--lint=all", "--lint-fatal", rulesFile])).toMatchObject({
      exitCode: 0,
    });
  });

  it.each(
    [...alertRules, ...recordingRules].map(
      (rule) => ["alert" in rule ? rule.alert : rule.record, rule] as const,
    ),
  )("%s uses metrics and labels that the janitor has", (_, rule) => {
    const annotations = "annotations" in rule ? Object.values(rule.annotations) : [];
    const embedded = annotations.flatMap((text) =>
      [...text.matchAll(/printf `([^`]*)`/g)].map(([, expr = ""]) => expr),
    );
    const named = annotations.flatMap((text) =>
      [...text.matchAll(/(?<![\w:])pushgateway_janitor_\w+/g)].map(([name]) => name),
    );
    const all = [rule.expr, ...embedded.map((text) => text.replaceAll("%q", '""')), ...named];
    expect(all.flatMap((expr) => findUnknownNames(expr, recorded))).toEqual([]);
  });

  it.each(alertRules.map((rule) => [rule.alert, rule] as const))(
    "%s says what is wrong, with numbers, and what to do about it",
    (_, { labels, annotations }) => {
      expect(Object.keys(annotations).toSorted()).toEqual(["description", "runbook", "summary"]);
      expect(labels["severity"]).toMatch(/^(info|warning|critical)$/);
      expect(annotations["description"]).toMatch(/\{\{.*\}\}|\d/);
      expect(annotations["runbook"]).toMatch(/^Means: [^]*^Check: [^]*^Do: /m);
    },
  );
});

describe("the check of names", () => {
  it.each([
    ["pushgateway_janitor_gateways_up == 0", ["no metric pushgateway_janitor_gateways_up"]],
    ['pushgateway_janitor_gateway_up{rule="a"}', ["pushgateway_janitor_gateway_up has no label rule"]],
    ["sum by (rules) (pushgateway_janitor_deletes_total)", ["nothing has a label rules"]],
    ["pushgateway_janitor_sweep_duration_seconds", ["no metric pushgateway_janitor_sweep_duration_seconds"]],
    ["sum by (le, gateway) (pushgateway_janitor_sweep_duration_seconds_bucket)", []],
    ['pushgateway_janitor_groups{verdict="a b=\\"c\\"",gateway!="x"}', []],
  ])("finds what is wrong in %s", (expression, problems) => {
    expect(findUnknownNames(expression)).toEqual(problems);
  });
});
