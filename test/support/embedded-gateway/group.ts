import { type Family, type GroupingLabels, withGroupingLabels } from "./family.ts";

export const PUSH_TIME = "push_time_seconds";
export const FAILURE_TIME = "push_failure_time_seconds";

/** A family with the time at which the gateway took it, in unix seconds. */
export interface StoredFamily extends Family {
  readonly timestamp: number;
}

/** What the gateway stores and deletes as one. Never changed, only replaced: whoever holds one holds a snapshot. */
export interface StoredGroup {
  /** Identifies the group in the store. */
  readonly key: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly families: ReadonlyMap<string, StoredFamily>;
  /** Unix seconds of the last successful push; 0: never. */
  readonly pushTime: number;
  /** Unix seconds of the last failed push, or what somebody pushed in its place; 0: never. */
  readonly failTime: number;
}

export function groupKey(labels: GroupingLabels): string {
  return JSON.stringify([...labels].toSorted(([a], [b]) => (a < b ? -1 : Number(a > b))));
}

export function createGroup(labels: GroupingLabels, families: Iterable<StoredFamily>): StoredGroup {
  const byName = new Map(Array.from(families, (family) => [family.name, family]));
  return {
    key: groupKey(labels),
    labels: Object.fromEntries(labels),
    families: byName,
    pushTime: gaugeValue(byName.get(PUSH_TIME)),
    failTime: gaugeValue(byName.get(FAILURE_TIME)),
  };
}

export function storeFamily(family: Family, labels: GroupingLabels, timestamp: number): StoredFamily {
  return { ...withGroupingLabels(family, labels), timestamp };
}

/** A family of another type counts as 0, as it does for the gateway. */
function gaugeValue(family: Family | undefined): number {
  const sample = family?.samples[0];
  return sample?.type === "gauge" ? sample.value : 0;
}

export function pushTimeGauge(value: number): Family {
  return timeGauge(PUSH_TIME, "succeeded", value);
}

export function failureTimeGauge(value: number): Family {
  return timeGauge(FAILURE_TIME, "failed", value);
}

function timeGauge(name: string, what: string, value: number): Family {
  const help = `Last Unix time when changing this group in the Pushgateway ${what}.`;
  return { name, help, type: "gauge", samples: [{ type: "gauge", labels: [], value }] };
}
