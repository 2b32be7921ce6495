import { parseDuration } from "./duration.ts";
import { ParseError } from "./errors.ts";
import type { JsonObject } from "./json.ts";
import { parseFiniteNumber } from "./numbers.ts";
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
import type { FindPresence } from "./liveness.ts";
import { firstMatch, type DeclaredTtl, type Rule, type TtlRule, matchesAll } from "./rule.ts";
import { keepReasons, type KeepReason, type Verdict } from "./verdict.ts";
import { labelsKey, type Labels } from "./labels.ts";
import type { Matcher } from "./matcher.ts";

/** Everything besides the group itself that a decision depends on. */
export interface Circumstances {
  readonly rules: readonly Rule[];
  /** The time that ages count by, at the start of the snapshot request, Unix seconds; null: not known, nothing expires. */
  readonly now: number | null;
  readonly outage: Outage | null;
  /** The pushes to all groups: they show whether a refused push was the group's own fault. */
  readonly pushes: Pushes;
  /** Left out: every host counts as alive. */
  readonly findPresence?: FindPresence;
  /** Decides instead of rules. */
  readonly demand?: Demand | undefined;
}

/**
 * Where a TTL comes from. `ttl_metric`, `ttl_label`: the group sets it. `senseless`: the group sets one that makes no sense, and gets
 * the longest that its rule can give.
 */
type TtlSource = "rule" | "vanished" | "ttl_metric" | "ttl_label" | "senseless";

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
  /** As {@link ttlSeconds}. */
  readonly ttlSource: TtlSource | null;
  /** Unix seconds; null if it never expires or the activity is unknown. */
  readonly expiresAt: number | null;
}

/** A group to be archived before its deletion. */
export interface GroupToArchive {
  /** The gateway's name. */
  readonly gateway: string;
  /** The gateway's URL. */
  readonly url: string;
  readonly decision: Pick<Decision, "group" | "rule" | "verdict" | "ageSeconds" | "ttlSeconds">;
  /** The group as the gateway's API returned it. */
  readonly raw: JsonObject;
}

export function isDeletion({ verdict }: Pick<Decision, "verdict">): boolean {
  return verdict.verdict === "delete";
}

/**
 * Decides about one group. Pure; in doubt it keeps the group. What depends on other groups (`keep_latest`, the limits) is decided
 * afterwards, in the plan.
 */
export function decide(group: Group, circumstances: Circumstances): Decision {
  const { rules, demand, now, outage, pushes } = circumstances;
  // Matchers need all labels.
  if (group.obstacle === "unreadable_labels" || group.obstacle === "over_budget")
    return undated(group, null, null, keep(group.obstacle));
  // Not even a rule for all groups deletes the janitor's own metrics.
  const own = isOwnGroup(group.labels);
  const rule = own || demand !== undefined ? null : firstMatch(rules, group.labels);
  const activityAt = lastActivityAt(group, countedPushes(group, rule, pushes));
  const allowance = activityAt === null ? 0 : outageAllowance(outage, activityAt);
  const age = activityAt === null || now === null ? null : now - activityAt - allowance;
  const times: Times = { activityAt, allowance, age };

  if (demand?.selects(group.labels) === false) return undated(group, rule, age, keep("not_selected"));
  if (own) return undated(group, rule, age, keep("own_metrics"));
  if (demand !== undefined) return decideOnDemand(group, demand, times, circumstances);
  if (rule === null) return undated(group, rule, age, keep("no_rule"));
  if (rule.action === "keep") return undated(group, rule, age, keep("rule_keeps"));
  return decideByAge(group, rule, findTtl(rule, group, circumstances.findPresence), times, circumstances);
}

interface Times {
  /** null: unknown. */
  readonly activityAt: number | null;
  /** What the outage takes off the age. */
  readonly allowance: number;
  readonly age: number | null;
}

/** A person may ask for the deletion of a living group, too, but only if a push between the plan and the DELETE can be seen. */
function decideOnDemand(
  group: Group,
  { isExact, olderThanSeconds }: Demand,
  times: Times,
  circumstances: Circumstances,
): Decision {
  const decideAs = (verdict: Verdict): Decision => undated(group, null, times.age, verdict);
  if (olderThanSeconds !== null) {
    const ttl: Ttl = { seconds: olderThanSeconds, source: "rule" };
    return decideByAge(group, null, ttl, times, circumstances);
  }
  if (circumstances.now === null) return decideAs(keep("unknown_time"));
  if (group.obstacle === "unaddressable") return decideAs(keep("unaddressable"));
  // The success time is enough to see a push. A group without a readable failure time may be the one that breaks its gateway.
  const showsPushes = times.activityAt !== null || (isExact && group.lastSuccessAt !== null);
  return decideAs(showsPushes ? requestedVerdict : keep("invalid_time"));
}

/** @param rule null: on demand */
function decideByAge(
  group: Group,
  rule: TtlRule | null,
  ttl: Ttl,
  { activityAt, allowance, age }: Times,
  { now, outage }: Circumstances,
): Decision {
  if (activityAt === null) return decision(group, rule, keep("invalid_time"), null, ttl, null);
  if (now === null || age === null) return decision(group, rule, keep("unknown_time"), null, ttl, null);
  if (isFuture(activityAt, now)) return decision(group, rule, keep("future_time"), age, ttl, null);
  const ageSeconds = Math.max(0, age);
  // The TTL of vanished hosts is shorter than the intervals at which they pushed while they lived: the lost push is judged by the rule's.
  const pushingSeconds = rule !== null && ttl.source === "vanished" ? rule.ttlSeconds : ttl.seconds;
  const doubtSeconds = lostPushAllowance(outage, activityAt, pushingSeconds);
  const verdict = judgeAge(group, rule, ageSeconds, { ttl, doubtSeconds });
  const expiresAt = activityAt + allowance + ttl.seconds + doubtSeconds;
  return decision(group, rule, verdict, ageSeconds, ttl, expiresAt);
}

function undated(group: Group, rule: Rule | null, ageSeconds: number | null, verdict: Verdict): Decision {
  return decision(group, rule, verdict, ageSeconds, null, null);
}

/** Creates all decisions, so that V8 gives them one shape: there are as many as groups. */
function decision(
  group: Group,
  rule: Rule | null,
  verdict: Verdict,
  ageSeconds: number | null,
  ttl: Ttl | null,
  expiresAt: number | null,
): Decision {
  const [ttlSeconds, ttlSource] = [ttl?.seconds ?? null, ttl?.source ?? null];
  return { group, verdict, rule, ageSeconds, ttlSeconds, ttlSource, expiresAt };
}

function judgeAge(
  group: Group,
  rule: TtlRule | null,
  ageSeconds: number,
  { ttl, doubtSeconds }: { readonly ttl: Ttl; readonly doubtSeconds: number },
): Verdict {
  // A group whose age is exactly its TTL has not expired.
  if (ageSeconds <= ttl.seconds) return keep("within_ttl");
  if (ageSeconds <= ttl.seconds + doubtSeconds) return keep("push_may_be_lost");
  if (rule?.action === "report") return keep("rule_reports");
  if (group.obstacle === "unaddressable") return keep("unaddressable");
  if (rule === null) return requestedVerdict;
  return ttl.source === "vanished" ? vanishedVerdict : expiredVerdict;
}

const expiredVerdict: Verdict = { verdict: "delete", reason: "ttl_expired" };
const requestedVerdict: Verdict = { verdict: "delete", reason: "requested" };
const vanishedVerdict: Verdict = { verdict: "delete", reason: "host_vanished" };

/** One object per reason, shared by all groups. */
const keepVerdicts = new Map<KeepReason, Verdict>(
  keepReasons.map((reason) => [reason, { verdict: "keep", reason }]),
);

function keep(reason: KeepReason): Verdict {
  return keepVerdicts.get(reason) ?? { verdict: "keep", reason };
}

interface Ttl {
  readonly seconds: number;
  readonly source: TtlSource;
}

/**
 * A TTL that the group sets itself wins: it is a promise that holds even when the host has vanished.
 */
function findTtl(rule: TtlRule, group: Group, findPresence: FindPresence | undefined): Ttl {
  const declared = declaredTtl(rule, group);
  if (declared !== null) return declared;
  if (rule.vanished !== null && findPresence?.(rule, group.labels) === "gone") {
    return { seconds: Math.min(rule.vanished.ttlSeconds, rule.ttlSeconds), source: "vanished" };
  }
  return { seconds: rule.ttlSeconds, source: "rule" };
}

/**
 * The TTL that the group sets by its gauge, or else by its label, within the rule's bounds. One that makes no sense counts as the
 * longest that the rule can give. null: the group sets none.
 */
function declaredTtl({ ttlSeconds, ttlMetric, ttlLabel }: TtlRule, group: Group): Ttl | null {
  const gauge = ttlMetric === null ? undefined : group.gauges.get(ttlMetric.name);
  const label = ttlLabel === null ? "" : (group.labels.get(ttlLabel.name) ?? "");
  const clamp = (seconds: number, source: "ttl_metric" | "ttl_label", bounds: DeclaredTtl): Ttl =>
    seconds > 0
      ? { seconds: Math.min(Math.max(seconds, bounds.minSeconds), bounds.maxSeconds), source }
      : {
          seconds: Math.max(ttlSeconds, ttlMetric?.maxSeconds ?? 0, ttlLabel?.maxSeconds ?? 0),
          source: "senseless",
        };
  if (ttlMetric !== null && gauge !== undefined) return clamp(gauge, "ttl_metric", ttlMetric);
  return ttlLabel === null || label === "" ? null : clamp(secondsOf(label), "ttl_label", ttlLabel);
}

/** Reads a duration or a number of seconds; NaN for anything else. */
function secondsOf(text: string): number {
  const seconds = parseFiniteNumber(text);
  if (seconds !== null) return seconds;
  try {
    return parseDuration(text);
  } catch (error) {
    if (error instanceof ParseError) return Number.NaN;
    throw error;
  }
}

/** Groups that a person asks to delete, whatever the rules say. */
export interface Demand {
  readonly selects: (labels: Labels) => boolean;
  /** It selects one group, by its grouping key. */
  readonly isExact: boolean;
  /** Younger groups are kept. null: age does not matter. */
  readonly olderThanSeconds: number | null;
}

export function demandMatching(matchers: readonly Matcher[], olderThanSeconds: number | null): Demand {
  return { selects: (labels) => matchesAll(matchers, labels), isExact: false, olderThanSeconds };
}

/** @param labels all of its grouping key: an empty `instance` is another key than none */
export function demandExactly(labels: Labels, olderThanSeconds: number | null): Demand {
  const key = labelsKey(labels);
  return { selects: (others) => labelsKey(others) === key, isExact: true, olderThanSeconds };
}
