import { describe, expect, it } from "vitest";

import { widthOf } from "../../src/core/printable.ts";
import { renderTable } from "../../src/report/table.ts";
import { group, now, ttlRule } from "../support/core-values.ts";
import { hostileValues } from "../support/hostile.ts";
import { plannedGateway } from "../support/page-state.ts";
import { sweepReport } from "../support/reports.ts";
import { whole } from "../support/whole.ts";

const rules = [ttlRule(3600, { name: "hour" })];
const plain = { columns: null, color: false };

function render(values: readonly string[], options: Parameters<typeof renderTable>[1] = plain): string {
  const groups = values.map((value) => group({ job: "a", value }, 60));
  return whole(renderTable(sweepReport([plannedGateway(groups, rules)], { dryRun: true }), options));
}

describe("the table", () => {
  it("begins with a headline, then has one line per group", () => {
    const groups = [group({ job: "a" }, 7200), group({ job: "b" }, 60)];
    expect(whole(renderTable(sweepReport([plannedGateway(groups, rules)], { dryRun: true }), plain))).toBe(
      [
        "g http://g  2 groups, 1 kept, 1 to delete",
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
      "as of 2027-01-22T08:00:00.000Z (in 7d), if nobody pushes until then",
    );
  });

  it.each(hostileValues)("shows %s, and never sends it", (_, value) => {
    const lines = render([value]).split("\n");
    expect(lines).toHaveLength(5);
    // eslint-disable-next-line no-control-regex
    expect(lines.join("")).not.toMatch(/[\u0000-\u001F\u007F-\u009F\u200E\u200F\u202A-\u202E\u2066-\u2069]/);
  });

  it("fits the terminal, wide characters counted as two columns", () => {
    for (const columns of [0, 1, 40, 80]) {
      const lines = render(
        hostileValues.map(([, value]) => value),
        { columns, color: false },
      ).split("\n");
      for (const line of lines.slice(2)) expect(widthOf(line)).toBeLessThanOrEqual(columns);
    }
  });

  it("cuts a group in its middle, so that neighbours can be distinguished", () => {
    const lines = render(["nightly-backup-of-the-database-1", "nightly-backup-of-the-database-2"], {
      columns: 80,
      color: false,
    });
    expect(lines).toMatch(/\{job=".*….*-1"\}\n/);
    expect(lines).toMatch(/\{job=".*….*-2"\}\n/);
  });

  it("keeps its columns straight where a rule's name is wide", () => {
    const wide = [ttlRule(3600, { name: "漢字", matchers: ['job="a"'] }), ttlRule(3600, { name: "latin" })];
    const groups = [group({ job: "a" }, 60), group({ job: "b" }, 60)];
    const text = whole(renderTable(sweepReport([plannedGateway(groups, wide)], { dryRun: true }), plain));
    const [first = "", second = ""] = text.split("\n").slice(3);
    expect(widthOf(first.slice(0, first.indexOf("{")))).toBe(widthOf(second.slice(0, second.indexOf("{"))));
  });
});
