import { decide, type Circumstances, type Decision } from "./decide.ts";
import { lastActivityAt, type Group } from "./group.ts";
import { surveyPushes } from "./life.ts";
import { findExceededLimit, type ExceededLimit, type Limits } from "./limits.ts";
import { measureOutage, type Outage } from "./outage.ts";
import type { Rule, TtlRule } from "./rule.ts";
import type { KeepReason, WithholdReason } from "./verdict.ts";

/** What a plan is made from. */
export interface PlanInput {
  readonly groups: readonly Group[];
  /** The time that ages count by, at the start of the snapshot request, Unix seconds; null: not known. */
  readonly now: number | null;
  /** When the gateway was started, Unix seconds of its own clock; null if unknown. */
  readonly gatewayStartedAt: number | null;
  readonly rules: readonly Rule[];
  readonly limits: Limits;
}

/** One decision per group, and what stands above the single decision. */
export interface Plan {
  readonly circumstances: Circumstances;
  readonly outage: Outage | null;
  /** Deletions oldest first, then withheld ones oldest first, then what is kept, by expiry. */
  readonly decisions: readonly Decision[];
  /** The limit that withholds all deletions. */
  readonly exceededLimit: ExceededLimit | null;
}

/** Decides about all groups of one gateway. Pure: the same input gives the same plan, in the same order. */
export function createPlan({ groups, now, gatewayStartedAt, rules, limits }: PlanInput): Plan {
  const outage = measureOutage(groups, gatewayStartedAt, limits.maxOutageSeconds);
  const circumstances: Circumstances = { rules, now, outage, pushes: surveyPushes(groups, now) };
  const decided = groups.map((group) => decide(group, circumstances));
  const planned = keepLatest(decided);

  const expired = planned.filter(isDeletion).length;
  const exceededLimit = findExceededLimit(expired, groups.length, limits);
  const limited =
    exceededLimit === null ? planned : planned.map((one) => withholdDeletion(one, exceededLimit.reason));
  return { circumstances, outage, decisions: limited.toSorted(byPlanOrder), exceededLimit };
}

export function isDeletion(decision: Decision): boolean {
  return decision.verdict.verdict === "delete";
}

/** The decision with its deletion withheld; any other decision stays as it is. */
export function withholdDeletion(decision: Decision, reason: WithholdReason): Decision {
  return isDeletion(decision) ? { ...decision, verdict: { verdict: "withhold", reason } } : decision;
}

/** Keeps the freshest groups of every `keep_latest` rule, however old they are. */
function keepLatest(decisions: readonly Decision[]): readonly Decision[] {
  const contenders = new Map<string, Decision[]>();
  for (const decision of decisions) {
    const contest = contestOf(decision);
    if (contest === null) continue;
    const others = contenders.get(contest);
    if (others === undefined) contenders.set(contest, [decision]);
    else others.push(decision);
  }
  if (contenders.size === 0) return decisions;

  const kept = new Set<Decision>();
  for (const group of contenders.values()) {
    const count = keepLatestOf(group[0])?.count ?? 0;
    for (const decision of group.toSorted(byFreshness).slice(0, count)) kept.add(decision);
  }
  const reason: KeepReason = "kept_latest";
  return decisions.map((decision) =>
    kept.has(decision) && isDeletion(decision)
      ? { ...decision, expiresAt: null, verdict: { verdict: "keep", reason } }
      : decision,
  );
}

/**
 * Which contest for the latest places a group takes part in: its rule, and its values of the rule's `by` labels.
 * Groups of unknown or future time, and those that never pushed successfully and hold nothing, take no place, so that they
 * cannot push out one that is really the latest.
 */
function contestOf(decision: Decision): string | null {
  const rule = keepLatestOf(decision);
  if (rule === null || decision.expiresAt === null || decision.group.lastSuccessAt === 0) return null;
  return JSON.stringify([
    decision.rule?.name,
    ...rule.by.map((name) => decision.group.labels.get(name) ?? ""),
  ]);
}

function keepLatestOf(decision: Decision | undefined): TtlRule["keepLatest"] {
  return decision?.rule === null || decision?.rule === undefined || decision.rule.action === "keep"
    ? null
    : decision.rule.keepLatest;
}

/** By what was pushed last: a failed push leaves the metrics as old as they were. */
function byFreshness(a: Decision, b: Decision): number {
  return (b.group.lastSuccessAt ?? 0) - (a.group.lastSuccessAt ?? 0) || byKey(a, b);
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
