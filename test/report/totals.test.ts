import { describe, expect, it } from "vitest";
import type { SweepReport } from "../../src/core/report.ts";
import { countByRule, countGroups } from "../../src/core/totals.ts";
import type { KeepReason, Outcome } from "../../src/core/verdict.ts";
import { renderHtml } from "../../src/report/html/page.ts";
import { renderJson } from "../../src/report/json-report.ts";
import { renderMarkdown } from "../../src/report/markdown.ts";
import { renderTable } from "../../src/report/table.ts";
import { logReport } from "../../src/telemetry/log-report.ts";
import { addSweep } from "../../src/service/deletion-log.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { now, ttlRule } from "../support/core-values.ts";
import { entry, gatewayReport, sweepReport, unreadGateway, type EntryOptions } from "../support/reports.ts";
import { metricScope, readMetrics } from "../telemetry/read-metrics.ts";

const keep = (reason: KeepReason, options?: EntryOptions) => entry({ verdict: "keep", reason }, options);
const expired = (outcome: Outcome) => entry({ verdict: "delete", reason: "ttl_expired" }, { outcome });
const old = ttlRule(60, { name: "only-report", action: "report" });

const entries = [
  ...(["gone", "gone", "gone_already", "pushed_again", "still_there", "failed"] as const).map(expired),
  entry({ verdict: "withhold", reason: "interrupted" }),
  entry({ verdict: "withhold", reason: "pushed_again" }),
  keep("unaddressable"),
  keep("rule_reports", { rule: old }),
  keep("rule_reports", { rule: old }),
  // These are older than their TTL by their age, but have not expired.
  keep("kept_latest", { expiresAt: null }),
  keep("push_may_be_lost", { expiresAt: now + 500 }),
  keep("within_ttl", { ageSeconds: 60, expiresAt: now + 900 }),
  keep("future_time", { ageSeconds: -9, expiresAt: null }),
  keep("no_rule", { rule: null, expiresAt: null }),
];
const report = sweepReport([gatewayReport(entries)], { rules: ["matches-nothing", "hour", "only-report"] });

describe("totals", () => {
  it("count decisions, expired groups and deleted ones", () => {
    expect(countGroups(entries)).toMatchObject({
      groups: 16,
      verdicts: { delete: 6, withhold: 2, keep: 8 },
      expired: 11,
      deleted: 3,
      deletedSeries: 9,
      nextExpiryAt: now + 500,
      reasons: { ttl_expired: 6, interrupted: 1, rule_reports: 2, no_rule: 1, archive_failed: 0 },
      outcomes: { gone: 2, gone_already: 1, pushed_again: 1, still_there: 1, failed: 1 },
    });
  });

  it("name every rule in order, one without groups with 0, and groups without a rule last", () => {
    const summary = countByRule(entries, report.rules).map(({ rule, groups, expired: count, deleted }) => [
      rule,
      groups,
      count,
      deleted,
    ]);
    expect(summary).toEqual([
      ["matches-nothing", 0, 0, 0],
      ["hour", 13, 9, 3],
      ["only-report", 2, 2, 0],
      [null, 1, 0, 0],
    ]);
    expect(countByRule(entries.slice(0, 1), ["other"]).map(({ rule }) => rule)).toEqual(["other", "hour"]);
    expect(countByRule([], [])).toEqual([]);
  });
});

describe("the same totals are in", () => {
  const render = (part: (report: SweepReport) => Iterable<string>): string => [...part(report)].join("");

  it("the table", () => {
    const lines = render((one) => renderTable(one, { columns: null, color: false })).split("\n");
    expect(lines.slice(0, 8)).toEqual([
      "http://g  16 groups, 8 kept, 2 withheld, 3 deleted, 1 of them pushed again, 1 gone already, 1 still there, 1 failed",
      "",
      "RULE             GROUPS  EXPIRED  DELETED  WITHHELD  NEXT EXPIRY",
      "matches-nothing       0        0        0         0  -",
      "hour                 13        9        3         2  in 8m21s",
      "only-report           2        2        0         0  -",
      "(no rule)             1        0        0         0  -",
      "",
    ]);
  });

  it("the table of a plan, without deletions", () => {
    const plan = { ...report, dryRun: true };
    const text = [...renderTable(plan, { columns: null, color: false, summary: true })].join("");
    expect(text).toContain("16 groups, 8 kept, 2 withheld, 6 to delete\n");
    expect(text).toContain("\nRULE             GROUPS  EXPIRED  TO DELETE  WITHHELD  NEXT EXPIRY\n");
  });

  it("no table where nothing is known", () => {
    const table = renderTable(sweepReport([unreadGateway("unreachable")]), { columns: null, color: false });
    expect([...table].join("")).not.toContain("RULE  GROUPS");
  });

  it("JSON", () => {
    const { gateways } = JSON.parse(render(renderJson)) as {
      gateways: { totals: object; rules: object[] }[];
    };
    expect(gateways[0]).toMatchObject({
      totals: { delete: 6, keep: 8, withhold: 2, expired: 11, deleted: 3 },
      rules: [
        { rule: "matches-nothing", groups: 0, expired: 0, next_expiry_at: null },
        { rule: "hour", groups: 13, expired: 9, deleted: 3, withhold: 2 },
        { rule: "only-report", groups: 2, expired: 2, deleted: 0 },
        { rule: null, groups: 1, expired: 0 },
      ],
    });
  });

  it("the page's list of recent deletions", () => {
    const { recentDeletions, sweeps } = addSweep(report, {
      recentDeletions: [],
      deletionsByDay: new Map(),
      sweeps: [],
    });
    expect(recentDeletions).toHaveLength(3);
    expect(sweeps).toMatchObject([{ deleted: 3, withheld: 2, failedDeletions: 2, failedGateways: 0 }]);
  });

  it("Markdown and the page", () => {
    expect(render(renderMarkdown)).toContain("| `hour` | 13 | 5 | 9 | 3 | 2 | 2027-01-15T08:08:20.000Z |");
    expect(render(renderMarkdown)).toContain("| `matches-nothing` | 0 | 0 | 0 | 0 | 0 |  |");
    const page = render(renderHtml)
      .replaceAll(/<[^>]*>/g, " ")
      .replaceAll(/\s+/g, " ");
    expect(page).toContain(
      "matches-nothing 0 0 0 0 none hour 13 9 3 2 in 8m20s only-report 2 2 0 0 none no rule 1",
    );
  });

  it("metrics", async () => {
    const metrics = createMetrics({ version: "1", revision: "r", nodeVersion: "v" });
    metrics.configure(metricScope({ rules: report.rules }));
    metrics.sweepFinished(report);
    const samples = readMetrics(await metrics.render());
    const of = (family: string): (string | undefined)[] =>
      report.rules.map((rule) => samples.get(`${family}{gateway="g",rule="${rule}"}`));
    expect(of("rule_groups")).toEqual(["0", "13", "2"]);
    expect(of("rule_expired_groups")).toEqual(["0", "9", "2"]);
    expect(of("deletes_total")).toEqual(["0", "3", "0"]);
  });

  it("the log", () => {
    const lines: unknown[] = [];
    const add = (_: string, fields?: object): void => void lines.push(fields);
    logReport(report, { debug: add, info: add, warn: add, error: add } as never);
    expect(lines).toEqual([
      expect.objectContaining({ groups: 16, kept: 8, expired: 11, withheld: 2, deleted: 3 }),
    ]);
  });
});
