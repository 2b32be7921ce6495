import type { Since } from "./group.ts";
import type { Labels } from "./labels.ts";
import type { Matcher } from "./matcher.ts";

interface RuleBase {
  /** Unique among the rules; a label value of the janitor's metrics. */
  readonly name: string;
  /** All must match. Empty: matches every group. */
  readonly matchers: readonly Matcher[];
}

export interface KeepRule extends RuleBase {
  readonly action: "keep";
}

export interface TtlRule extends RuleBase {
  /** `report`: says what would be deleted, never does. */
  readonly action: "delete" | "report";
  /** Over 0. */
  readonly ttlSeconds: number;
  readonly since: Since;
  /** The `count` freshest groups of each combination of the labels `by` stay, however old. */
  readonly keepLatest: { readonly count: number; readonly by: readonly string[] } | null;
  /** A gauge of the group that sets its TTL, in seconds, within these bounds. */
  readonly ttlMetric: {
    readonly name: string;
    readonly minSeconds: number;
    readonly maxSeconds: number;
  } | null;
  /** The shorter TTL of groups whose `label` is not among the hosts that Prometheus' `query` knows. */
  readonly vanished: { readonly query: string; readonly label: string; readonly ttlSeconds: number } | null;
}

export type Rule = KeepRule | TtlRule;

/** The rule that decides about a group: the first whose matchers all match. */
export function firstMatch(rules: readonly Rule[], labels: Labels): Rule | null {
  return rules.find((rule) => matchesAll(rule.matchers, labels)) ?? null;
}

export function matchesAll(matchers: readonly Matcher[], labels: Labels): boolean {
  return matchers.every((matcher) => matcher.matches(labels));
}

/** The gauges that a snapshot must bring along for the rules. */
export function ttlMetricNames(rules: readonly Rule[]): ReadonlySet<string> {
  return new Set(
    rules.flatMap((rule) => (rule.action === "keep" || rule.ttlMetric === null ? [] : [rule.ttlMetric.name])),
  );
}
