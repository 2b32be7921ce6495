import type { ReportEntry } from "../core/report.ts";
import type { Outcome, WithholdReason } from "../core/verdict.ts";

/** What can become of a deletion that did not work. */
export const deleteFailureReasons = ["failed", "still_there"] as const satisfies readonly Outcome[];

export type DeleteFailureReason = (typeof deleteFailureReasons)[number];

/** What the groups of one rule come to. */
export interface RuleTally {
  groups: number;
  /** Older than their TTL, and not kept for being the latest. */
  expired: number;
  /** Unix seconds; null: none of those that are still within their TTL ever expires. */
  nextExpiryAt: number | null;
  deleted: number;
  deletedSeries: number;
}

/** What the groups of one gateway come to after a sweep. */
export interface Tally {
  /** By the rule's name. */
  readonly rules: ReadonlyMap<string, RuleTally>;
  readonly withheld: ReadonlyMap<WithholdReason, number>;
  readonly failedDeletions: ReadonlyMap<DeleteFailureReason, number>;
  /** Expired groups that disappeared without a DELETE of ours. */
  readonly goneAlready: number;
}

/** Counts the entries of a report. Pure. */
export function tallyEntries(entries: readonly ReportEntry[]): Tally {
  const rules = new Map<string, RuleTally>();
  const withheld = new Map<WithholdReason, number>();
  const failedDeletions = new Map<DeleteFailureReason, number>();
  let goneAlready = 0;
  for (const entry of entries) {
    const { verdict, outcome, rule } = entry;
    if (verdict.verdict === "withhold") increment(withheld, verdict.reason);
    if (outcome === "failed" || outcome === "still_there") increment(failedDeletions, outcome);
    if (outcome === "gone_already") goneAlready += 1;
    if (rule === null) continue;
    const tally = rules.get(rule.name) ?? emptyRuleTally();
    rules.set(rule.name, tally);
    addToRule(tally, entry);
  }
  return { rules, withheld, failedDeletions, goneAlready };
}

export function emptyRuleTally(): RuleTally {
  return { groups: 0, expired: 0, nextExpiryAt: null, deleted: 0, deletedSeries: 0 };
}

function addToRule(
  tally: RuleTally,
  { group, verdict, outcome, ageSeconds, ttlSeconds, expiresAt }: ReportEntry,
): void {
  tally.groups += 1;
  if (expiresAt !== null) {
    if (verdict.reason === "within_ttl")
      tally.nextExpiryAt = Math.min(expiresAt, tally.nextExpiryAt ?? expiresAt);
    else if (ageSeconds !== null && ttlSeconds !== null && ageSeconds > ttlSeconds) tally.expired += 1;
  }
  // A group that was pushed again after its DELETE had gone, too: what it held before is lost.
  if (outcome === "gone" || outcome === "pushed_again") {
    tally.deleted += 1;
    tally.deletedSeries += group.series ?? 0;
  }
}

function increment<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
