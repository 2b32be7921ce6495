import { decide, type Decision } from "./decide.ts";
import { labelsKey, type Labels } from "./labels.ts";
import type { Matcher } from "./matcher.ts";
import { surveyPushes } from "./life.ts";
import { isOwnGroup } from "./group.ts";
import type { Rule } from "./rule.ts";

/** How the rules look at one group. */
export interface Explanation {
  /** Every rule in order. */
  readonly rules: readonly RuleExplanation[];
  readonly deciding: Rule | null;
  /** The group of the janitor's own metrics: no rule decides. */
  readonly own: boolean;
  /** null without an age. */
  readonly decision: Decision | null;
}

export interface RuleExplanation {
  readonly rule: Rule;
  /** Matchers that do not match; empty: the rule matches. */
  readonly failing: readonly Matcher[];
}

/** Runs the production matchers and decision over labels and, if given, an age in seconds. Pure. */
export function explain(rules: readonly Rule[], labels: Labels, ageSeconds: number | null): Explanation {
  const explained = rules.map((rule) => ({
    rule,
    failing: rule.matchers.filter((one) => !one.matches(labels)),
  }));
  const own = isOwnGroup(labels);
  return {
    rules: explained,
    deciding: own ? null : (explained.find(({ failing }) => failing.length === 0)?.rule ?? null),
    own,
    decision: ageSeconds === null ? null : decideAtAge(rules, labels, ageSeconds),
  };
}

function decideAtAge(rules: readonly Rule[], labels: Labels, ageSeconds: number): Decision {
  // Any moment will do: only the difference counts.
  const now = 2_000_000_000;
  const group = {
    key: labelsKey(labels),
    labels,
    obstacle: null,
    lastSuccessAt: now - ageSeconds,
    lastFailureAt: 0,
    holdsMetrics: null,
    series: 0,
    nativeHistograms: [],
    gauges: new Map<string, number>(),
  };
  return decide(group, { rules, now, outage: null, pushes: surveyPushes([group], now) });
}
