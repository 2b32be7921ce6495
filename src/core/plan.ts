import { decide, isDeletion, type Circumstances, type Decision } from "./decide.ts";
import { lastActivityAt, surveyPushes, measureOutage, type Outage } from "./life.ts";
import type { Group } from "./group.ts";
import { keepLatest } from "./keep-latest.ts";
import { findExceededLimit, type ExceededLimit, type Limits } from "./limits.ts";
import { formatDuration } from "./duration.ts";
import { formatShortLabels, quote } from "./labels.ts";
import {
  createPresence,
  findFailedQueries,
  type FailedQuery,
  type FindPresence,
  type Liveness,
} from "./liveness.ts";
import type { Rule, TtlRule } from "./rule.ts";
import { countOf, cutText } from "./printable.ts";
import type { WithholdReason } from "./verdict.ts";

/** The input of a plan. */
export interface PlanInput {
  readonly groups: readonly Group[];
  /** The time that ages count by, at the start of the snapshot request, Unix seconds; null: not known. */
  readonly now: number | null;
  /** When the gateway was started, Unix seconds of its own clock; null if unknown. */
  readonly gatewayStartedAt: number | null;
  readonly rules: readonly Rule[];
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
    notes: [
      ...notes,
      ...noteNamesakes(decisions, findPresence),
      ...noteForeignHosts(decisions, findPresence),
      ...noteSenselessTtls(decisions),
    ],
  };
}

/** Groups of hosts that count as alive only because a port does not matter. */
function noteNamesakes(decisions: readonly Decision[], findPresence: FindPresence): readonly string[] {
  return noteByRule(decisions, (rule, { group }) => {
    if (rule.vanished === null || findPresence(rule, group.labels) !== "namesake") return null;
    const label = quote(group.labels.get(rule.vanished.groupLabel) ?? "");
    return (count) =>
      `rule ${rule.name}: ${countOf(count, "group")} of hosts that the query knows only by a name with another port, or without one, ` +
      `count as alive, for example ${label}: make the names agree, as with label_replace in the query`;
  });
}

/** The note needs so many groups as evidence. */
const minGroupsForNote = 3;

/** Rules whose label names no host, or none that the query knows: the label or the names are most likely wrong. */
function noteForeignHosts(decisions: readonly Decision[], findPresence: FindPresence): readonly string[] {
  const counts = new Map<TtlRule, { groups: number; hosts: number; known: number; example: string }>();
  for (const { rule, group } of decisions) {
    if (rule === null || rule.action === "keep" || rule.vanished === null) continue;
    let count = counts.get(rule);
    if (count === undefined) counts.set(rule, (count = { groups: 0, hosts: 0, known: 0, example: "" }));
    count.groups += 1;
    const host = group.labels.get(rule.vanished.groupLabel) ?? "";
    if (host === "") continue;
    if (count.hosts === 0) count.example = host;
    count.hosts += 1;
    if (findPresence(rule, group.labels) !== "gone") count.known += 1;
  }
  return [...counts].flatMap(([{ name, vanished }, { groups, hosts, known, example }]) => {
    if (groups < minGroupsForNote) return [];
    const label = quote(vanished?.groupLabel ?? "");
    if (hosts === 0)
      return [
        `rule ${name}: none of its ${groups} groups has the label ${label}, so that no host of them can vanish`,
      ];
    if (known > 0) return [];
    return [
      `rule ${name}: the query knows no host of its ${countOf(hosts, "group")} by the label ${label}, for example ${quote(cutText(example, 100))}: ` +
        "check that the names agree, as with label_replace in the query",
    ];
  });
}

function noteSenselessTtls(decisions: readonly Decision[]): readonly string[] {
  return noteByRule(decisions, (rule, { group, ttlSource, ttlSeconds }) => {
    if (ttlSource !== "senseless") return null;
    const sources = [
      ...(rule.ttlMetric === null ? [] : [`gauge ${rule.ttlMetric.name}`]),
      ...(rule.ttlLabel === null ? [] : [`label ${rule.ttlLabel.name}`]),
    ];
    return (count) =>
      `rule ${rule.name}: ${countOf(count, "group")} with a TTL that makes no sense (${sources.join(" or ")}), for example ` +
      `${formatShortLabels(group.labels)}: the longest that the rule can give counts, ${formatDuration(ttlSeconds ?? 0)}`;
  });
}

/**
 * One sentence per rule, with the first of its groups as an example.
 * @param noteOf null: no note about this decision
 */
function noteByRule(
  decisions: readonly Decision[],
  noteOf: (rule: TtlRule, decision: Decision) => ((count: number) => string) | null,
): readonly string[] {
  const notes = new Map<Rule, { readonly note: (count: number) => string; count: number }>();
  for (const decision of decisions) {
    const { rule } = decision;
    const note = rule === null || rule.action === "keep" ? null : noteOf(rule, decision);
    if (rule === null || note === null) continue;
    const known = notes.get(rule);
    if (known === undefined) notes.set(rule, { note, count: 1 });
    else known.count += 1;
  }
  return [...notes.values()].map(({ note, count }) => note(count));
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
