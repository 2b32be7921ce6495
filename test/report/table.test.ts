import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { widthOf } from "../../src/core/printable.ts";
import { parseMatchers } from "../../src/core/matcher.ts";
import { renderCsv } from "../../src/report/csv.ts";
import { renderHtml } from "../../src/report/html/page.ts";
import { renderJson } from "../../src/report/json-report.ts";
import { renderMarkdown } from "../../src/report/markdown.ts";
import type { PrintSelection } from "../../src/report/select.ts";
import { renderTable, type TableSelection } from "../../src/report/table.ts";
import { group, now, ttlRule } from "../support/core-values.ts";
import { hostileValues } from "../support/hostile.ts";
import { plannedGateway } from "../support/page-state.ts";
import { projectRoot } from "../support/project-root.ts";
import { sweepReport } from "../support/reports.ts";
import { whole } from "../support/whole.ts";

const rules = [ttlRule(3600, { name: "hour" })];
const plain = { columns: null, color: false };

function render(values: readonly string[], options: Parameters<typeof renderTable>[1] = plain): string {
  const groups = values.map((value) => group({ job: "a", value }, 60));
  return whole(renderTable(sweepReport([plannedGateway(groups, rules)], { dryRun: true }), options));
}

describe("the table", () => {
  it("has a headline, totals per rule, and one line per group", () => {
    const groups = [group({ job: "a" }, 7200), group({ job: "b" }, 60)];
    expect(whole(renderTable(sweepReport([plannedGateway(groups, rules)], { dryRun: true }), plain))).toBe(
      [
        "http://g  2 groups, 1 kept, 1 to delete",
        "",
        "RULE  GROUPS  EXPIRED  TO DELETE  WITHHELD  NEXT EXPIRY",
        "hour       2        1          1         0  in 59m1s",
        "",
        "VERDICT  REASON       RULE  AGE  TTL  GROUP",
        'delete   ttl_expired  hour   2h   1h  {job="a"}',
        'keep     within_ttl   hour   1m   1h  {job="b"}',
        "",
      ].join("\n"),
    );
  });

  it("says which moment it is for, when that is not now", () => {
    const gateway = plannedGateway([group({ job: "a" }, 60)], rules);
    const snapshot = gateway.snapshot && { ...gateway.snapshot, takenAt: now, plannedFor: now + 604_800 };
    expect(whole(renderTable(sweepReport([{ ...gateway, snapshot }], { dryRun: true }), plain))).toContain(
      "\nThis is the state at 2027-01-22 08:00:00 UTC, in 7d, if nobody pushes until then.\n",
    );
  });

  it("says which time ages do not include, from when to when, and where that is explained", () => {
    const gateway = plannedGateway([group({ job: "a" }, 60)], rules);
    const at = (seconds: number) => {
      const snapshot = gateway.snapshot && { ...gateway.snapshot, outage: { endedAt: now, seconds } };
      return whole(renderTable(sweepReport([{ ...gateway, snapshot }]), plain)).split("\n");
    };
    expect(at(129).slice(0, 2)).toEqual([
      "http://g  1 group, 1 kept, 0 deleted",
      "Ages do not include 2m9s, from 2027-01-15 07:57:51 to 2027-01-15 08:00:00 UTC, when the gateway was down or may have lost pushes (docs/guarantees.md#restarts).",
    ]);
    expect(at(0.4)[1]).toBe("");
    expect(readFileSync(join(projectRoot, "docs/guarantees.md"), "utf8")).toContain("\n## Restarts\n");
  });

  it.each(hostileValues)("shows %s, and never sends it", (_, value) => {
    const lines = render([value]).split("\n");
    expect(lines).toHaveLength(8);
    // eslint-disable-next-line no-control-regex
    expect(lines.join("")).not.toMatch(/[\u0000-\u001F\u007F-\u009F\u200E\u200F\u202A-\u202E\u2066-\u2069]/);
  });

  it("fits the terminal, wide characters counted as two columns", () => {
    for (const columns of [0, 1, 40, 80]) {
      const lines = render(
        hostileValues.map(([, value]) => value),
        { columns, color: false },
      ).split("\n");
      for (const line of lines.slice(1)) expect(widthOf(line)).toBeLessThanOrEqual(columns);
    }
  });

  it("cuts a group in its middle, so that neighbours can be distinguished", () => {
    const value = "nightly-backup-of-the-database-".repeat(3);
    const lines = render([`${value}1`, `${value}2`], { columns: 80, color: false });
    expect(lines).toMatch(/\{job=".*….*-1"\}\n/);
    expect(lines).toMatch(/\{job=".*….*-2"\}\n\nLong lines are cut; --wide prints them complete\n$/);
  });

  it("cuts the longest values of a group first, so that the short ones can be read", () => {
    const groups = [1, 2].map((index) =>
      group(
        { job: "ci", branch: "a-long-name-of-a-branch-with-a-number-at-its-end-17", runner: `r-${index}` },
        60,
      ),
    );
    const report = sweepReport([plannedGateway(groups, rules)], { dryRun: true });
    const text = whole(renderTable(report, { columns: 64, color: false }));
    for (const index of [1, 2])
      expect(text).toContain(`\n{job="ci", branch="a-long-nam…-its-end-17", runner="r-${index}"}\n`);
  });

  it("keeps its columns straight where a rule's name is wide", () => {
    const wide = [ttlRule(3600, { name: "漢字", matchers: ['job="a"'] }), ttlRule(3600, { name: "latin" })];
    const groups = [group({ job: "a" }, 60), group({ job: "b" }, 60)];
    const text = whole(renderTable(sweepReport([plannedGateway(groups, wide)], { dryRun: true }), plain));
    const [first = "", second = ""] = text.split("\n").slice(-3);
    expect(widthOf(first.slice(0, first.indexOf("{")))).toBe(widthOf(second.slice(0, second.indexOf("{"))));
  });
});

describe("on a terminal", () => {
  const hosts = (count: number, ageSeconds: number) =>
    Array.from({ length: count }, (_, index) =>
      group(
        { job: "nightly-import", instance: `web-${String(index).padStart(3, "0")}.fra-1.example.com` },
        ageSeconds + index,
      ),
    );
  const twoRules = [ttlRule(3600, { name: "no-match", matchers: ['job="other"'] }), ...rules];
  const report = (expired: number, kept: number) =>
    sweepReport([plannedGateway([...hosts(expired, 7200), ...hosts(kept, 60)], twoRules)], {
      dryRun: true,
      rules: twoRules.map(({ name }) => name),
    });
  const show = (expired: number, kept: number, selection: TableSelection = {}) =>
    whole(renderTable(report(expired, kept), { columns: 80, color: false, terminal: true, selection }));

  it("has totals of every rule, then deletions, then one line for all that is kept", () => {
    const lines = show(1, 30).split("\n");
    expect(lines).toEqual([
      "http://g  31 groups, 30 kept, 1 to delete",
      "",
      "RULE      GROUPS  EXPIRED  TO DELETE  WITHHELD  NEXT EXPIRY",
      "no-match       0        0          0         0  -",
      "hour          31        1          1         0  in 58m32s",
      "",
      "VERDICT delete  REASON ttl_expired  RULE hour  AGE 2h  TTL 1h",
      "GROUP",
      '{job="nightly-import", instance="web-000.fra-1.example.com"}',
      "",
      "30 groups kept: 30 within_ttl (`report --verdict=keep` lists them)",
      "",
    ]);
  });

  it("drops columns of one value before it cuts a group", () => {
    const text = show(3, 0);
    expect(text).not.toContain("…");
    expect(text).toContain("\nVERDICT delete  REASON ttl_expired  RULE hour  AGE 2h  TTL 1h\nGROUP\n");
    const ages = whole(
      renderTable(sweepReport([plannedGateway(hosts(2, 7199), rules)], { dryRun: true }), {
        columns: 80,
        color: false,
      }),
    );
    expect(ages).toContain("\n  AGE  GROUP\n");
    expect(ages).toMatch(/\n1h59m  \{job="nightly-import", instance="web-000/);
  });

  it("prints the totals again where they have scrolled away", () => {
    expect(show(50, 3).match(/53 groups/g)).toHaveLength(2);
    expect(show(50, 3)).toMatch(/\n\nhttp:\/\/g {2}53 groups.*\n\nRULE .*\nno-match .*\nhour .*\n$/);
    expect(show(9, 3).match(/12 groups/g)).toHaveLength(1);
    expect(whole(renderTable(report(50, 3), plain)).match(/53 groups/g)).toHaveLength(1);
  });

  it.each<[string, TableSelection, number, string]>([
    ["everything with --all", { all: true }, 12, ""],
    ["the kept ones with --verdict", { verdict: "keep" }, 3, "\n3 of 12 groups shown\n"],
    ["those of a rule", { rule: "no-match" }, 0, "\n0 of 12 groups shown\n"],
    [
      "those that match",
      { match: parseMatchers('{instance=~"web-00[01].*"}') },
      4,
      "\n4 of 12 groups shown\n",
    ],
    ["the next to expire", { sort: "expiry", limit: 2 }, 2, "\n2 of 12 groups shown (--limit=2)\n"],
    ["some of the deletions", { limit: 4 }, 4, "\n4 of 9 groups shown (--limit=4)\n"],
  ])("prints %s, and the totals of all", (_, selection, count, remark) => {
    const text = show(9, 3, selection);
    expect(text).toContain("12 groups, 3 kept, 9 to delete");
    expect(text.match(/\{job=/g) ?? []).toHaveLength(count);
    expect(text).toContain(remark);
  });
});

describe("what is printed can be selected in every format", () => {
  const groups = [
    group({ job: "old" }, 7200),
    group({ job: "young" }, 60),
    group({ job: "middle" }, 1800.25),
  ];
  const report = sweepReport([plannedGateway(groups, rules)], { dryRun: true });
  const jobsIn = (text: string): readonly string[] =>
    [...text.matchAll(/(?:old|young|middle)/g)].map(([job]) => job);

  it.each<[PrintSelection, readonly string[]]>([
    [{}, ["old", "middle", "young"]],
    [{ verdict: "keep" }, ["middle", "young"]],
    [{ sort: "labels" }, ["middle", "old", "young"]],
    [{ sort: "age", limit: 2 }, ["old", "middle"]],
    [{ match: parseMatchers("job=~o.*") }, ["old"]],
  ])("%j", (selection, jobs) => {
    for (const text of [renderTable(report, { ...plain, selection }), renderMarkdown(report, selection)]) {
      expect(jobsIn(whole(text))).toEqual(jobs);
    }
    const { gateways } = JSON.parse(whole(renderJson(report, selection))) as {
      gateways: { totals: object; groups: { labels: { job: string } }[] }[];
    };
    expect(gateways[0]?.groups.map(({ labels }) => labels.job)).toEqual(jobs);
    expect(gateways[0]?.totals).toMatchObject({ delete: 1, keep: 2 });
    const rows = whole(renderCsv(report, selection)).split("\r\n").slice(1, -1);
    expect(rows.map((row) => row.split(",")[1])).toEqual(jobs);
    const expected = selection.sort === undefined ? jobs.toSorted((a, b) => order(a) - order(b)) : jobs;
    const labels = whole(renderHtml(report, selection)).matchAll(/<bdi>&#34;(\w+)&#34;<\/bdi>/g);
    expect([...labels].map(([, job]) => job)).toEqual(expected);
  });

  /** The file is sorted by expiry. */
  function order(job: string): number {
    return ["old", "middle", "young"].indexOf(job);
  }

  it("has ages in whole seconds for programs, rounded up as only more than the TTL expires", () => {
    const json = JSON.parse(whole(renderJson(report))) as {
      gateways: { groups: { age_seconds: number }[] }[];
    };
    expect(json.gateways[0]?.groups.map((one) => one.age_seconds)).toEqual([7200, 1801, 60]);
    expect(whole(renderCsv(report))).toContain(",1801,3600,");
  });
});
