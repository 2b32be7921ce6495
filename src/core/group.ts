import { type Labels, createLabels } from "./labels.ts";

/** Why no DELETE can name exactly this group. */
export type Obstacle = "unreadable_labels" | "unaddressable" | "over_budget";

/** What one snapshot says of one group. Times are Unix seconds of the gateway's clock. */
export interface Group {
  /** Identifies the group on its gateway, in every snapshot. */
  readonly key: string;
  /** Empty if unreadable. Cut for some groups with the obstacle `over_budget`: then they name no group. */
  readonly labels: Labels;
  readonly obstacle: Obstacle | null;
  /** 0: never pushed successfully. null: unreadable. */
  readonly lastSuccessAt: number | null;
  /** 0: no push ever failed. null: unreadable. */
  readonly lastFailureAt: number | null;
  /**
   * The group has no `instance` label, or an empty one: the source does not show which. A consistent gateway cannot hold both.
   */
  readonly hidesInstance?: true;
  /** Whether it holds anything but the gateway's own two push times; null: the source does not show it. */
  readonly holdsMetrics: boolean | null;
  /** In all its families, including the gateway's own two push times; null: the source does not show it. */
  readonly series: number | null;
  /** Names of families that are native histograms, ten at most. The API leaves out their buckets, so that no archive holds them. */
  readonly nativeHistograms: readonly string[];
  /** The values of the gauges that rules take a TTL from, by metric name; NaN where the group has no single value. */
  readonly gauges: ReadonlyMap<string, number>;
}

/** The gateway's own family with the time of a group's last successful push. */
export const successTimeName = "push_time_seconds";
/** The one with the time of its last failed push. */
export const failureTimeName = "push_failure_time_seconds";
export const pushTimeNames: ReadonlySet<string> = new Set([successTimeName, failureTimeName]);

/** A push time for output: null for never, which the gateway writes as 0, and for unreadable. */
export function timeOrNever(time: number | null): number | null {
  return time === 0 ? null : time;
}

const ownJob = "pushgateway-janitor";

/**
 * The group that the janitor pushes its own metrics to. Its instance is the gateway's name, so that a Prometheus that scrapes several
 * gateways can distinguish them.
 */
export function ownGroupLabels(gateway: string): Labels {
  return createLabels([
    ["job", ownJob],
    ["instance", gateway],
  ]);
}

/**
 * Whether a group holds metrics of a janitor: this one, or another that has another name for the gateway. It has exactly these two
 * labels, so that no other group escapes the rules by its job.
 */
export function isOwnGroup(labels: Labels): boolean {
  return labels.size === 2 && labels.get("job") === ownJob && labels.has("instance");
}
