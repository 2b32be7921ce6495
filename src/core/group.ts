import { type Labels, createLabels } from "./labels.ts";

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

/** The gateway's own family with the time of a group's last successful push. */
export const successTimeName = "push_time_seconds";
/** The one with the time of its last failed push. */
export const failureTimeName = "push_failure_time_seconds";
export const pushTimeNames: ReadonlySet<string> = new Set([successTimeName, failureTimeName]);

/** A push time for people and records: null for never, which the gateway writes as 0, and for unreadable. */
export function timeOrNever(time: number | null): number | null {
  return time === 0 ? null : time;
}

const ownJob = "pushgateway-janitor";

/**
 * The group on a gateway that the janitor pushes its own metrics to. The instance is the gateway's name, because a Prometheus
 * that scrapes several gateways has to tell their groups apart.
 */
export function ownGroupLabels(gateway: string): Labels {
  return createLabels([
    ["job", ownJob],
    ["instance", gateway],
  ]);
}

/**
 * Whether a group holds the janitor's own metrics: this one's, or those of another that calls the gateway by another name.
 * Exactly these labels, so that no other group escapes the rules by its job.
 */
export function isOwnGroup(labels: Labels): boolean {
  return labels.size === 2 && labels.get("job") === ownJob && labels.has("instance");
}
