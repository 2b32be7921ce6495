import { decide, isDeletion, type Circumstances, type Decision } from "./decide.ts";
import { lastActivityAt, surveyPushes, measureOutage, type Outage } from "./life.ts";
import type { Demand } from "./demand.ts";
import type { Group } from "./group.ts";
import { keepLatest } from "./keep-latest.ts";
import { findExceededLimit, type ExceededLimit, type Limits } from "./limits.ts";
import { createPresence, findFailedQueries, type FailedQuery, type Liveness } from "./liveness.ts";
import { noteRules } from "./plan-notes.ts";
import type { Rule } from "./rule.ts";
import type { WithholdReason } from "./verdict.ts";

/** The input of a plan. */
interface PlanInput {
  readonly groups: readonly Group[];
  /** The time that ages count by, at the start of the snapshot request, Unix seconds; null: not known. */
  readonly now: number | null;
  /** When the gateway was started, Unix seconds of its own clock; null if unknown. */
  readonly gatewayStartedAt: number | null;
  readonly rules: readonly Rule[];
  /** Decides instead of rules. */
  readonly demand?: Demand | undefined;
  readonly limits: Limits;
  /** Left out: every host counts as alive. */
  readonly liveness?: Liveness;
}

/** One decision per group, and what applies to all of them. */
export interface Plan {
  readonly circumstances: Circumstances;
  readonly outage: Outage | null;
  /** Deletions oldest first, then withheld ones oldest first, then what is kept, by expiry. */
  readonly decisions: readonly Decision[];
  /** As in `KeptLatest`. */
  readonly isUndecided: boolean;
  /** The limit that withholds deletions. */
  readonly exceededLimit: ExceededLimit | null;
  /** Rules for which every host counts as alive. */
  readonly failedQueries: readonly FailedQuery[];
  /** About rules, one sentence each. */
  readonly notes: readonly string[];
}

/** Decides about all groups of one gateway. Pure: the same input gives the same plan, in the same order. */
export function createPlan(input: PlanInput): Plan {
  const steps = planInSteps(input);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/**
 * As {@link createPlan}, in steps of one group: regular expressions over 100,000 groups take seconds, in which a process may have to do
 * other work.
 */
export function* planInSteps({
  groups,
  now,
  gatewayStartedAt,
  rules,
  demand,
  limits,
  liveness = new Map(),
}: PlanInput): Generator<void, Plan> {
  const outage = measureOutage(groups, gatewayStartedAt, limits.maxOutageSeconds);
  const findPresence = createPresence(liveness);
  const circumstances: Circumstances = {
    rules,
    now,
    outage,
    pushes: surveyPushes(groups, now),
    findPresence,
    demand,
  };
  const decided: Decision[] = [];
  for (const group of groups) {
    decided.push(decide(group, circumstances));
    yield;
  }
  const { decisions: planned, isUndecided, notes } = keepLatest(decided);

  const expired = planned.filter(isDeletion).length;
  const exceededLimit = findExceededLimit(expired, groups.length, limits);
  const ordered = planned.toSorted(byPlanOrder);
  // Deletions come first, the oldest of them at the head.
  const decisions =
    exceededLimit === null
      ? ordered
      : ordered.map((one, index) =>
          index < exceededLimit.allowed ? one : withholdDeletion(one, exceededLimit.reason),
        );
  return {
    circumstances,
    outage,
    decisions,
    isUndecided,
    exceededLimit,
    failedQueries: findFailedQueries(liveness),
    notes: [...notes, ...noteRules(decisions, findPresence)],
  };
}

/** The decision with its deletion withheld; any other decision stays as it is. */
export function withholdDeletion(decision: Decision, reason: WithholdReason): Decision {
  return isDeletion(decision) ? { ...decision, verdict: { verdict: "withhold", reason } } : decision;
}

const verdictRank = { delete: 0, withhold: 1, keep: 2 } as const;

/** What is deleted comes first, what is kept last. */
export function byVerdict(a: Decision, b: Decision): number {
  return verdictRank[a.verdict.verdict] - verdictRank[b.verdict.verdict];
}

function byPlanOrder(a: Decision, b: Decision): number {
  const order = byVerdict(a, b);
  if (order !== 0) return order;
  return a.verdict.verdict === "keep" ? byExpiry(a, b) : byOldestFirst(a, b);
}

function byOldestFirst(a: Decision, b: Decision): number {
  return (lastActivityAt(a.group) ?? 0) - (lastActivityAt(b.group) ?? 0) || byKey(a, b);
}

/** What never expires comes last. */
function byExpiry(a: Decision, b: Decision): number {
  const [first, second] = [a.expiresAt ?? Number.POSITIVE_INFINITY, b.expiresAt ?? Number.POSITIVE_INFINITY];
  return first === second ? byKey(a, b) : first - second;
}

function byKey(a: Decision, b: Decision): number {
  if (a.group.key === b.group.key) return 0;
  return a.group.key < b.group.key ? -1 : 1;
}
