export type LabelRecord = Readonly<Record<string, string>>;

/** A group as it really is, from what was done to it; nobody asks the janitor's own readers. Never changed, only replaced. */
export interface TrueGroup {
  readonly labels: LabelRecord;
  /** Gateway time of the last accepted push, Unix seconds; 0: never. */
  readonly success: number;
  /** Of the last refused one. */
  readonly failure: number;
  /** Its metrics: all are gauges without labels of their own. */
  readonly gauges: ReadonlyMap<string, number>;
}

export type TrueGroups = ReadonlyMap<string, TrueGroup>;

export interface TruePush {
  readonly labels: LabelRecord;
  readonly gauges: ReadonlyMap<string, number>;
  /** PUT drops the group's other metrics, POST keeps them. */
  readonly replace: boolean;
  /** Gateway time. */
  readonly at: number;
  readonly accepted: boolean;
}

export function keyOf(labels: Iterable<readonly [string, string]>): string {
  return JSON.stringify([...labels].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

export function keyOfRecord(labels: LabelRecord): string {
  return keyOf(Object.entries(labels));
}

const failureName = "push_failure_time_seconds";

/** What a push makes of a group, after pushgateway's README. */
export function afterPush(before: TrueGroup | undefined, push: TruePush): TrueGroup {
  const { labels, replace, at, accepted } = push;
  const old = before ?? { success: 0, failure: 0, gauges: new Map<string, number>() };
  if (!accepted) return { labels, success: old.success, failure: at, gauges: old.gauges };
  const gauges = new Map(replace ? [] : old.gauges);
  for (const [name, value] of push.gauges) if (name !== failureName) gauges.set(name, value);
  return { labels, success: at, failure: failureAfter(before, push), gauges };
}

/** A pusher can write the failure time of a group that is there already, but no failure is later than its forgery. */
function failureAfter(before: TrueGroup | undefined, { gauges, at }: TruePush): number {
  const forged = gauges.get(failureName);
  if (before === undefined) return 0;
  if (forged === undefined) return before.failure;
  return forged >= 0 && forged <= at ? forged : at;
}
