import { quote, type Labels } from "./labels.ts";
import type { LabelPattern, Matcher } from "./matcher.ts";

interface RuleBase {
  /** Unique among the rules; a label value of the janitor's metrics. */
  readonly name: string;
  /** All must match. Empty: matches every group. */
  readonly matchers: readonly Matcher[];
}

export interface KeepRule extends RuleBase {
  readonly action: "keep";
}

/** Which pushes count as life: all of them, or only those that succeeded. */
export type Since = "last_activity" | "last_success";

export interface TtlRule extends RuleBase {
  /** `report`: says what would be deleted, never does. */
  readonly action: "delete" | "report";
  /** Over 0. */
  readonly ttlSeconds: number;
  readonly since: Since;
  /** The `count` freshest groups of each combination of the labels `by` stay, however old. */
  readonly keepLatest: { readonly count: number; readonly by: readonly KeepLatestLabel[] } | null;
  /** A gauge of the group that sets its TTL, in seconds. */
  readonly ttlMetric: DeclaredTtl | null;
  /** A grouping label that sets the TTL of its group, as a duration or in seconds. */
  readonly ttlLabel: DeclaredTtl | null;
  /** The shorter TTL of groups whose host is not among those that Prometheus knows. */
  readonly vanished: Vanished | null;
}

/** A TTL that a group sets itself, within these bounds. */
export interface DeclaredTtl {
  /** Of the metric or label. */
  readonly name: string;
  readonly minSeconds: number;
  readonly maxSeconds: number;
}

export interface Vanished {
  /** PromQL; its series are the hosts that are known. */
  readonly query: string;
  /** The label of the group that names its host. */
  readonly groupLabel: string;
  /** The label of the series that names the host. */
  readonly seriesLabel: string;
  /** Over 0. */
  readonly ttlSeconds: number;
}

/** A label, or the part of its value that a pattern finds. */
export type KeepLatestLabel = string | { readonly label: string; readonly regex: LabelPattern };

/** The value that distinguishes groups. */
export function keepLatestValue(by: KeepLatestLabel, labels: Labels): string {
  return typeof by === "string" ? (labels.get(by) ?? "") : by.regex.partOf(labels.get(by.label) ?? "");
}

export function formatKeepLatestLabel(by: KeepLatestLabel): string {
  return typeof by === "string" ? by : `${by.label} by ${quote(by.regex.pattern)}`;
}

export type Rule = KeepRule | TtlRule;

/** A rule that deletes by age alone. */
export function createTtlRule(name: string, matchers: readonly Matcher[], ttlSeconds: number): TtlRule {
  return {
    name,
    matchers,
    action: "delete",
    ttlSeconds,
    since: "last_activity",
    keepLatest: null,
    ttlMetric: null,
    ttlLabel: null,
    vanished: null,
  };
}

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
