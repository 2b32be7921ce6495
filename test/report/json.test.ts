import { describe, expect, it } from "vitest";

import { stringifyPrintable } from "../../src/core/json.ts";
import type { SweepReport } from "../../src/core/report.ts";
import { renderJson, renderWithoutKept } from "../../src/report/json-report.ts";
import { group, ttlRule } from "../support/core-values.ts";
import { hostileValues } from "../support/hostile.ts";
import { plannedGateway } from "../support/page-state.ts";
import { entry, gatewayReport, sweepReport, unreadGateway } from "../support/reports.ts";
import { whole } from "../support/whole.ts";

const rules = [ttlRule(3600, { name: "hour" })];
const placeholder = '\n      "groups": []';

function gateway(...values: readonly string[]) {
  return plannedGateway(
    values.map((value) => group({ job: value, x: placeholder }, 60)),
    rules,
    { name: placeholder, notes: [placeholder] },
  );
}

describe("json", () => {
  it.each<[string, SweepReport, readonly number[]]>([
    ["no gateway", sweepReport([]), []],
    ["a gateway without groups", sweepReport([gatewayReport([])]), [0]],
    [
      "several gateways",
      sweepReport([gateway("a", "b"), unreadGateway("timeout"), gateway(), gateway("c")]),
      [2, 0, 0, 1],
    ],
    [
      "groups that reappeared",
      sweepReport([gatewayReport([], { reappeared: [{ rule: "hour", groups: [] }] }), gateway("a")]),
      [0, 1],
    ],
    ...hostileValues.map(
      ([name, value]) =>
        [name, sweepReport([gateway(value)]), [1]] satisfies [string, SweepReport, readonly number[]],
    ),
  ])("is written part by part as it would be at once, and drives no terminal: %s", (_, report, counts) => {
    const text = whole(renderJson(report));
    const read = JSON.parse(text) as {
      readonly gateways: readonly { readonly groups: readonly unknown[] }[];
    };
    expect(text).toBe(`${stringifyPrintable(read, 2)}\n`);
    expect(text).not.toMatch(/(?!\n)[\p{C}\p{Zl}\p{Zp}]/u);
    expect(read.gateways.map(({ groups }) => groups.length)).toEqual(counts);
  });
});

describe("the JSON of a notification", () => {
  it("has the first thousand groups that are not kept, and the totals of all", () => {
    const keep = entry({ verdict: "keep", reason: "within_ttl" });
    const gone = entry({ verdict: "delete", reason: "ttl_expired" }, { outcome: "gone" });
    const withheld = entry({ verdict: "withhold", reason: "max_deletes" });
    const report = sweepReport([
      gatewayReport([keep, gone, withheld], { name: "a" }),
      gatewayReport(
        Array.from({ length: 1200 }, () => gone),
        { name: "b" },
      ),
      unreadGateway("timeout", { name: "c" }),
    ]);
    const { gateways, ...paging } = JSON.parse(renderWithoutKept(report)) as {
      readonly gateways: readonly {
        readonly totals: object;
        readonly groups: readonly { verdict: string }[];
      }[];
    };
    expect(paging).toMatchObject({ page: 1, pages: 2, per_page: 1000, matched: 1202 });
    expect(gateways.map(({ groups }) => groups.length)).toEqual([2, 998, 0]);
    expect(gateways[0]).toMatchObject({
      totals: { keep: 1, delete: 1, withhold: 1 },
      groups: [{ verdict: "delete" }, { verdict: "withhold" }],
    });
  });

  it("stays below a megabyte, however long the labels are", () => {
    const gone = entry({ verdict: "delete", reason: "ttl_expired" }, { outcome: "gone" });
    const long = { ...gone, group: group({ job: "\u0000".repeat(7000) }, 60) };
    const text = renderWithoutKept(sweepReport([gatewayReport(Array.from({ length: 600 }, () => long))]));
    expect(text.length).toBeLessThan(1_000_000);
    const report = JSON.parse(text) as { gateways: { totals: object; groups: object[] }[] } & object;
    expect(report).toMatchObject({ page: 1, pages: 38, per_page: 16, matched: 600 });
    expect(report.gateways[0]).toMatchObject({ totals: { delete: 600 } });
    expect(report.gateways[0]?.groups).toHaveLength(16);
  });
});
