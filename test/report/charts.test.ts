import { describe, expect, it } from "vitest";
import { renderHtml, type PageState } from "../../src/report/html/page.ts";
import type { SweepMark } from "../../src/report/html/charts.ts";
import { parseReportQuery } from "../../src/report/query.ts";
import { group, keepRule, now, ttlRule } from "../support/core-values.ts";
import { readMarkup } from "../support/markup.ts";
import { pageState, plannedGateway, renderQuery, selectMatching } from "../support/page-state.ts";
import { sweepReport, unreadGateway } from "../support/reports.ts";
import { whole } from "../support/whole.ts";

const [hour, day] = [3600, 86_400];
const rules = [
  keepRule("kept", ['job="kept"']),
  ttlRule(2 * hour, { name: "short", matchers: ['job="short"'] }),
  ttlRule(30 * day, {
    name: "long",
    vanished: { query: "up", groupLabel: "instance", seriesLabel: "instance", ttlSeconds: hour },
  }),
];
const groups = ["kept", "short", "long"].flatMap((job) =>
  Array.from({ length: 60 }, (_, index) => group({ job, index: String(index) }, 400 * 1.2 ** index)),
);
const report = sweepReport([plannedGateway(groups, rules)], { rules: rules.map(({ name }) => name) });

/** A chart of the page, by the id of its heading, as markup. */
function chart(id: string, state: PageState = pageState(report)): string {
  const page = whole(renderQuery(state, parseReportQuery(new URLSearchParams())))
    .replaceAll(/\s+/g, " ")
    .replaceAll("&#38;", "&");
  return (
    page.match(new RegExp(`<section class="chart" aria-labelledby="${id}-title".*?</section>`, "s"))?.[0] ??
    ""
  );
}

/** The words of a chart, as a reader sees them. */
function words(id: string, state?: PageState): string {
  return chart(id, state)
    .replaceAll(/<title>.*?<\/title>|<[^>]*>/gs, " ")
    .replaceAll(/\s+/g, " ");
}

/** Bars that stand for nothing, as distinct from what is not known. */
function idleBars(text: string): number {
  return (/class="idle" d="([^"]*)"/.exec(text)?.[1]?.split("M").length ?? 1) - 1;
}

function labels(id: string, state?: PageState): string[] {
  return readMarkup(chart(id, state)).flatMap(({ attributes }) => attributes.get("aria-label") ?? []);
}

const sweep: SweepMark = {
  at: now,
  dryRun: false,
  deleted: 0,
  withheld: 0,
  failedGateways: 0,
  failedDeletions: 0,
};

describe("the charts of expiries", () => {
  it.each(["expiring-hours", "expiring-days"])("%s: every bar leads to as many groups as it says", (id) => {
    const bars = [...chart(id).matchAll(/<a href="(\?[^"#]*)#groups" tabindex="-1">.*?<title>([^<]*)</gs)];
    expect(bars.length).toBeGreaterThan(5);
    for (const [, href = "", title = ""] of bars) {
      const { ok, query } = parseReportQuery(new URLSearchParams(href));
      expect([ok, title]).toEqual([
        true,
        expect.stringMatching(`: ${selectMatching(report, query).matched} groups?$`),
      ]);
    }
  });

  it.each(["expiring-hours", "expiring-days"])("%s: every name leads to all groups of its row", (id) => {
    const rows = [...chart(id).matchAll(/<a href="(\?[^"#]*)#groups"><bdi.*?class="value"\s*>([\d,]+)</gs)];
    expect(rows).toHaveLength(3);
    for (const [, href = "", value] of rows) {
      const { query } = parseReportQuery(new URLSearchParams(href));
      expect(String(selectMatching(report, query).matched)).toBe(value);
    }
  });

  it("say when nothing expires, and when the next group does", () => {
    const later = sweepReport([plannedGateway([group({ job: "a" }, 5 * day)], rules)]);
    expect(words("expiring-days", pageState(later))).toContain(
      "Nothing expires in the next 7 days. The next group does in 24d23h .",
    );
    const never = sweepReport([plannedGateway([], rules)]);
    expect(words("expiring-hours", pageState(never))).toMatch(/Nothing expires in the next 24 hours\. $/);
  });

  it("have no row for all rules where there is only one", () => {
    const one = sweepReport([plannedGateway([group({ job: "short" }, 60)], rules)]);
    expect(labels("expiring-hours", pageState(one))).toEqual(["short: 09:00 to 10:00: 1 group"]);
  });

  it("add up what is beyond the largest rules", () => {
    const many = Array.from({ length: 30 }, (_, index) =>
      ttlRule(hour * (index + 2), { name: `rule-${index}`, matchers: [`job="${index}"`] }),
    );
    const one = many.flatMap((_, index) =>
      Array.from({ length: index + 1 }, (__, id) => group({ job: String(index), id: String(id) }, 60)),
    );
    const state = pageState(
      sweepReport([plannedGateway(one, many)], { rules: many.map(({ name }) => name) }),
    );
    expect(words("expiring-days", state)).toMatch(
      /All rules 465 .* rule-23 24 .* rule-29 30 23 other rules 276/,
    );
    expect(labels("ages", state)).toHaveLength(8);
  });
});

describe("the chart of ages", () => {
  it("says the TTL of each rule, how many groups are older, and which rule has none", () => {
    expect(words("ages")).toMatch(
      /kept 60 kept, no TTL .*short 60 \d+ over TTL TTL 2h .*long 60 \d+ over TTL vanished 1h TTL 30d/,
    );
    expect(labels("ages")[1]).toMatch(
      /^short: 5m11s to 6m49s: 1 group; .*; 1h46m to 2h19m: 1 group over TTL;/,
    );
  });
});

describe("the strip of sweeps", () => {
  const sweeps = [
    { ...sweep, at: now - 600, deleted: 12, failedGateways: 1 },
    { ...sweep, at: now - 300 },
    { ...sweep, deleted: 3, withheld: 5, failedDeletions: 2 },
  ];

  it("says of each sweep what came of it", () => {
    const state = pageState(report, { sweeps });
    expect(words("sweeps", state)).toMatch(/Deleted 15 .*Withheld 5 now .*Failed 2 sweeps/);
    expect(labels("sweeps", state)).toEqual([
      "Deleted: 2027-01-15 07:50: 12 deleted, 1 gateway not readable; 2027-01-15 08:00: 3 deleted, 5 withheld, 2 deletions failed",
      "Withheld: 2027-01-15 08:00: 3 deleted, 5 withheld, 2 deletions failed",
      "Failed: 2027-01-15 07:50: 12 deleted, 1 gateway not readable; 2027-01-15 08:00: 3 deleted, 5 withheld, 2 deletions failed",
    ]);
    expect(chart("sweeps", state)).toContain("<title>2027-01-15 07:55: nothing to delete</title>");
  });

  it("shows what a dry run would delete, and not as deleted", () => {
    const state = pageState(report, { sweeps: [{ ...sweep, dryRun: true, deleted: 9 }] });
    expect(words("sweeps", state)).toContain("To delete 9 now");
    expect(labels("sweeps", state)[0]).toBe("To delete: 2027-01-15 08:00: 9 to delete");
  });

  it("is there before the first sweep", () => {
    expect(words("sweeps", pageState(null))).toContain("There was no sweep since the start.");
  });
});

describe("the chart of deletions", () => {
  const today = Math.floor(now / day);

  it("shows 30 days of an archive", () => {
    const deletionsByDay = new Map([
      [today, 7],
      [today - 29, 1200],
      [today - 30, 99],
    ]);
    const state = pageState(report, { deletionsByDay });
    expect(words("deleted", state)).toMatch(/by day \(UTC\)\. All rules 1,207 max 1,200/);
    expect(labels("deleted", state)).toEqual(["All rules: Thu 17 Dec: 1,200 groups; Fri 15 Jan: 7 groups"]);
    expect(idleBars(chart("deleted", state))).toBe(28);
  });

  it("says where it knows only what happened since the start", () => {
    const deletionsByDay = new Map([[today, 7]]);
    const state = pageState(report, { deletionsByDay, deletionsSince: now - day });
    expect(words("deleted", state)).toContain("since the start 1d ago ; only an archive knows earlier ones");
    expect(idleBars(chart("deleted", state))).toBe(1);
    expect(words("deleted", pageState(report))).toContain("Nothing was deleted.");
  });
});

describe("the file that is mailed", () => {
  it("has expiries and ages, without links", () => {
    const text = whole(renderHtml(report));
    const titles = [...text.matchAll(/<h2 id="([a-z-]+)-title"/g)].map(([, id]) => id);
    expect(titles).toEqual(["gateways", "expiring-hours", "expiring-days", "ages", "rules", "groups"]);
    expect(text).not.toContain("<a ");
    expect(whole(renderHtml(sweepReport([unreadGateway("timeout")])))).not.toContain('class="chart');
  });
});
