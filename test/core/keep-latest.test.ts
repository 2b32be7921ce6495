import { describe, expect, it } from "vitest";

import type { Group } from "../../src/core/group.ts";
import { createPlan, type Plan } from "../../src/core/plan.ts";

import { countGroups } from "../../src/core/totals.ts";
import { createLabelPattern } from "../../src/core/matcher.ts";
import type { Rule } from "../../src/core/rule.ts";
import { group, limits, now, ttlRule } from "../support/core-values.ts";

const ttl = 3600;

function planFor(groups: readonly Group[], rules: readonly Rule[]): Plan {
  return createPlan({ groups, now, gatewayStartedAt: null, rules, limits: limits() });
}

function lines({ decisions }: Plan): string[] {
  return decisions.map(
    ({ group: { labels }, verdict }) => `${labels.get("job")} ${verdict.verdict} ${verdict.reason}`,
  );
}

describe("keep_latest", () => {
  const rules = [ttlRule(ttl, { name: "nightly", keepLatest: { count: 2, by: ["job"] } })];
  const at = (job: string, instance: string, ageSeconds: number): Group =>
    group({ job, instance }, ageSeconds);
  const kept = (plan: Plan): string[] =>
    plan.decisions
      .filter(({ verdict }) => verdict.reason === "kept_latest")
      .map(({ group: { labels } }) => labels.get("instance")!)
      .toSorted();

  it("keeps the freshest of each job, however old", () => {
    const plan = planFor(
      [at("a", "a1", 9000), at("a", "a2", 8000), at("a", "a3", 7000), at("b", "b1", 99_000)],
      rules,
    );
    expect(kept(plan)).toEqual(["a2", "a3", "b1"]);
    expect(countGroups(plan.decisions).verdicts.delete).toBe(1);
  });

  it("distinguishes jobs by the part of a label that a pattern finds", () => {
    const by = [{ label: "job", regex: createLabelPattern("(.+)-[0-9a-f]{8}") }];
    const flink = [ttlRule(ttl, { name: "flink", keepLatest: { count: 1, by } })];
    const groups = [
      at("wordcount-0123abcd", "old", 9000),
      at("wordcount-89abcdef", "new", 8000),
      at("sessions-00000000", "sessions", 9500),
      at("wordcount", "wordcount", 9600),
      at("wordcount-0123abcd-1", "other", 9700),
    ];
    expect(kept(planFor(groups, flink))).toEqual(["new", "sessions", "other"].toSorted());
  });

  it("counts living groups first", () => {
    expect(kept(planFor([at("a", "a1", 9000), at("a", "a2", 10), at("a", "a3", 20)], rules))).toEqual([]);
  });

  it("does not count groups of an unknown or future time", () => {
    const odd = [
      group({ job: "a", instance: "nan" }, 0, { lastSuccessAt: null }),
      group({ job: "a", instance: "future" }, -9999),
    ];
    expect(kept(planFor([...odd, at("a", "a1", 9000), at("a", "a2", 8000)], rules))).toEqual(["a1", "a2"]);
  });

  it("counts per rule: a fresher group of another rule does not count", () => {
    const two = [
      ttlRule(ttl, { name: "one", matchers: ['instance="1"'], keepLatest: { count: 1, by: ["job"] } }),
      ttlRule(ttl, { name: "two", keepLatest: { count: 1, by: ["job"] } }),
    ];
    expect(kept(planFor([at("a", "1", 9000), at("a", "2", 8000), at("a", "3", 8500)], two))).toEqual([
      "1",
      "2",
    ]);
  });

  it("does not count a group without a successful push: a typing error must not replace the last backup", () => {
    const typo = group({ job: "a", instance: "typo" }, 0, { lastSuccessAt: 0, lastFailureAt: now - 8000 });
    const single = [ttlRule(ttl, { name: "nightly", keepLatest: { count: 1, by: ["job"] } })];
    expect(kept(planFor([typo, at("a", "a1", 9000)], single))).toEqual(["a1"]);
    // Nor does it stay where there is room.
    expect(kept(planFor([typo, at("a", "a1", 9000)], rules))).toEqual(["a1"]);
  });

  it("orders by the last successful push, whatever failed since", () => {
    const failing = group({ job: "a", instance: "failing" }, 99_000, { lastFailureAt: now - 7000 });
    const single = [ttlRule(ttl, { name: "nightly", keepLatest: { count: 1, by: ["job"] } })];
    expect(kept(planFor([failing, at("a", "a1", 9000)], single))).toEqual(["a1"]);
  });

  it("counts only the groups of its own rule, a missing label as empty", () => {
    const both = [ttlRule(ttl, { name: "other", matchers: ['job="o"'] }), ...rules];
    const plan = planFor([group({ job: "o" }, 9000), group({ job: "" }, 9000), at("a", "a1", 9000)], both);
    expect(countGroups(plan.decisions).verdicts).toEqual({ delete: 1, keep: 2, withhold: 0 });
  });

  it("does not count a group that holds nothing: a push without metrics must not replace the last backup", () => {
    const empty = group({ job: "a", instance: "empty" }, 10, { holdsMetrics: false, series: 2 });
    const single = [ttlRule(ttl, { name: "nightly", keepLatest: { count: 1, by: ["job"] } })];
    expect(kept(planFor([empty, at("a", "a1", 9000), at("a", "a2", 9900)], single))).toEqual(["a1"]);
    const expired = { ...empty, lastSuccessAt: now - 8000 };
    expect(lines(planFor([expired, at("a", "a1", 9000)], single))[0]).toBe("a delete ttl_expired");
  });

  it("keeps all groups if the source does not show which of them hold anything, with a note", () => {
    const unknown = (instance: string, ageSeconds: number): Group =>
      group({ job: "a", instance }, ageSeconds, { holdsMetrics: null, series: null });
    const plan = planFor([unknown("a1", 9000), unknown("a2", 10), unknown("a3", 8000)], rules);
    expect(kept(plan)).toEqual(["a1", "a3"]);
    expect(plan.isUndecided).toBe(true);
    expect(plan.notes).toEqual([expect.stringContaining("set source: auto or api")]);
    // Where there are no more than places, all stay anyway.
    expect(planFor([unknown("a1", 9000), unknown("a2", 10)], rules)).toMatchObject({
      isUndecided: false,
      notes: [],
    });
  });
});

describe("a note about a keep_latest that keeps everything", () => {
  const day = 86_400;
  type Labels = Readonly<Record<string, string>>;

  /** One push a day. */
  const daily = (labelsOf: (push: number) => Labels, pushes = 5): Group[] =>
    Array.from({ length: pushes }, (_, push) =>
      group({ job: "ci", ...labelsOf(push) }, push * day + 2 * ttl),
    );
  const runs = daily((push) => ({ run: `r${push}`, instance: "runner" }));

  it.each<[string, by: readonly string[], readonly Group[], string | null]>([
    ["names the label that never repeats", ["job", "run"], runs, '"run"'],
    ["names it among others", ["job", "instance", "run"], runs, '"run"'],
    [
      "names it where each push has labels of its own besides",
      ["run"],
      daily((push) => ({ run: `${push}`, pod: `p${push}` })),
      '"run"',
    ],
    [
      "names all that never repeat",
      ["run", "pod"],
      daily((push) => ({ run: `${push}`, pod: `p${push}` })),
      '"run" and "pod"',
    ],
    [
      "names it where it repeats in another job only",
      ["job", "run"],
      [...runs, group({ job: "b", run: "r1" }, 10)],
      '"run"',
    ],
    ["is nothing without it", ["job", "instance"], runs, null],
    ["is nothing of a few groups", ["job", "run"], runs.slice(0, 3), null],
    [
      "is nothing where a contest has losers",
      ["job", "run"],
      [...runs, group({ job: "ci", run: "r1" }, 9 * day)],
      null,
    ],
    [
      "is nothing of hosts that push the same run",
      ["job", "host"],
      Array.from({ length: 9 }, (_, host) =>
        group({ job: "backup", host: `h${host}`, run: "r" }, 9000 + host),
      ),
      null,
    ],
    [
      "is nothing of jobs that each have one group",
      ["job"],
      Array.from({ length: 9 }, (_, job) => group({ job: `j${job}` }, job * day + 9000)),
      null,
    ],
    [
      "is nothing while they are within their TTL",
      ["job", "run"],
      Array.from({ length: 9 }, (_, run) => group({ job: "ci", run: `${run}` }, run)),
      null,
    ],
  ])("%s", (_, by, groups, named) => {
    const rules = [ttlRule(ttl, { name: "nightly", keepLatest: { count: 1, by } })];
    const { notes } = planFor(groups, rules);
    expect(notes.join()).toMatch(
      named === null ? /^$/ : new RegExp(`rule nightly: .*: remove ${named} from its "by"`),
    );
  });
});
