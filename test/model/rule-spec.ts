import fc from "fast-check";

import type { Since, Rule, TtlRule } from "../../src/core/rule.ts";
import { keepRule, ttlRule } from "../support/core-values.ts";
import type { LabelRecord } from "./truth.ts";

/** A rule in the model's own words. */
export interface RuleSpec {
  /** null: any. */
  readonly jobs: readonly string[] | null;
  readonly instance: "any" | "empty" | "some";
  readonly action: "delete" | "keep" | "report";
  readonly ttl: number;
  readonly since: Since;
  readonly keepLatest: TtlRule["keepLatest"];
  readonly ttlMetric: { readonly min: number; readonly max: number } | null;
  /** The TTL of groups whose `instance` Prometheus does not know. */
  readonly vanished: { readonly ttl: number } | null;
}

export const ttlMetricName = "push_ttl_seconds";
export const jobNames = ["a", "b", "c", ".."] as const;

const hour = 3600;
const day = 86_400;

/** Mostly nothing, or most groups would be kept for it. */
function seldom<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });
}

const anyRule: fc.Arbitrary<RuleSpec> = fc.record({
  jobs: fc.oneof(fc.constant(null), fc.subarray([...jobNames], { minLength: 1 })),
  instance: fc.constantFrom("any", "any", "empty", "some"),
  action: fc.constantFrom("delete", "delete", "delete", "delete", "keep", "report"),
  ttl: fc.constantFrom(60, hour, day, 7 * day),
  since: fc.constantFrom("last_activity", "last_success"),
  keepLatest: seldom(
    fc.record({ count: fc.constantFrom(1, 2), by: fc.constantFrom([], ["job"], ["job", "instance"]) }),
  ),
  ttlMetric: seldom(fc.record({ min: fc.constant(30), max: fc.constantFrom(2 * hour, 30 * day) })),
  vanished: fc.oneof(fc.constant(null), fc.record({ ttl: fc.constantFrom(10, 60, hour) })),
});

export const anyRules: fc.Arbitrary<readonly RuleSpec[]> = fc.array(anyRule, {
  minLength: 1,
  maxLength: 3,
  size: "max",
});

/** The rule as the janitor knows it. */
export function toRule(spec: RuleSpec, index: number): Rule {
  const { ttlMetric, vanished } = spec;
  const name = `rule-${index}`;
  const matchers = matcherTexts(spec);
  if (spec.action === "keep") return keepRule(name, matchers);
  return ttlRule(spec.ttl, {
    name,
    matchers,
    action: spec.action,
    since: spec.since,
    keepLatest: spec.keepLatest,
    ttlMetric: ttlMetric && { name: ttlMetricName, minSeconds: ttlMetric.min, maxSeconds: ttlMetric.max },
    vanished: vanished && {
      query: "up",
      groupLabel: "instance",
      seriesLabel: "instance",
      ttlSeconds: vanished.ttl,
    },
  });
}

function matcherTexts({ jobs, instance }: RuleSpec): readonly string[] {
  const texts: string[] = [];
  if (jobs !== null) texts.push(`job=~"${jobs.map((job) => job.replaceAll(".", "[.]")).join("|")}"`);
  if (instance !== "any") texts.push(instance === "empty" ? 'instance=""' : 'instance!=""');
  return texts;
}

export function ruleOf(rules: readonly RuleSpec[], labels: LabelRecord): RuleSpec | undefined {
  return rules.find(({ jobs, instance }) => {
    const empty = (labels["instance"] ?? "") === "";
    const instanceFits = instance === "any" || (instance === "empty") === empty;
    return instanceFits && (jobs === null || jobs.includes(labels["job"] ?? ""));
  });
}
