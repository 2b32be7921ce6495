import { describe, expect, it } from "vitest";

import { renderApiReport } from "../../src/report/json-report.ts";
import { parseReportQuery } from "../../src/report/query.ts";
import { group, keepRule, ttlRule } from "../support/core-values.ts";
import { pageState, plannedGateway, renderQuery, selectMatching } from "../support/page-state.ts";
import { sweepReport } from "../support/reports.ts";
import { whole } from "../support/whole.ts";

const rules = [keepRule("keep", ['job="kept"']), ttlRule(3600, { name: "hour" })];
const first = plannedGateway(
  [group({ job: "old" }, 7200), group({ job: "young" }, 60), group({ job: "kept" }, 99_999)],
  rules,
  { name: "first", outcome: "gone" },
);
const second = plannedGateway(
  [group({ job: "middle" }, 1800), group({ job: "strange" }, 0, { lastSuccessAt: null })],
  rules,
  {
    name: "second",
  },
);
const report = sweepReport([first, second]);

function select(text: string): string[] {
  const { query } = parseReportQuery(new URLSearchParams(text));
  return selectMatching(report, query).groups.map(({ entry }) => entry.group.labels.get("job") ?? "");
}

describe("selecting groups", () => {
  it.each([
    ["", ["middle", "young", "kept", "strange", "old"], "by expiry over all gateways, deleted groups last"],
    ["sort=age", ["kept", "old", "middle", "young", "strange"], "the oldest first, unknown ages last"],
    ["sort=labels", ["kept", "middle", "old", "strange", "young"], "by labels"],
    ["verdict=delete", ["old"], "by verdict"],
    ["gateway=second", ["middle", "strange"], "by gateway"],
    ["rule=keep", ["kept"], "by rule"],
    ['match={job=~".*ld"}', ["old"], "by matchers"],
    ["expires_from=2027-01-15T08:00:00Z", ["middle", "young"], "by expiry, from a moment on"],
    ["expires_until=2027-01-15T08:30:00Z", ["old"], "by expiry, before a moment"],
    ["expires_from=2027-01-15T08:30:00Z&expires_until=2027-01-15T08:31:00Z", ["middle"], "by both"],
    ["per_page=2&page=2", ["kept", "strange"], "a page at a time"],
    ["per_page=2&page=4", [], "nothing behind the last page"],
    ["gateway=none", [], "nothing of a gateway that is not there"],
  ])("%s: %s", (text, jobs) => {
    expect(select(text)).toEqual(jobs);
  });
});

describe("the API's report", () => {
  const ask = (text: string): Record<string, unknown> => {
    const { query } = parseReportQuery(new URLSearchParams(text));
    const answer = whole(renderApiReport(report, query, selectMatching(report, query)));
    return JSON.parse(answer) as Record<string, unknown>;
  };

  it("says which part of all groups it holds, with totals of the entire sweep", () => {
    expect(ask("per_page=2&page=2")).toMatchObject({
      schema_version: 1,
      page: 2,
      pages: 3,
      per_page: 2,
      matched: 5,
      gateways: [
        { name: "first", totals: { delete: 1, keep: 2 }, groups: [{ labels: { job: "kept" } }] },
        { name: "second", totals: { delete: 0, keep: 2 }, groups: [{ labels: { job: "strange" } }] },
      ],
    });
  });

  it("leaves out other gateways than the one that is asked for", () => {
    expect(ask("gateway=second")).toMatchObject({ matched: 2, pages: 1, gateways: [{ name: "second" }] });
  });
});

describe("100,000 groups", () => {
  const groups = Array.from({ length: 100_000 }, (_, index) =>
    group(
      { job: `job_${index % 50}`, instance: `host-${(index * 7919) % 100_000}` },
      (index * 104_729) % 4_000_000,
    ),
  );
  const large = sweepReport([plannedGateway(groups, [ttlRule(3_000_000)])], { dryRun: true });

  // Time on the processor, because other tests want it, too.
  it.each(["", "sort=age&page=500", "sort=labels", 'match={instance=~"host-.*7"}', "page=1000"])(
    "are filtered, sorted and rendered quickly: %s",
    (text) => {
      const result = parseReportQuery(new URLSearchParams(text));
      whole(renderQuery(pageState(large), result));
      const before = process.cpuUsage();
      const page = whole(renderQuery(pageState(large), result));
      const { user } = process.cpuUsage(before);
      expect(page).toContain("</html>");
      expect(page.length).toBeLessThan(300_000);
      // A fifth of a second is what it takes; the rest is room for slower machines.
      expect(user / 1000).toBeLessThan(1000);
    },
  );
});
