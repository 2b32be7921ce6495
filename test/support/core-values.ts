import type { Group } from "../../src/core/group.ts";
import { createLabels, labelsKey } from "../../src/core/labels.ts";
import { defaultLimits, type Limits } from "../../src/core/limits.ts";
import { parseMatcher } from "../../src/core/matcher.ts";
import { createTtlRule, type KeepRule, type TtlRule } from "../../src/core/rule.ts";

/** A moment to count from, Unix seconds. */
export const now = 1_800_000_000;

/** A group last pushed `ageSeconds` before {@link now}. */
export function group(
  labels: Readonly<Record<string, string>>,
  ageSeconds: number,
  rest: Partial<Group> = {},
): Group {
  const sorted = createLabels(Object.entries(labels));
  return {
    key: labelsKey(sorted),
    labels: sorted,
    obstacle: null,
    lastSuccessAt: now - ageSeconds,
    lastFailureAt: 0,
    holdsMetrics: true,
    series: 3,
    nativeHistograms: [],
    gauges: new Map(),
    ...rest,
  };
}

/** A rule with a TTL in seconds; matches everything unless told otherwise. */
export function ttlRule(
  ttlSeconds: number,
  {
    matchers = [],
    ...rest
  }: Partial<Omit<TtlRule, "matchers">> & { readonly matchers?: readonly string[] } = {},
): TtlRule {
  return { ...createTtlRule("rule", matchers.map(parseMatcher), ttlSeconds), ...rest };
}

export function keepRule(name: string, matchers: readonly string[]): KeepRule {
  return { name, action: "keep", matchers: matchers.map(parseMatcher) };
}

/** Limits that nothing exceeds, unless set. */
export function limits(rest: Partial<Limits> = {}): Limits {
  return { ...defaultLimits, maxDeleteRatio: 1, maxDeletes: 1_000_000, ...rest };
}
