import { describe, expect, it } from "vitest";

import { formatLabels } from "../../src/core/labels.ts";
import { renderCsv } from "../../src/report/csv.ts";
import { group, ttlRule } from "../support/core-values.ts";
import { hostileValues } from "../support/hostile.ts";
import { plannedGateway } from "../support/page-state.ts";
import { sweepReport } from "../support/reports.ts";
import { whole } from "../support/whole.ts";

const rules = [ttlRule(3600, { name: "hour" })];

/** Reads RFC 4180 back, strictly. */
function parse(text: string): string[][] {
  expect(text.endsWith("\r\n")).toBe(true);
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  const rows: string[][] = [[]];
  while (cell.lastIndex < text.length) {
    const match = cell.exec(text);
    if (match === null) throw new Error(`not RFC 4180: ${text.slice(0, 200)}`);
    rows.at(-1)?.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    if (match[3] === "\r\n") rows.push([]);
  }
  return rows.slice(0, -1);
}

describe("csv", () => {
  it("has a byte order mark, a header and one line per group, unknown things empty", () => {
    const groups = [
      group({ job: "a", instance: "b,c" }, 7200),
      group({ job: "x" }, 0, { lastSuccessAt: null }),
    ];
    const report = sweepReport([plannedGateway(groups, rules, { outcome: "gone" })]);
    expect(whole(renderCsv(report)).split("\r\n")).toEqual([
      "\uFEFFgateway,job,instance,labels,verdict,reason,rule,outcome,age_seconds,ttl_seconds,ttl_used_ratio,expires_at,last_success_at,last_failure_at,series,ttl_source",
      'g,a,"b,c","{job=""a"", instance=""b,c""}",delete,ttl_expired,hour,gone,7200,3600,2,2027-01-15T07:00:00.000Z,2027-01-15T06:00:00.000Z,,3,rule',
      'g,x,,"{job=""x""}",keep,invalid_time,hour,,,3600,,,,,3,rule',
      "",
    ]);
  });

  it.each(hostileValues)("keeps %s in its cell, and no cell begins like a formula", (_, value) => {
    const one = group({ job: value, instance: value }, 60);
    const [header = [], ...rows] = parse(whole(renderCsv(sweepReport([plannedGateway([one], rules)]))));
    expect(rows).toHaveLength(1);
    expect(rows[0]).toHaveLength(header.length);
    expect(rows[0]?.[3]).toBe(formatLabels(one.labels));
    for (const text of rows[0] ?? []) {
      expect(text).not.toMatch(/^\s*[=+\-@＝＋－＠]/);
      // eslint-disable-next-line no-control-regex
      expect(text).not.toMatch(/[\u0000-\u001F\u007F-\u009F]/);
    }
  });

  it("leaves a negative number a number", () => {
    const report = sweepReport([plannedGateway([group({ job: "future" }, -60)], rules)]);
    expect(parse(whole(renderCsv(report)))[1]?.[8]).toBe("-60");
  });
});
