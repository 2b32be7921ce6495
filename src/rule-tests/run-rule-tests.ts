import type { Config } from "../config/config.ts";
import type { Problem } from "../config/file/problem.ts";
import type { Decision } from "../core/decide.ts";
import type { Group } from "../core/group.ts";
import { labelsKey } from "../core/labels.ts";
import type { Limits } from "../core/limits.ts";
import { createPlan, type Plan } from "../core/plan.ts";
import type { RuleTest, RuleTestFile, TestGroup } from "./rule-test-file.ts";

/** The result of one file. */
export type RuleTestOutcome =
  | { readonly ok: true; readonly path: string; readonly results: readonly RuleTestResult[] }
  | { readonly ok: false; readonly path: string; readonly problems: readonly Problem[] };

export interface RuleTestResult {
  readonly test: RuleTest;
  readonly plan: Plan;
  /** Empty: the test passed. */
  readonly failures: readonly RuleTestFailure[];
}

/** A group that the rules decide about otherwise than the test expects. */
export interface RuleTestFailure {
  readonly group: TestGroup;
  readonly decision: Decision;
}

/** Plans as a sweep does for the groups of each test. Pure. */
export function runRuleTests({ tests, config }: RuleTestFile): readonly RuleTestResult[] {
  return tests.map((test) => runRuleTest(test, config));
}

function runRuleTest(test: RuleTest, { rules, limits }: Config): RuleTestResult {
  const plan = createPlan({
    groups: test.groups.map(toGroup),
    now,
    gatewayStartedAt: null,
    rules,
    limits: test.appliesLimits ? limits : { ...limits, ...noLimits },
    liveness: new Map([...test.alive].map(([rule, hosts]) => [rule, { ok: true, hosts: new Set(hosts) }])),
  });
  const decisions = new Map(plan.decisions.map((decision) => [decision.group.key, decision]));
  const failures = test.groups.flatMap((group) => {
    const decision = decisions.get(labelsKey(group.labels));
    return decision === undefined || isExpected(decision, group.expected) ? [] : [{ group, decision }];
  });
  return { test, plan, failures };
}

/** Any moment will do, as only ages count: this one is more than the longest duration after 1970. */
const now = 10_000_000_000;

/** The groups of a test are a sample: shares of it say nothing about a gateway. */
const noLimits = { maxDeleteRatio: 1, maxDeletes: Number.POSITIVE_INFINITY } satisfies Partial<Limits>;

function toGroup({ labels, lastSuccessAgeSeconds, lastFailureAgeSeconds, gauges }: TestGroup): Group {
  return {
    key: labelsKey(labels),
    labels,
    obstacle: null,
    lastSuccessAt: lastSuccessAgeSeconds === null ? 0 : now - lastSuccessAgeSeconds,
    lastFailureAt: lastFailureAgeSeconds === null ? 0 : now - lastFailureAgeSeconds,
    holdsMetrics: true,
    series: null,
    nativeHistograms: [],
    gauges,
  };
}

function isExpected({ verdict, rule }: Decision, expected: TestGroup["expected"]): boolean {
  return (
    verdict.verdict === expected.verdict &&
    (expected.rule === null || rule?.name === expected.rule) &&
    (expected.reason === null || verdict.reason === expected.reason)
  );
}
