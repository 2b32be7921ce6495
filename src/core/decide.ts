import { isFuture } from "./time.ts";
import {
  lastActivityAt,
  countedPushes,
  type Pushes,
  lostPushAllowance,
  outageAllowance,
  type Outage,
} from "./life.ts";
import { type Group, isOwnGroup } from "./group.ts";
import type { Liveness } from "./liveness.ts";
import { firstMatch, type Rule, type TtlRule } from "./rule.ts";
import { keepReasons, type KeepReason, type Verdict } from "./verdict.ts";

/** Everything besides the group itself that a decision depends on. */
export interface Circumstances {
  readonly rules: readonly Rule[];
  /** The time that ages count by, at the start of the snapshot request, Unix seconds; null: not known, nothing expires. */
  readonly now: number | null;
  readonly outage: Outage | null;
  /** To all groups: what they say about refused ones. */
  readonly pushes: Pushes;
  /** Which hosts exist, for rules with `vanished`. */
  readonly liveness?: Liveness;
}

/** A group, its verdict and the numbers behind it. */
export interface Decision {
  readonly group: Group;
  readonly verdict: Verdict;
  /** null: no rule matched, the labels could not be read, or it is the janitor's own group. */
  readonly rule: Rule | null;
  /** Without the time that the gateway was down; null if unknown. */
  readonly ageSeconds: number | null;
  /** null if no TTL applies. */
  readonly ttlSeconds: number | null;
  /** Unix seconds; null if it never expires or the activity is unknown. */
  readonly expiresAt: number | null;
}

export function isDeletion({ verdict }: Pick<Decision, "verdict">): boolean {
  return verdict.verdict === "delete";
}

/**
 * Decides about one group. Pure; every branch that is not sure keeps the group.
 * What depends on other groups (`keep_latest`, the limits) comes after, in the plan.
 */
export function decide(group: Group, circumstances: Circumstances): Decision {
  const { rules, now, outage, pushes } = circumstances;
  // No rule can be asked about labels that are not known, or only in part.
  if (group.obstacle === "unreadable_labels" || group.obstacle === "over_budget")
    return undated(group, null, null, keep(group.obstacle));
  // No rule decides about it, whatever it matches: who deletes everything after a minute still wants to see that.
  const own = isOwnGroup(group.labels);
  const rule = own ? null : firstMatch(rules, group.labels);
  const activityAt = lastActivityAt(group, countedPushes(group, rule, pushes));
  const allowance = activityAt === null ? 0 : outageAllowance(outage, activityAt);
  const age = activityAt === null || now === null ? null : now - activityAt - allowance;

  if (own) return undated(group, rule, age, keep("own_metrics"));
  if (rule === null) return undated(group, rule, age, keep("no_rule"));
  if (rule.action === "keep") return undated(group, rule, age, keep("rule_keeps"));

  const ttlSeconds = effectiveTtl(rule, group);
  if (activityAt === null) return decision(group, rule, keep("invalid_time"), null, ttlSeconds, null);
  if (now === null || age === null)
    return decision(group, rule, keep("unknown_time"), null, ttlSeconds, null);
  if (isFuture(activityAt, now)) return decision(group, rule, keep("future_time"), age, ttlSeconds, null);
  const ageSeconds = Math.max(0, age);
  const doubtSeconds = lostPushAllowance(outage, activityAt, ttlSeconds);
  const verdict = decideByAge(group, rule, ageSeconds, { ttlSeconds, doubtSeconds });
  const expiresAt = activityAt + allowance + ttlSeconds + doubtSeconds;
  return decision(group, rule, verdict, ageSeconds, ttlSeconds, expiresAt);
}

function undated(group: Group, rule: Rule | null, ageSeconds: number | null, verdict: Verdict): Decision {
  return decision(group, rule, verdict, ageSeconds, null, null);
}

/** All decisions are made here, so that all of them have one shape: there are as many as groups. */
function decision(
  group: Group,
  rule: Rule | null,
  verdict: Verdict,
  ageSeconds: number | null,
  ttlSeconds: number | null,
  expiresAt: number | null,
): Decision {
  return { group, verdict, rule, ageSeconds, ttlSeconds, expiresAt };
}

function decideByAge(
  group: Group,
  rule: TtlRule,
  ageSeconds: number,
  { ttlSeconds, doubtSeconds }: { readonly ttlSeconds: number; readonly doubtSeconds: number },
): Verdict {
  // Strictly: a group whose age is its TTL is still within it.
  if (ageSeconds <= ttlSeconds) return keep("within_ttl");
  if (ageSeconds <= ttlSeconds + doubtSeconds) return keep("push_may_be_lost");
  if (rule.action === "report") return keep("rule_reports");
  if (group.obstacle === "unaddressable") return keep("unaddressable");
  return expiredVerdict;
}

const expiredVerdict: Verdict = { verdict: "delete", reason: "ttl_expired" };

/** One object for each reason, however many groups it keeps. */
const keepVerdicts = new Map<KeepReason, Verdict>(
  keepReasons.map((reason) => [reason, { verdict: "keep", reason }]),
);

function keep(reason: KeepReason): Verdict {
  return keepVerdicts.get(reason) ?? { verdict: "keep", reason };
}

/**
 * The TTL that the group's own gauge sets, within the rule's bounds, or else the rule's TTL. A gauge that is there but
 * says nothing sensible means an unknown TTL: the longest that the rule can give.
 */
function effectiveTtl(rule: TtlRule, group: Group): number {
  if (rule.ttlMetric === null) return rule.ttlSeconds;
  const { name, minSeconds, maxSeconds } = rule.ttlMetric;
  const declared = group.gauges.get(name);
  if (declared === undefined) return rule.ttlSeconds;
  if (!(declared > 0)) return Math.max(rule.ttlSeconds, maxSeconds);
  return Math.min(Math.max(declared, minSeconds), maxSeconds);
}
