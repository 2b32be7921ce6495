import { describe, expect, it } from "vitest";

import { decide } from "../../src/core/decide.ts";
import type { Group } from "../../src/core/group.ts";
import { surveyPushes } from "../../src/core/life.ts";
import { createPresence, type KnownHosts, type Liveness } from "../../src/core/liveness.ts";
import { createPlan, type Plan } from "../../src/core/plan.ts";
import type { Rule, TtlRule } from "../../src/core/rule.ts";
import { countByRule, countGroups } from "../../src/core/totals.ts";
import { group, limits, now, ttlRule } from "../support/core-values.ts";

const hour = 3600;
const day = 24 * hour;
const vanished = { query: "up", groupLabel: "instance", seriesLabel: "instance", ttlSeconds: hour };
const hosts = ttlRule(30 * day, { name: "hosts", vanished });

function known(...names: readonly string[]): KnownHosts {
  return { ok: true, hosts: new Set(names) };
}

function planFor(
  groups: readonly Group[],
  answer: KnownHosts | null = known("web-1", "web-2"),
  rules: readonly Rule[] = [hosts],
): Plan {
  const liveness: Liveness = new Map(answer === null ? [] : [["hosts", answer]]);
  return createPlan({ groups, now, gatewayStartedAt: null, rules, limits: limits(), liveness });
}

function verdictOf(plan: Plan, at = 0): string {
  const { verdict, ttlSeconds, ttlSource } = plan.decisions[at]!;
  return `${verdict.verdict} ${verdict.reason}: ${ttlSeconds} s from ${ttlSource}`;
}

const long = `${30 * day} s from rule`;

describe("a group of a rule with vanished", () => {
  const at = (instance: string, ageSeconds: number): Group => group({ job: "a", instance }, ageSeconds);

  it.each<[string, Group, string]>([
    ["of a host that is known", at("web-1", 2 * hour), `keep within_ttl: ${long}`],
    [
      "of a host that is known, older than the rule's TTL",
      at("web-1", 31 * day),
      `delete ttl_expired: ${long}`,
    ],
    ["of a host that is not", at("web-9", hour + 1), "delete host_vanished: 3600 s from vanished"],
    [
      "of a host that is not, older than both TTLs",
      at("web-9", 31 * day),
      "delete host_vanished: 3600 s from vanished",
    ],
    [
      "of a host that is not, within the shorter TTL",
      at("web-9", hour),
      "keep within_ttl: 3600 s from vanished",
    ],
    [
      "of a host whose name is the beginning of another",
      at("web", hour + 1),
      "delete host_vanished: 3600 s from vanished",
    ],
    ["whose host has another case", at("Web-1", hour + 1), `keep within_ttl: ${long}`],
    ["without the label", group({ job: "a" }, 2 * hour), `keep within_ttl: ${long}`],
    ["with an empty label", at("", 2 * hour), `keep within_ttl: ${long}`],
    ["of the future", at("web-9", -100), "keep future_time: 3600 s from vanished"],
    [
      "of an unknown time",
      group({ job: "a", instance: "web-9" }, 0, { lastSuccessAt: null }),
      "keep invalid_time: 3600 s from vanished",
    ],
  ])("%s", (_, one, expected) => {
    expect(verdictOf(planFor([one]))).toBe(expected);
  });

  it.each<[string, KnownHosts | null]>([
    ["failed", { ok: false, message: "it is down" }],
    ["returned nothing", known()],
    ["was never asked", null],
  ])("counts as alive where the query %s", (_, answer) => {
    expect(verdictOf(planFor([at("web-9", 2 * hour)], answer))).toBe(`keep within_ttl: ${long}`);
    expect(verdictOf(planFor([at("web-9", 31 * day)], answer))).toBe(`delete ttl_expired: ${long}`);
  });

  it("lists the queries that failed, with the reason", () => {
    expect(planFor([], { ok: false, message: "it is down" }).failedQueries).toEqual([
      { rule: "hosts", message: "it is down" },
    ]);
    expect(planFor([], known()).failedQueries).toEqual([
      { rule: "hosts", message: "the query returned no host" },
    ]);
    expect(planFor([]).failedQueries).toEqual([]);
  });

  it("never has a longer TTL by that than its rule's", () => {
    const rule = ttlRule(hour, { name: "hosts", vanished: { ...vanished, ttlSeconds: day } });
    expect(verdictOf(planFor([at("web-9", hour + 1)], undefined, [rule]))).toBe(
      "delete host_vanished: 3600 s from vanished",
    );
  });

  it("is judged by the answer to its own rule only", () => {
    const other = ttlRule(30 * day, { name: "others", matchers: ['job="b"'], vanished });
    const plan = planFor([group({ job: "b", instance: "web-9" }, 2 * hour)], undefined, [other, hosts]);
    expect(verdictOf(plan)).toBe(`keep within_ttl: ${long}`);
  });

  it("is judged by the label that names its host, whatever the series call it", () => {
    const rule = ttlRule(30 * day, {
      name: "hosts",
      vanished: { ...vanished, groupLabel: "host", seriesLabel: "node" },
    });
    const plan = planFor([group({ job: "a", host: "web-9", node: "web-1" }, 2 * hour)], undefined, [rule]);
    expect(verdictOf(plan)).toMatch(/^delete host_vanished/);
  });

  it("stays in a rule that reports, and where its path cannot be written", () => {
    const reporting: TtlRule = { ...hosts, action: "report" };
    expect(verdictOf(planFor([at("web-9", 2 * hour)], undefined, [reporting]))).toMatch(/^keep rule_reports/);
    const odd = group({ job: "a", instance: "web-9" }, 2 * hour, { obstacle: "unaddressable" });
    expect(verdictOf(planFor([odd]))).toMatch(/^keep unaddressable/);
  });

  it("stays if it is one of the latest", () => {
    const rule = { ...hosts, keepLatest: { count: 1, by: ["job"] } };
    const plan = planFor([at("web-9", 2 * hour), at("web-8", 3 * hour)], undefined, [rule]);
    expect(
      plan.decisions.map(({ group: { labels }, verdict }) => [labels.get("instance"), verdict.reason]),
    ).toEqual([
      ["web-8", "host_vanished"],
      ["web-9", "kept_latest"],
    ]);
  });

  it("is counted as host_vanished, never as ttl_expired", () => {
    const { decisions } = planFor([at("web-9", 31 * day), at("web-1", 31 * day), at("web-1", hour)]);
    const counted = { expired: 2, reasons: { host_vanished: 1, ttl_expired: 1, within_ttl: 1 } };
    expect(countGroups(decisions)).toMatchObject(counted);
    expect(countByRule(decisions, ["hosts"])).toMatchObject([counted]);
  });
});

describe("a host that the query knows by a name with another port, without one, or spelt differently", () => {
  it.each([
    ["web-1", "web-1:9100", "namesake"],
    ["web-1:9091", "web-1", "namesake"],
    ["web-1", "web-1:65535", "namesake"],
    ["web-1", "web-1:655350", "gone"],
    ["[2001:db8::1]", "[2001:db8::1]:9100", "namesake"],
    ["web-1:9091", "web-1:9100", "gone"],
    ["web-1", "web-10:9100", "gone"],
    ["web-1", "web-1:http", "gone"],
    ["web-1:9100", "web-1:9100", "alive"],
    ["WEB-1", "web-1.example", "gone"],
    ["WEB-1", "web-1", "namesake"],
    ["web-1", "Web-1:9100", "namesake"],
    ["Web-1:9091", "web-1", "namesake"],
    ["caf\u00e9", "cafe\u0301", "namesake"],
  ])("%s among %s: %s", (host, series, expected) => {
    const findPresence = createPresence(new Map([["hosts", known(series)]]));
    expect(findPresence(hosts, new Map([["instance", host]]))).toBe(expected);
  });

  it("counts as alive, with one note per rule", () => {
    const groups = ["web-1", "web-2", "web-3"].map((instance) => group({ job: "a", instance }, 2 * hour));
    const plan = planFor(groups, known("web-1:9100", "web-2:9100", "web-3"));
    expect(countGroups(plan.decisions).verdicts).toMatchObject({ delete: 0, keep: 3 });
    expect(plan.notes).toEqual([
      "rule hosts: 2 groups of hosts that the query knows only by a name with another port, without one, or spelt differently, count as alive, " +
        'for example "web-1": make the names agree, as with label_replace in the query',
    ]);
  });
});

describe("a rule whose label and query do not fit", () => {
  const three = (label: string): Group[] =>
    ["a", "b", "c"].map((value) => group({ job: "a", [label]: value }, 60));

  it.each<[string, readonly Group[], KnownHosts, readonly string[]]>([
    [
      "names no host, as no group has the label",
      three("hostname"),
      known("web-1"),
      ['rule hosts: none of its 3 groups has the label "instance", so that no host of them can vanish'],
    ],
    [
      "knows no host of any group",
      three("instance"),
      known("web-1"),
      [
        'rule hosts: the query knows no host of its 3 groups by the label "instance", for example "a": ' +
          "check that the names agree, as with label_replace in the query",
      ],
    ],
    ["knows one of them", three("instance"), known("b"), []],
    [
      "knows one of them by a name with a port",
      three("instance"),
      known("b:9100"),
      [expect.stringContaining("count as alive") as string],
    ],
    ["has too few groups for a note", three("instance").slice(1), known("web-1"), []],
    ["has no answer", three("instance"), { ok: false, message: "down" }, []],
  ])("%s", (_, groups, answer, notes) => {
    expect(planFor(groups, answer).notes).toEqual(notes);
  });
});

describe("half of all hosts that vanish at once, as when Prometheus loses a scrape config", () => {
  const groups = Array.from({ length: 40 }, (_, index) =>
    group({ job: "a", instance: `web-${index}` }, 2 * hour),
  );
  const half = known(...groups.slice(0, 19).map(({ labels }) => labels.get("instance")!));

  it("are withheld by max_delete_ratio", () => {
    const plan = createPlan({
      groups,
      now,
      gatewayStartedAt: null,
      rules: [hosts],
      limits: limits({ maxDeleteRatio: 0.5 }),
      liveness: new Map([["hosts", half]]),
    });
    expect(countGroups(plan.decisions)).toMatchObject({
      verdicts: { delete: 0, withhold: 21 },
      reasons: { max_delete_ratio: 21, host_vanished: 0 },
    });
  });
});

describe("a gateway that was down", () => {
  it("may have lost a push of a host that has vanished since, as of any other", () => {
    // The last push that is known came three hours before the gateway started again, half an hour ago.
    const outage = { beganAt: now - 2 * hour, endedAt: now - hour / 2, seconds: 1.5 * hour, maxSeconds: day };
    const one = group({ job: "a", instance: "web-9" }, 3.5 * hour);
    const findPresence = createPresence(new Map([["hosts", known("web-1")]]));
    const pushes = surveyPushes([], now);
    const { verdict } = decide(one, { rules: [hosts], now, outage, pushes, findPresence });
    expect(verdict.reason).toBe("push_may_be_lost");
  });

  it("has lost no push of a group whose own TTL was over before", () => {
    const outage = { beganAt: now - 2 * hour, endedAt: now - hour / 2, seconds: 1.5 * hour, maxSeconds: day };
    const rule = ttlRule(30 * day, { ttlLabel: { name: "ttl", minSeconds: 60, maxSeconds: day } });
    const one = group({ job: "a", ttl: "1h" }, 3.5 * hour);
    const { verdict } = decide(one, { rules: [rule], now, outage, pushes: surveyPushes([], now) });
    expect(verdict.reason).toBe("ttl_expired");
  });
});

describe("a TTL that the group sets by a label", () => {
  const bounds = { minSeconds: 60, maxSeconds: 7200 };
  const ttlLabel = { name: "ttl", ...bounds };
  const ttlMetric = { name: "push_ttl", minSeconds: 60, maxSeconds: 9000 };
  const rule = ttlRule(3600, { name: "hosts", ttlLabel });
  const ttlOf = (text: string, of: TtlRule = rule, rest: Partial<Group> = {}): string =>
    verdictOf(planFor([group({ job: "a", ttl: text, instance: "web-9" }, 10, rest)], undefined, [of]));

  it.each([
    ["30m", 1800],
    ["1h30m", 5400],
    ["1800", 1800],
    ["1.8e3", 1800],
    ["1s", 60],
    ["90d", 7200],
    ["99999999999", 7200],
  ])("%s: %d s", (text, seconds) => {
    expect(ttlOf(text)).toBe(`keep within_ttl: ${seconds} s from ttl_label`);
  });

  it.each([
    "0",
    "0s",
    "-5",
    "soon",
    "NaN",
    "Infinity",
    "0x10",
    " 2h",
    "2h ",
    "2 h",
    "1e999",
    "9".repeat(100_000),
    "999999y",
    "２h",
  ])("%.20s makes no sense: the longest that the rule can give", (text) => {
    expect(ttlOf(text)).toBe("keep within_ttl: 7200 s from senseless");
    expect(ttlOf(text, { ...rule, ttlSeconds: 8000 })).toBe("keep within_ttl: 8000 s from senseless");
    expect(ttlOf(text, { ...rule, ttlMetric })).toBe("keep within_ttl: 9000 s from senseless");
  });

  it("is the rule's own where the label is empty or missing", () => {
    expect(ttlOf("")).toBe("keep within_ttl: 3600 s from rule");
  });

  it("yields to the gauge if both exist, even if that makes no sense", () => {
    const both = { ...rule, ttlMetric };
    const gauges = (value: number): Partial<Group> => ({ gauges: new Map([["push_ttl", value]]) });
    expect(ttlOf("30m", both, gauges(600))).toBe("keep within_ttl: 600 s from ttl_metric");
    expect(ttlOf("30m", both, gauges(Number.NaN))).toBe("keep within_ttl: 9000 s from senseless");
    expect(ttlOf("30m", both)).toBe("keep within_ttl: 1800 s from ttl_label");
  });

  it("is a promise that holds also when the host has vanished", () => {
    const both = { ...rule, vanished: { ...vanished, ttlSeconds: 60 } };
    const plan = (text: string): Plan =>
      planFor([group({ job: "a", ttl: text, instance: "web-9" }, 120)], undefined, [both]);
    expect(verdictOf(plan("30m"))).toBe("keep within_ttl: 1800 s from ttl_label");
    expect(verdictOf(plan("soon"))).toBe("keep within_ttl: 7200 s from senseless");
    expect(verdictOf(plan(""))).toBe("delete host_vanished: 60 s from vanished");
    expect(verdictOf(plan("60"))).toBe("delete ttl_expired: 60 s from ttl_label");
  });

  it("is in one note per rule if it makes no sense", () => {
    const plan = planFor(
      [group({ job: "a", ttl: "soon" }, 1), group({ job: "b", ttl: "never" }, 2)],
      undefined,
      [rule],
    );
    expect(plan.notes).toEqual([
      'rule hosts: 2 groups with a TTL that makes no sense (label ttl), for example {job="b", ttl="never"}: ' +
        "the longest that the rule can give counts, 2h",
    ]);
  });
});
