import { describe, expect, it } from "vitest";

import type { GatewayReport } from "../../src/core/report.ts";
import type { Verdict, WithholdReason } from "../../src/core/verdict.ts";
import { renderText } from "../../src/notify/message-text.ts";
import { findNews, type KnownConditions, type SweepEvent } from "../../src/notify/news.ts";
import { group, ttlRule } from "../support/core-values.ts";
import { entry, gatewayReport, sweepReport, unreadGateway } from "../support/reports.ts";

const gone: Verdict = { verdict: "delete", reason: "ttl_expired" };
const all: readonly SweepEvent[] = ["deleted", "withheld", "failed"];

const deleting = (name: string, ages: readonly number[], rule = "hour"): GatewayReport =>
  gatewayReport(
    ages.map((ageSeconds) =>
      entry(gone, { ageSeconds, outcome: "gone", rule: ttlRule(3600, { name: rule }) }),
    ),
    { name },
  );
const withholding = (name: string, reason: WithholdReason = "max_deletes") =>
  gatewayReport([entry({ verdict: "withhold", reason })], {
    name,
    status: "withheld",
    error: { code: reason, message: "42 of 80 groups would be deleted" },
  });
const failing = (name: string) => unreadGateway("unreachable", { name });
const fine = (name: string) => gatewayReport([entry({ verdict: "keep", reason: "within_ttl" })], { name });
const interrupted = (name: string) => unreadGateway("aborted", { name });

/** What a receiver is told of one sweep after the other: by sweep, `gateway event` or `gateway event ended`. */
function tellAll(sweeps: readonly (readonly GatewayReport[])[], on = all): readonly (readonly string[])[] {
  let known: KnownConditions = new Map();
  return sweeps.map((gateways) => {
    const told = findNews(sweepReport(gateways), on, known);
    known = told.known;
    return told.news.flatMap(({ report: { name }, deleted, ...conditions }) => {
      const changes = { deleted: deleted.length > 0 ? "begins" : null, ...conditions };
      return Object.entries(changes).flatMap(([event, change]) =>
        change === null ? [] : [`${name} ${event}${change === "ends" ? " ended" : ""}`],
      );
    });
  });
}

describe("a message", () => {
  it.each<[string, readonly (readonly GatewayReport[])[], readonly (readonly string[])[]]>([
    ["is not sent when nothing happened", [[fine("a")], []], [[], []]],
    [
      "names deletions at every sweep",
      [[deleting("a", [7200])], [deleting("a", [7200])]],
      [["a deleted"], ["a deleted"]],
    ],
    [
      "names withheld groups when that begins and when it ends",
      [[withholding("a")], [withholding("a")], [fine("a")], [fine("a")], [withholding("a")]],
      [["a withheld"], [], ["a withheld ended"], [], ["a withheld"]],
    ],
    [
      "names a failure when it begins and when it ends",
      [
        [failing("a"), fine("b")],
        [failing("a"), failing("b")],
        [fine("a"), failing("b")],
      ],
      [["a failed"], ["b failed"], ["a failed ended"]],
    ],
    [
      "takes a gateway that cannot be read for one that still withholds",
      [[withholding("a")], [failing("a")], [withholding("a")], [fine("a")]],
      [["a withheld"], ["a failed"], ["a failed ended"], ["a withheld ended"]],
    ],
    [
      "says nothing about interrupted sweeps",
      [[failing("a")], [interrupted("a")], [failing("a")], [interrupted("b")]],
      [["a failed"], [], [], []],
    ],
    ["takes no group that was pushed again for withheld", [[withholding("a", "pushed_again")]], [[]]],
    ["takes no group whose host may exist for withheld", [[withholding("a", "host_may_exist")]], [[]]],
    ["says nothing about groups that the next sweep deletes", [[withholding("a", "interrupted")]], [[]]],
    [
      "forgets gateways that are swept no more",
      [[failing("a")], [], [failing("a")]],
      [["a failed"], [], ["a failed"]],
    ],
    [
      "takes deletions that did not take effect for a failure",
      [
        [gatewayReport([entry(gone, { outcome: "still_there" })], { name: "a", status: "partial" })],
        [fine("a")],
      ],
      [["a failed"], ["a failed ended"]],
    ],
  ])("%s", (_, sweeps, told) => {
    expect(tellAll(sweeps)).toEqual(told);
  });

  it("is about the events that the receiver wants", () => {
    const sweeps = [
      [deleting("a", [7200]), withholding("b"), failing("c")],
      [fine("a"), fine("b"), fine("c")],
    ];
    expect(tellAll(sweeps, ["deleted"])).toEqual([["a deleted"], []]);
    expect(tellAll(sweeps, ["withheld"])).toEqual([["b withheld"], ["b withheld ended"]]);
    expect(tellAll(sweeps, ["failed"])).toEqual([["c failed"], ["c failed ended"]]);
  });

  it("names no deletions of a dry run", () => {
    const dry = sweepReport([deleting("a", [7200]), failing("b")], { dryRun: true });
    const { news } = findNews(dry, all, new Map());
    expect(news.map(({ report }) => report.name)).toEqual(["b"]);
    expect(renderText(news, { dryRun: true, isArchived: true })).toContain("1 gateway failed (dry run)");
  });
});

/** The text about one sweep, for a receiver that knows of nothing. */
function textOf(
  gateways: readonly GatewayReport[],
  isArchived = true,
  known: KnownConditions = new Map(),
): string {
  const { news } = findNews(sweepReport(gateways), all, known);
  return renderText(news, { dryRun: false, isArchived });
}

describe("the text of a message", () => {
  it("has one line for each gateway and event, then what to do", () => {
    const hour = 3600;
    const mixed = gatewayReport(
      [
        ...deleting("a", [30 * hour, 20 * hour, 40 * hour], "ci").entries,
        ...deleting("a", [8 * hour]).entries,
      ],
      { name: "a" },
    );
    const known = new Map([
      ["d", { withheld: true, failed: false }],
      ["e", { withheld: false, failed: true }],
    ]);
    expect(textOf([mixed, withholding("b"), failing("c"), fine("d"), fine("e")], true, known)).toBe(
      [
        "pushgateway-janitor: 4 groups deleted, 1 group withheld, 1 gateway failed, 2 gateways recovered",
        '`a`: 4 groups deleted (12 series): 3 by rule `ci`, 1 by rule `hour`. The oldest: `{job="a", age="144000"}` (1d16h), ' +
          '`{job="a", age="108000"}` (1d6h), `{job="a", age="72000"}` (20h)',
        "`b`: 1 expired group withheld: max_deletes. `42 of 80 groups would be deleted`",
        "`c`: not swept. `GET http://g: unreachable`",
        "`d`: nothing is withheld any more.",
        "`e`: swept again without a failure.",
        "`pushgateway-janitor report` lists withheld groups and the reasons.",
        "`pushgateway-janitor doctor` examines a gateway that fails.",
        "`pushgateway-janitor restore` brings a group back that should have stayed.",
      ].join("\n"),
    );
  });

  it("promises no restore without an archive", () => {
    expect(textOf([deleting("a", [7200])], false)).not.toContain("restore");
  });

  it.each([
    ["<!channel> <http://evil|click>", "&lt;!channel&gt; &lt;http://evil|click&gt;"],
    ["a & b", "a &amp; b"],
    ["`x` <!here>", "'x' &lt;!here&gt;"],
    ["[click](http://evil)", "[click](http://evil)"],
    ["@all you @channel a@b", "@\u2060all you @\u2060channel a@b"],
    ["line\nbreak\u202e", String.raw`line\nbreak\u202e`],
  ])("shows the label %j as a code span that no chat takes for markup", (value, shown) => {
    const one = { ...entry(gone, { outcome: "gone" }), group: group({ job: value }, 7200) };
    const text = textOf([gatewayReport([one], { name: "a" })]);
    expect(text).toContain(`\`{job="${shown}"}\``);
    // Outside of code spans there is nothing that was not written here.
    expect(text.replaceAll(/`[^`]*`/g, "")).not.toContain(value);
  });

  it("is valid Unicode, also where a character of a label is at the cut", () => {
    const jobs = [193, 192].map((length) => `${"a".repeat(length)}${"\u{1f680}".repeat(300)}`);
    const groups = jobs.map((job) =>
      Object.assign(entry(gone, { outcome: "gone" }), { group: group({ job }, 7200) }),
    );
    const text = textOf([gatewayReport(groups, { name: "a" })]);
    expect(text).toContain("\u{1f680}…");
    expect(text.isWellFormed()).toBe(true);
  });

  it("shows the names of gateways and rules, and what gateways say, in the same way", () => {
    const hostile = "<!channel>` @all";
    const bad = gatewayReport([entry(gone, { outcome: "gone", rule: ttlRule(1, { name: hostile }) })], {
      name: hostile,
    });
    const failed = unreadGateway("http_status", {
      name: hostile,
      error: { code: "http_status", message: hostile },
    });
    const text = textOf([bad, failed]);
    expect(text.match(/&lt;!channel&gt;' @\u2060all/g)).toHaveLength(4);
    expect(text).not.toMatch(/<!channel>|@all/);
  });

  it("stays below 4,000 bytes, however many gateways and however long their labels are", () => {
    const long = { ...entry(gone, { outcome: "gone" }), group: group({ job: "ж".repeat(100_000) }, 7200) };
    const gateways = Array.from({ length: 500 }, (_, index) =>
      gatewayReport([long, long], { name: `gateway-${index}` }),
    );
    const text = textOf(gateways);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4000);
    expect(text).toContain("1000 groups deleted");
    expect(text).toMatch(/\n… and 4\d\d more gateways: see the janitor's log\n`pushgateway-janitor restore/);
  });
});
