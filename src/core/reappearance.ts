import { groupBy } from "./group-by.ts";
import { lastActivityAt } from "./life.ts";
import type { Group } from "./group.ts";
import { asksForHosts } from "./liveness.ts";
import type { Rule } from "./rule.ts";
import { quote, type Labels } from "./labels.ts";
import { countOf } from "./printable.ts";

/** A group that a rule deleted. */
export interface RecentDeletion {
  readonly rule: string;
  /** Its last activity when it was deleted, Unix seconds of the gateway's clock. */
  readonly lastActivityAt: number;
}

/** Groups that were deleted by one rule and came back by a push. */
export interface Reappearance {
  readonly rule: string;
  readonly groups: readonly Labels[];
}

/** The archive has times in milliseconds; the gateway's are finer. */
const archivedPrecisionSeconds = 0.001;

/** Finds groups that were deleted although their jobs still push: less often than the rule's TTL. */
export function findReappeared(
  groups: readonly Group[],
  deletions: ReadonlyMap<string, RecentDeletion>,
): readonly Reappearance[] {
  const back = groups.filter((group) => {
    const deletedAt = deletions.get(group.key)?.lastActivityAt ?? Number.POSITIVE_INFINITY;
    // Without a new push the deletion was lost, as when the gateway is killed before it persists.
    return (lastActivityAt(group) ?? 0) > deletedAt + archivedPrecisionSeconds;
  });
  const byRule = groupBy(back, ({ key }) => deletions.get(key)?.rule ?? "");
  return [...byRule].map(([rule, own]) => ({ rule, groups: own.map(({ labels }) => labels) }));
}

/** How many jobs are named. */
const namedJobs = 5;

export function explainReappearance({ rule, groups }: Reappearance, rules: readonly Rule[]): string {
  const hasVanished = rules.some((one) => one.name === rule && asksForHosts(one));
  const jobs = [...new Set(groups.map((labels) => labels.get("job") ?? ""))].toSorted();
  const more = jobs.length > namedJobs ? ` and ${jobs.length - namedJobs} more` : "";
  return (
    `${countOf(groups.length, "group")} came back by a push after the deletion: the TTL of rule ${rule} is shorter than the push interval of these jobs: ` +
    `${jobs
      .slice(0, namedJobs)
      .map((job) => quote(job))
      .join(", ")}${more}` +
    (hasVanished
      ? ". If their hosts were only away, raise its vanished.ttl, or extend the range of its query"
      : "")
  );
}
