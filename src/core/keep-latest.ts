import { isDeletion, type Decision } from "./decide.ts";
import { groupBy } from "./group-by.ts";
import { labelsKey, quote } from "./labels.ts";
import { formatKeepLatestLabel, keepLatestValue, type TtlRule } from "./rule.ts";
import type { KeepReason } from "./verdict.ts";

/** What `keep_latest` makes of decisions. */
export interface KeptLatest {
  readonly decisions: readonly Decision[];
  /** Whether groups are kept only because the source does not show whether fresher ones hold anything. */
  readonly isUndecided: boolean;
  /** About rules, one sentence each. */
  readonly notes: readonly string[];
}

type KeepLatestRule = TtlRule & { readonly keepLatest: NonNullable<TtlRule["keepLatest"]> };

/** Groups of one rule with the same values of its `by` labels, the freshest first. */
type Contest = readonly Decision[];

/**
 * Keeps the freshest groups of every `keep_latest` rule, however old they are. Where the source does not show whether the fresher ones
 * hold anything, all others are kept, too: each may be the latest that does.
 */
export function keepLatest(decisions: readonly Decision[]): KeptLatest {
  const kept = new Set<Decision>();
  const notes: string[] = [];
  let isUndecided = false;
  for (const [rule, contests] of findContests(decisions)) {
    const { count } = rule.keepLatest;
    const isKeptForDoubt = contests.map((contest) => {
      const known = contest.filter(({ group }) => group.holdsMetrics === true);
      const last = known[count - 1];
      const latest = last === undefined ? contest : contest.slice(0, contest.indexOf(last) + 1);
      for (const decision of latest) kept.add(decision);
      return latest.slice(count).some(isDeletion);
    });
    if (isKeptForDoubt.includes(true)) {
      isUndecided = true;
      notes.push(
        `rule ${rule.name}: keep_latest keeps all groups, as source: exposition does not show which of them hold metrics; set source: auto or api`,
      );
    }
    notes.push(...noteUniqueLabels(rule, contests));
  }
  if (kept.size === 0) return { decisions, isUndecided, notes };
  const reason: KeepReason = "kept_latest";
  return {
    decisions: decisions.map((decision) =>
      kept.has(decision) && isDeletion(decision)
        ? { ...decision, expiresAt: null, verdict: { verdict: "keep", reason } }
        : decision,
    ),
    isUndecided,
    notes,
  };
}

/**
 * Groups of an unknown or future time and groups that hold nothing do not count, so that they cannot replace the real latest one: a
 * push that the gateway refuses, and one without metrics, create an empty group.
 */
function findContests(decisions: readonly Decision[]): ReadonlyMap<KeepLatestRule, readonly Contest[]> {
  const contenders = decisions.filter(
    ({ group, expiresAt }) => expiresAt !== null && group.lastSuccessAt !== 0 && group.holdsMetrics !== false,
  );
  const found = new Map<KeepLatestRule, readonly Contest[]>();
  for (const [rule, own] of groupBy(contenders, (one) => one.rule)) {
    if (!hasKeepLatest(rule)) continue;
    const valuesOf = ({ group }: Decision): string =>
      JSON.stringify(rule.keepLatest.by.map((by) => keepLatestValue(by, group.labels)));
    found.set(rule, contestsBy(own, valuesOf));
  }
  return found;
}

function hasKeepLatest(rule: Decision["rule"]): rule is KeepLatestRule {
  return rule !== null && rule.action !== "keep" && rule.keepLatest !== null;
}

function contestsBy(decisions: readonly Decision[], keyOf: (one: Decision) => string): readonly Contest[] {
  return [...groupBy(decisions, keyOf).values()].map((contest) => contest.toSorted(byFreshness));
}

/** By the last successful push: a refused one does not renew the metrics. */
function byFreshness(a: Decision, b: Decision): number {
  const newer = (b.group.lastSuccessAt ?? 0) - (a.group.lastSuccessAt ?? 0);
  return newer === 0 ? (a.group.key < b.group.key ? -1 : 1) : newer;
}

/** The note needs so many groups as evidence. */
const minReplacedGroups = 3;

/**
 * With a label that never repeats, such as the number of a run, every group is the latest of its own, and the rule deletes nothing.
 * Groups that differ only by such labels are taken for pushes of one job if the TTL has passed between them.
 */
function noteUniqueLabels(
  { name, keepLatest }: KeepLatestRule,
  contests: readonly Contest[],
): readonly string[] {
  const { count, by } = keepLatest;
  if (contests.some((contest) => contest.length > count)) return [];
  const contenders = contests.flat();
  const names = new Set(contenders.flatMap(({ group }) => [...group.labels].map(([name]) => name)));
  const unique = new Set([...names].filter((label) => label !== "job" && isUniqueInJob(label, contenders)));
  const labels = by.filter((one) => unique.has(typeof one === "string" ? one : one.label));
  if (labels.length === 0) return [];
  const series = contestsBy(contenders, ({ group }) =>
    labelsKey(new Map([...group.labels].filter(([label]) => !unique.has(label)))),
  );
  const replaced = series.flatMap((pushes) =>
    pushes.slice(count).filter((one) => isReplaced(one, pushes[0])),
  );
  if (replaced.length < minReplacedGroups) return [];
  const which = labels
    .map((one) => (typeof one === "string" ? quote(one) : formatKeepLatestLabel(one)))
    .join(" and ");
  return [
    `rule ${name}: keep_latest keeps ${replaced.length} groups that have expired, as no two of them have the same ${which}: ` +
      `remove ${which} from its "by", or nothing that it matches is ever deleted`,
  ];
}

function isUniqueInJob(label: string, contenders: readonly Decision[]): boolean {
  const values = contenders.map(({ group: { labels } }) =>
    JSON.stringify([labels.get("job"), labels.get(label)]),
  );
  return new Set(values).size === contenders.length;
}

function isReplaced(decision: Decision, latest: Decision | undefined): boolean {
  const { ttlSeconds, group } = decision;
  const elapsed = (latest?.group.lastSuccessAt ?? 0) - (group.lastSuccessAt ?? 0);
  return isDeletion(decision) && elapsed > (ttlSeconds ?? Number.POSITIVE_INFINITY);
}
