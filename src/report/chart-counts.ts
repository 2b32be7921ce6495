import type { SweepReport } from "../core/report.ts";
import type { Rule } from "../core/rule.ts";
import { isGone } from "../core/verdict.ts";

/** Whole hours or days in UTC; the first one is the current one. Times are Unix seconds. */
export interface TimeSpan {
  readonly startsAt: number;
  readonly slotSeconds: number;
  readonly slots: number;
}

const slotsOf = { hours: 24, days: 7, younger: 48, older: 48 } as const;

export function spanFrom(now: number, unit: "hours" | "days"): TimeSpan {
  const slotSeconds = unit === "hours" ? 3600 : 86_400;
  return { startsAt: now - (now % slotSeconds), slotSeconds, slots: slotsOf[unit] };
}

/** Ages have a logarithmic axis from a minute to a year; what is beyond is at its ends. */
const youngestSeconds = 60;
const oldestSeconds = 365 * 86_400;

/** Where an age is on the axis, from 0 to 1. */
export function agePosition(seconds: number): number {
  const position = Math.log(seconds / youngestSeconds) / Math.log(oldestSeconds / youngestSeconds);
  // A negative age has no logarithm.
  return position > 0 ? Math.min(1, position) : 0;
}

/** The youngest age of a slot of the axis, seconds. */
export function ageAt(slot: number): number {
  return slot === 0 ? 0 : youngestSeconds * (oldestSeconds / youngestSeconds) ** (slot / slotsOf.younger);
}

/** How many groups of a rule each bar stands for. */
export interface RuleCounts {
  /** null: groups without a rule, or several rules. */
  readonly rule: Rule | null;
  /** Groups that expire in each hour and each day to come. */
  readonly hours: number[];
  readonly days: number[];
  /** Groups by age, those that are not older than their TTL, and the others. */
  readonly younger: number[];
  readonly older: number[];
}

export interface ChartCounts {
  /** Of the rules that have groups, in their order; groups without a rule are last. */
  readonly rules: readonly RuleCounts[];
  /** Unix seconds; null: no group expires. */
  readonly nextExpiryAt: number | null;
}

/**
 * Counts the groups that are there, in one pass.
 * @param now Unix seconds, whole: groups that expire from then on are counted
 */
export function countForCharts({ gateways, rules }: SweepReport, now: number): ChartCounts {
  const [hours, days] = [spanFrom(now, "hours"), spanFrom(now, "days")];
  const byRule = new Map<string | null, RuleCounts>();
  let nextExpiryAt: number | null = null;
  for (const { entries } of gateways) {
    for (const { rule, ageSeconds, ttlSeconds, expiresAt, outcome } of entries) {
      if (isGone(outcome)) continue;
      const name = rule?.name ?? null;
      let counts = byRule.get(name);
      if (counts === undefined) byRule.set(name, (counts = createCounts(rule)));
      if (ageSeconds !== null) {
        const slot = Math.floor(agePosition(ageSeconds) * slotsOf.younger);
        const isOlder = ttlSeconds !== null && ageSeconds > ttlSeconds;
        increment(isOlder ? counts.older : counts.younger, Math.min(slot, slotsOf.younger - 1));
      }
      if (expiresAt === null || expiresAt < now) continue;
      nextExpiryAt = Math.min(expiresAt, nextExpiryAt ?? expiresAt);
      increment(counts.hours, Math.floor((expiresAt - hours.startsAt) / hours.slotSeconds));
      increment(counts.days, Math.floor((expiresAt - days.startsAt) / days.slotSeconds));
    }
  }
  const named = [...rules, ...byRule.keys()].filter((name) => name !== null);
  const ordered = [...new Set([...named, null])].flatMap((name) => byRule.get(name) ?? []);
  return { rules: ordered, nextExpiryAt };
}

function createCounts(rule: Rule | null): RuleCounts {
  const { hours, days, younger, older } = slotsOf;
  return { rule, hours: zeroes(hours), days: zeroes(days), younger: zeroes(younger), older: zeroes(older) };
}

function zeroes(length: number): number[] {
  return Array.from({ length }, () => 0);
}

/** Slots beyond the last are not counted. */
function increment(counts: number[], slot: number): void {
  const count = counts[slot];
  if (count !== undefined) counts[slot] = count + 1;
}

export function addUp(rules: readonly RuleCounts[]): RuleCounts {
  const sum = createCounts(null);
  for (const counts of rules) {
    for (const key of ["hours", "days", "younger", "older"] as const) {
      for (const [slot, count] of counts[key].entries()) sum[key][slot] = (sum[key][slot] ?? 0) + count;
    }
  }
  return sum;
}

export function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
