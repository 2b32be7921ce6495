import type { Labels } from "./labels.ts";

/** Why the gateway cannot be asked to delete exactly this group. */
export type Obstacle = "unreadable_labels" | "unaddressable" | "over_budget";

/** What one snapshot says of one group. Times are Unix seconds of the gateway's clock. */
export interface Group {
  /** Identity among the groups of one gateway; equal keys are the same group in another snapshot. */
  readonly key: string;
  /** Empty if they could not be read; the obstacle `over_budget` may mean that they are cut: they then name no group. */
  readonly labels: Labels;
  readonly obstacle: Obstacle | null;
  /** 0: never pushed successfully. null: unreadable. */
  readonly lastSuccessAt: number | null;
  /** 0: no push ever failed. null: unreadable. */
  readonly lastFailureAt: number | null;
  /**
   * It has no `instance` label, or an empty one: the source did not tell which. Both cannot exist on a gateway that is
   * consistent.
   */
  readonly hidesInstance?: true;
  /** Whether it holds anything but the gateway's own two push times; null: the source did not tell. */
  readonly holdsMetrics: boolean | null;
  /** Of all its families, the gateway's own two push times included; null: the source did not tell. */
  readonly series: number | null;
  /** Names of families that are native histograms, ten at most: the API does not tell their buckets, so that no archive holds them. */
  readonly nativeHistograms: readonly string[];
  /** The values of the gauges that rules take a TTL from, by metric name; NaN where the group has no single value. */
  readonly gauges: ReadonlyMap<string, number>;
}

/** Which pushes count as life: all of them, or only those that succeeded. */
export type Since = "last_activity" | "last_success";

/**
 * When the group was last alive, Unix seconds; null if it cannot be known.
 *
 * A group that never pushed successfully has only its failed pushes to go by, whatever `since` says: the gateway
 * creates a group with push time 0 for a rejected first push.
 */
export function lastActivityAt(
  group: Pick<Group, "lastSuccessAt" | "lastFailureAt">,
  since: Since = "last_activity",
): number | null {
  const success = group.lastSuccessAt;
  const failure = group.lastFailureAt;
  if (!isTime(success) || !isTime(failure)) return null;
  const activity = since === "last_success" && success > 0 ? success : Math.max(success, failure);
  return activity > 0 ? activity : null;
}

function isTime(value: number | null): value is number {
  return value !== null && Number.isFinite(value) && value >= 0;
}

/** A push time for people and records: null for never, which the gateway writes as 0, and for unreadable. */
export function timeOrNever(time: number | null): number | null {
  return time === 0 ? null : time;
}
