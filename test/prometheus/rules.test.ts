import { describe, expect, it } from "vitest";

import { alertRules, recordedMetrics, recordingRules, rulesFile } from "../support/alert-rules.ts";
import { findUnknownNames } from "../support/promql.ts";
import { checkQueries, mayLackPromtool, runPromtool } from "../support/promtool.ts";
import { anchorsOf, blocksOf, readPage } from "../docs/pages.ts";

const page = "docs/runbooks.md";
const queriesOfRunbooks = blocksOf(page, "promql");

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
    expect(all.flatMap((expr) => findUnknownNames(expr, recordedMetrics))).toEqual([]);
  });

  it.each(recordingRules)("$record is named level:metric:operations", ({ record, expr }) => {
    expect(record).toMatch(/^[a-z_]+:pushgateway_janitor_[a-z_]+:[a-z0-9]+$/);
    // What is taken away is not in the level.
    const without = /without \(([^)]*)\)/.exec(expr)?.[1]?.split(", ") ?? [];
    const level = record.split(":")[0]!.split("_");
    expect(level.filter((label) => without.includes(label))).toEqual([]);
  });

  it.each(alertRules.map((rule) => [rule.alert, rule] as const))(
    "%s says what is wrong, with numbers, and where its runbook is",
    (alert, { labels, annotations }) => {
      expect(Object.keys(annotations).toSorted()).toEqual(["description", "runbook_url", "summary"]);
      expect(labels["severity"]).toMatch(/^(info|warning|critical)$/);
      expect(annotations["description"]).toMatch(/\{\{.*\}\}|\d/);
      // Alertmanager sends it with every notification.
      expect(Object.values(annotations).join("").length).toBeLessThan(700);
      expect(annotations["runbook_url"]).toMatch(/^https:\/\/\S+\/docs\/runbooks\.md#/);
      expect(annotations["runbook_url"]?.split("#")[1]).toBe(alert.toLowerCase());
    },
  );

  it("have one home for all runbooks, that of the project if it has one", () => {
    const homes = new Set(alertRules.map(({ annotations }) => annotations["runbook_url"]?.split("#")[0]));
    const { repository } = JSON.parse(readPage("package.json")) as { repository?: { url: string } };
    const project = repository?.url.replace(/^git\+/, "").replace(/\.git$/, "");
    expect([...homes]).toEqual([expect.stringContaining(project ?? "https://")]);
  });
});

describe("the runbooks", () => {
  it("have a section for each alert and no other, in the order of the file", () => {
    const [, ...anchors] = anchorsOf(page);
    expect(anchors).toEqual(alertRules.map(({ alert }) => alert.toLowerCase()));
  });

  it("say of each alert what it means, what to check and what to do", () => {
    const sections = readPage(page).split(/^## /m).slice(1);
    for (const section of sections)
      expect(section).toMatch(/\*\*Means\*\*[^]*\*\*Check\*\*[^]*\*\*[Dd]o\*\*/);
  });

  it.each(queriesOfRunbooks)("have queries that can be asked: %s", (query) => {
    expect(findUnknownNames(query)).toEqual([]);
  });

  it.skipIf(mayLackPromtool)("have queries that Prometheus can parse", () => {
    expect(checkQueries(queriesOfRunbooks)).toBe("");
  });
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
