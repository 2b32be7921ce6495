import { decide, isDeletion, type Circumstances, type Decision, type Demand } from "./decide.ts";
import { lastActivityAt, surveyPushes, measureOutage } from "./life.ts";
import type { Group } from "./group.ts";
import { keepLatest } from "./keep-latest.ts";
import { findExceededLimit, type ExceededLimit, type Limits } from "./limits.ts";
import {
  createPresence,
  findFailedQueries,
  type FailedQuery,
  type Liveness,
  type FindPresence,
} from "./liveness.ts";
import type { Rule, TtlRule } from "./rule.ts";
import type { WithholdReason } from "./verdict.ts";
import { groupBy } from "./group-by.ts";
import { formatDuration } from "./duration.ts";
import { formatShortLabels, quote } from "./labels.ts";
import { countOf, cutText } from "./printable.ts";

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
  const findPresence = createPresence(liveness);
  const circumstances: Circumstances = {
    rules,
    now,
    outage: measureOutage(groups, gatewayStartedAt, limits.maxOutageSeconds),
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

/** What groups show about the rules that decided about them, one sentence each. */
function noteRules(decisions: readonly Decision[], findPresence: FindPresence): readonly string[] {
  return [...groupBy(decisions, (decision) => decision.rule)]
    .flatMap(([rule, own]) =>
      rule === null || rule.action === "keep"
        ? []
        : [noteHosts(rule, own, findPresence), noteSenselessTtls(rule, own)],
    )
    .filter((note) => note !== null);
}

/** Some notes need so many groups as evidence. */
const minGroupsForNote = 3;

/** Names of hosts that do not agree with those that the query returns: a wrong label, or a port that only one of them has. */
function noteHosts(rule: TtlRule, decisions: readonly Decision[], findPresence: FindPresence): string | null {
  const { name, vanished } = rule;
  if (vanished === null) return null;
  const label = vanished.groupLabel;
  const groups = decisions.filter(({ group }) => (group.labels.get(label) ?? "") !== "");
  const [first] = groups;
  if (first === undefined) {
    if (decisions.length < minGroupsForNote) return null;
    return `rule ${name}: none of its ${decisions.length} groups has the label ${quote(label)}, so that no host of them can vanish`;
  }
  const hostOf = ({ group }: Decision): string => quote(cutText(group.labels.get(label) ?? "", 100));
  const presences = groups.map(({ group, ttlSource }) =>
    ttlSource === "vanished" ? "gone" : findPresence(rule, group.labels),
  );
  const namesakes = groups.filter((_, index) => presences[index] === "namesake");
  const [namesake] = namesakes;
  if (namesake !== undefined) {
    return (
      `rule ${name}: ${countOf(namesakes.length, "group")} of hosts that the query knows only by a name with another port, without one, or spelt differently, ` +
      `count as alive, for example ${hostOf(namesake)}: make the names agree, as with label_replace in the query`
    );
  }
  if (decisions.length < minGroupsForNote || presences.some((presence) => presence !== "gone")) return null;
  return (
    `rule ${name}: the query knows no host of its ${countOf(groups.length, "group")} by the label ${quote(label)}, for example ${hostOf(first)}: ` +
    "check that the names agree, as with label_replace in the query"
  );
}

function noteSenselessTtls(
  { name, ttlMetric, ttlLabel }: TtlRule,
  decisions: readonly Decision[],
): string | null {
  const groups = decisions.filter(({ ttlSource }) => ttlSource === "senseless");
  const [first] = groups;
  if (first === undefined) return null;
  const sources = [
    ...(ttlMetric === null ? [] : [`gauge ${ttlMetric.name}`]),
    ...(ttlLabel === null ? [] : [`label ${ttlLabel.name}`]),
  ];
  return (
    `rule ${name}: ${countOf(groups.length, "group")} with a TTL that makes no sense (${sources.join(" or ")}), for example ` +
    `${formatShortLabels(first.group.labels)}: the longest that the rule can give counts, ${formatDuration(first.ttlSeconds ?? 0)}`
  );
}
