import { describe, expect, it } from "vitest";

import { formatShortLabels } from "../../src/core/labels.ts";
import { renderMarkdown } from "../../src/report/markdown.ts";
import { group, ttlRule } from "../support/core-values.ts";
import { hostileValues } from "../support/hostile.ts";
import { plannedGateway } from "../support/page-state.ts";
import { sweepReport } from "../support/reports.ts";
import { whole } from "../support/whole.ts";

const rules = [ttlRule(3600, { name: "hour" })];

/** Splits a row where GitHub does: at every bar without a backslash before it, code or not. */
function cellsOf(row: string): string[] {
  return row
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));
}

/** The content of a cell that is one code span; throws if it is anything else. */
function codeOf(cell: string): string {
  const fence = /^`+/.exec(cell)?.[0] ?? "";
  const inner = cell.slice(fence.length, -fence.length);
  if (fence === "" || !cell.endsWith(fence) || [...inner.matchAll(/`+/g)].some(([run]) => run === fence)) {
    throw new Error(`not one code span: ${cell}`);
  }
  return /^ .* $/.test(inner) && inner.trim() !== "" ? inner.slice(1, -1) : inner;
}

describe("markdown", () => {
  it("has a headline, totals per rule, and the groups", () => {
    const groups = [group({ job: "a" }, 7200), group({ job: "b" }, 60)];
    const notes = ["no archive: what was deleted cannot be restored"];
    const report = sweepReport([plannedGateway(groups, rules, { outcome: "gone", notes })]);
    expect(whole(renderMarkdown(report))).toBe(`## \`g\`

\`http://g\`: 2 groups, 1 kept, 1 deleted.

- Note: \`no archive: what was deleted cannot be restored\`

| Rule | Groups | Kept | Expired | Deleted | Withheld | Next expiry |
| :-- | --: | --: | --: | --: | --: | :-- |
| \`hour\` | 2 | 1 | 1 | 1 | 0 | 2027-01-15T08:59:00.000Z |

| Verdict | Reason | Rule | Age | TTL | TTL used | Expires | Group |
| :-- | :-- | :-- | --: | --: | --: | :-- | :-- |
| deleted | \`ttl_expired\` | \`hour\` | 2h | 1h | 200 % | 2027-01-15T07:00:00.000Z | \`{job="a"}\` |
| keep | \`within_ttl\` | \`hour\` | 1m | 1h | 1 % | 2027-01-15T08:59:00.000Z | \`{job="b"}\` |
`);
  });

  it.each(hostileValues)("keeps %s in its cell, as code", (_, value) => {
    const one = group({ job: "a", value }, 60);
    const lines = whole(renderMarkdown(sweepReport([plannedGateway([one], rules)])))
      .trimEnd()
      .split("\n");
    const cells = cellsOf(lines.at(-1) ?? "");
    expect(cells).toHaveLength(8);
    expect(codeOf(cells[7] ?? "")).toBe(formatShortLabels(one.labels));
  });

  it.each(["a\\|b", "a|b", "`|`", "\\"])("keeps a rule called %s in its cell", (name) => {
    const report = sweepReport([plannedGateway([group({ job: "a" }, 60)], [ttlRule(3600, { name })])]);
    const cells = cellsOf(whole(renderMarkdown(report)).trimEnd().split("\n").at(-1) ?? "");
    expect(cells).toHaveLength(8);
    expect([name, JSON.stringify(name)]).toContain(codeOf(cells[2] ?? ""));
  });

  it("has advice on withheld groups, and quotes messages and notes as code", () => {
    const gateway = plannedGateway([], rules, {
      status: "failed",
      snapshot: null,
      error: { code: "timeout", message: "GET http://g: <img src=x> @everyone" },
      notes: ["a `note` about [x](y)"],
    });
    const text = whole(renderMarkdown(sweepReport([gateway])));
    expect(text).toContain("**failed**: `GET http://g: <img src=x> @everyone`");
    expect(text).toContain("Is it overloaded?");
    expect(text).toContain("- Note: ``a `note` about [x](y)``");
  });
});
