import { lastActivityAt, type Group } from "./group.ts";
import { outageAllowance, type Outage } from "./outage.ts";
import { isOwnGroup } from "./own-group.ts";
import { firstMatch, type Rule, type TtlRule } from "./rule.ts";
import type { Verdict } from "./verdict.ts";

/** Everything besides the group itself that a decision depends on. */
export interface Circumstances {
  readonly rules: readonly Rule[];
  /** The gateway's time at the start of the snapshot request, Unix seconds. */
  readonly now: number;
  readonly outage: Outage | null;
  /**
   * Whether the gateway may be refusing every push, so that a push time that stands still says nothing about its
   * job: then failed pushes count as life for rules with `since: last_success`, too.
   */
  readonly refusingPushes: boolean;
  // Liveness of hosts (`vanished`) will stand here; until it does, every host counts as alive.
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

/**
 * How far a push time may lie ahead of `now` and still be the present. `now` comes from the gateway's `Date` header,
 * which is cut to whole seconds, and the push may have come while the snapshot was taken.
 */
const presentSeconds = 2;

/** A time that the gateway's clock has not come to: it says nothing about when. */
export function isFuture(time: number, now: number): boolean {
  return time > now + presentSeconds;
}

/**
 * Decides about one group. Pure; every branch that is not sure keeps the group.
 * What depends on other groups (`keep_latest`, the limits) comes after, in the plan.
 */
export function decide(group: Group, circumstances: Circumstances): Decision {
  const { rules, now, outage, refusingPushes } = circumstances;
  const undated = { group, ageSeconds: null, ttlSeconds: null, expiresAt: null };

  if (group.obstacle === "unreadable_labels") {
    return { ...undated, rule: null, verdict: { verdict: "keep", reason: "unreadable_labels" } };
  }
  // No rule decides about it, whatever it matches: who deletes everything after a minute still wants to see that.
  const own = isOwnGroup(group.labels);
  const rule = own ? null : firstMatch(rules, group.labels);
  const since = rule === null || rule.action === "keep" || refusingPushes ? "last_activity" : rule.since;
  const activityAt = lastActivityAt(group, since);
  const allowance = activityAt === null ? 0 : outageAllowance(outage, activityAt);
  const dated = { ...undated, rule, ageSeconds: activityAt === null ? null : now - activityAt - allowance };

  if (own) return { ...dated, verdict: { verdict: "keep", reason: "own_metrics" } };
  if (rule === null) return { ...dated, verdict: { verdict: "keep", reason: "no_rule" } };
  if (rule.action === "keep") return { ...dated, verdict: { verdict: "keep", reason: "rule_keeps" } };

  const ttlSeconds = effectiveTtl(rule, group);
  if (activityAt === null || dated.ageSeconds === null) {
    return { ...dated, ttlSeconds, verdict: { verdict: "keep", reason: "invalid_time" } };
  }
  if (isFuture(activityAt, now)) {
    return { ...dated, ttlSeconds, verdict: { verdict: "keep", reason: "future_time" } };
  }
  const ageSeconds = Math.max(0, dated.ageSeconds);
  const expiresAt = activityAt + allowance + ttlSeconds;
  const timed = { ...dated, ageSeconds, ttlSeconds, expiresAt };
  return { ...timed, verdict: decideByAge(group, rule, ageSeconds, ttlSeconds) };
}

function decideByAge(group: Group, rule: TtlRule, ageSeconds: number, ttlSeconds: number): Verdict {
  // Strictly: a group whose age is its TTL is still within it.
  const expired = ageSeconds > ttlSeconds;
  if (!expired) return { verdict: "keep", reason: "within_ttl" };
  if (rule.action === "report") return { verdict: "keep", reason: "rule_reports" };
  if (group.obstacle === "unaddressable") return { verdict: "keep", reason: "unaddressable" };
  return { verdict: "delete", reason: "ttl_expired" };
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
