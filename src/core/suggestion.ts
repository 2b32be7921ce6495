import { firstMatch, type Rule } from "./rule.ts";
import type { Labels } from "./labels.ts";

/** The pushes of one group in a period of the past. */
export interface PushedGroup {
  readonly labels: Labels;
  /** How many were seen. */
  readonly pushes: number;
  /** Unix seconds; the first one may lie before the period. */
  readonly firstPushAt: number;
  readonly lastPushAt: number;
  /** Between two pushes that follow each other; 0: there was only one. */
  readonly longestGapSeconds: number;
}

/** The pushes of one job in a period of the past. */
export interface PushedJob {
  readonly job: string;
  readonly groups: readonly PushedGroup[];
  /** How often each interval between two pushes of a group was seen, in whole seconds. */
  readonly intervals: ReadonlyMap<number, number>;
  /** How often a push time was followed by an earlier one: several gateways have written the same series. */
  readonly backwards: number;
}

export interface Period {
  /** Unix seconds. */
  readonly start: number;
  readonly end: number;
  /** Pushes that follow each other faster than this are seen as one. */
  readonly resolutionSeconds: number;
}

/** The pushes of a job in figures. */
export interface PushStatistics {
  readonly job: string;
  readonly pushes: number;
  readonly groups: number;
  /** Groups that were silent for longer than the longest gap at the end of the period. */
  readonly ended: number;
  /** The median of the time from first to last push of groups that have ended; null: none has. */
  readonly lifeSeconds: number | null;
  /** Of the intervals between two pushes of a group; null: there is none. */
  readonly medianSeconds: number | null;
  readonly p99Seconds: number | null;
  readonly longestGapSeconds: number;
}

export type Suggestion =
  | { readonly statistics: PushStatistics; readonly ttlSeconds: number }
  | { readonly statistics: PushStatistics; readonly ttlSeconds: null; readonly why: string };

/** With fewer, a single late push would be taken for the rule. */
const minIntervals = 10;
/** A gap that is longer than this part of the period may be followed by one that is longer still. */
const maxGapOfPeriod = 1 / 4;
/** Irregular: the longest gap is over this many intervals, and over an hour, which any outage may last. */
const regularIntervals = 4;
const harmlessGapSeconds = 3600;

/**
 * Suggests a TTL for the groups of a job: three intervals and twice the longest gap, rounded up. No TTL where the past says too little, or
 * where pauses follow no interval: there people know more.
 */
export function suggestTtl(job: PushedJob, period: Period): Suggestion {
  const statistics = summarize(job, period);
  const { medianSeconds: median, longestGapSeconds: longest } = statistics;
  const leaveOut = (why: string): Suggestion => ({ statistics, ttlSeconds: null, why });
  if (job.backwards > 0) {
    return leaveOut(
      "its push times go backwards: several gateways are scraped as one, and their pushes cannot be distinguished",
    );
  }
  const count = sum(job.intervals.values());
  if (median === null || count < minIntervals) {
    return leaveOut(`too little history: ${count} intervals between pushes, and ${minIntervals} are needed`);
  }
  const seen = period.end - period.start;
  if (longest > maxGapOfPeriod * seen) {
    return leaveOut("too little history: its longest gap takes over a quarter of it; use a longer --window");
  }
  if (longest > Math.max(regularIntervals * median, harmlessGapSeconds)) {
    return leaveOut("it pushes irregularly; its TTL must be longer than any pause that is to come");
  }
  return { statistics, ttlSeconds: roundUp(Math.max(3 * median, 2 * longest)) };
}

function summarize({ job, groups, intervals }: PushedJob, { end }: Period): PushStatistics {
  let longest = 0;
  for (const { longestGapSeconds } of groups) longest = Math.max(longest, longestGapSeconds);
  const ended = groups.filter(({ lastPushAt }) => end - lastPushAt > 2 * longest);
  const lives = ended
    .map(({ firstPushAt, lastPushAt }) => lastPushAt - firstPushAt)
    .toSorted((a, b) => a - b);
  return {
    job,
    pushes: sum(groups.map(({ pushes }) => pushes)),
    groups: groups.length,
    ended: ended.length,
    lifeSeconds: lives[Math.floor(lives.length / 2)] ?? null,
    medianSeconds: quantile(intervals, 0.5),
    p99Seconds: quantile(intervals, 0.99),
    longestGapSeconds: longest,
  };
}

/** The nearest rank. */
function quantile(counts: ReadonlyMap<number, number>, ratio: number): number | null {
  const total = sum(counts.values());
  let seen = 0;
  for (const [value, count] of [...counts].toSorted(([a], [b]) => a - b)) {
    seen += count;
    if (seen >= ratio * total) return value;
  }
  return null;
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}

const minute = 60;
const hour = 3600;
const day = 86_400;
/** Durations that people choose. */
const roundSeconds = [
  ...[5, 10, 15, 20, 30, 45].map((minutes) => minutes * minute),
  ...[1, 1.5, 2, 3, 4, 6, 8, 12, 18].map((hours) => hours * hour),
  ...[1, 1.5, 2, 3, 4, 5, 7, 10, 14, 21, 30, 45, 60, 90, 120, 180, 365].map((days) => days * day),
];

function roundUp(seconds: number): number {
  return roundSeconds.find((round) => round >= seconds) ?? Math.ceil(seconds / day) * day;
}

/** A rule whose TTL is shorter than a gap between two pushes of a living group. */
interface ShortTtl {
  readonly rule: string;
  readonly ttlSeconds: number;
  readonly job: string;
  readonly longestGapSeconds: number;
  /** The group with that gap. */
  readonly labels: Labels;
}

/** By rule and job, the longest gap that is longer than the rule's TTL. */
export function findShortTtls(
  jobs: readonly PushedJob[],
  rules: readonly Rule[],
  { resolutionSeconds }: Period,
): readonly ShortTtl[] {
  const found = new Map<string, ShortTtl>();
  for (const { job, groups } of jobs) {
    for (const { labels, longestGapSeconds } of groups) {
      const rule = firstMatch(rules, labels);
      if (rule === null || rule.action === "keep") continue;
      const { name, ttlSeconds } = rule;
      // Gaps between pushes that follow each other faster than the resolution appear as long as the resolution.
      if (longestGapSeconds <= Math.max(ttlSeconds, 2 * resolutionSeconds)) continue;
      const key = JSON.stringify([name, job]);
      const longest = found.get(key)?.longestGapSeconds ?? 0;
      if (longestGapSeconds > longest)
        found.set(key, { rule: name, ttlSeconds, job, longestGapSeconds, labels });
    }
  }
  return [...found.values()];
}
