import type { Group, Obstacle } from "../core/group.ts";
import { decodeTexts, isJsonObject, type JsonObject } from "../core/json.ts";
import { createLabels, labelsKey, type Labels } from "../core/labels.ts";
import { groupPath, type PathNaming } from "./group-path.ts";
import { parseFiniteNumber, parseTimestamp } from "./numbers.ts";

/** One element of `data` of `GET /api/v1/metrics`: the grouping key and, as its siblings, every family by name. */
export type ApiGroup = JsonObject;

export interface DecodeOptions {
  readonly naming: PathNaming;
  /** Names of gauges whose values the rules need. */
  readonly gauges: ReadonlySet<string>;
}

/**
 * Decodes what a decision needs of one group.
 * @param index of the group in the answer, to tell groups without readable labels apart
 * @returns null if this is not a group of the API's shape at all
 */
export function decodeGroup(value: unknown, index: number, options: DecodeOptions): Group | null {
  if (!isJsonObject(value) || !Object.hasOwn(value, "labels")) return null;
  const labels = decodeLabels(value);
  const key = labels === null ? `unreadable:${index}` : labelsKey(labels);
  return {
    key,
    labels: labels ?? createLabels([]),
    obstacle: findObstacle(labels, options.naming),
    lastSuccessAt: singleGaugeValue(value, "push_time_seconds"),
    lastFailureAt: decodeFailureTime(value),
    series: countSeries(value),
    nativeHistograms: findNativeHistograms(value),
    gauges: decodeGauges(value, options.gauges),
  };
}

function findObstacle(labels: Labels | null, naming: PathNaming): Obstacle | null {
  if (labels === null) return "unreadable_labels";
  return groupPath(labels, naming) === null ? "unaddressable" : null;
}

/**
 * The grouping key. A pushed metric called `labels` stands in its place, because the gateway writes families as siblings
 * of the key; then the labels of the group's push time tell it. They hold the whole key and, if that has no `instance`,
 * an `instance=""` of their own: such a key cannot be told from one that really has it.
 */
function decodeLabels(group: ApiGroup): Labels | null {
  const genuine = decodeTexts(group["labels"]);
  if (genuine !== null) return createLabels(genuine);
  const recovered = decodeTexts(singleMetric(group, "push_time_seconds")?.["labels"]);
  if (recovered === null) return null;
  const labels = createLabels(recovered);
  return labels.get("instance") === "" || !labels.has("instance") ? null : labels;
}

/**
 * The time of the last failed push. A pusher can overwrite this family (seen on 1.5.1 and 1.11), but not its
 * `time_stamp`, which the gateway sets on every push: no failed push can be later. What claims to be later, or says
 * nothing readable, counts as that.
 */
function decodeFailureTime(group: ApiGroup): number | null {
  const family = ownObject(group, "push_failure_time_seconds");
  const stampedAt = parseTimestamp(family?.["time_stamp"]);
  if (stampedAt === null) return null;
  const claimed = singleGaugeValue(group, "push_failure_time_seconds");
  // Both come from one instant, but were rounded differently.
  const roundingSeconds = 0.001;
  return claimed !== null && claimed >= 0 && claimed <= stampedAt + roundingSeconds ? claimed : stampedAt;
}

function decodeGauges(group: ApiGroup, names: ReadonlySet<string>): ReadonlyMap<string, number> {
  const gauges = new Map<string, number>();
  for (const name of names) {
    if (isFamily(ownObject(group, name))) gauges.set(name, singleGaugeValue(group, name) ?? Number.NaN);
  }
  return gauges;
}

function singleGaugeValue(group: ApiGroup, name: string): number | null {
  return parseFiniteNumber(singleMetric(group, name)?.["value"]);
}

/** The only series of a family; null if it has none or several. */
function singleMetric(group: ApiGroup, name: string): JsonObject | null {
  const family = ownObject(group, name);
  if (!isFamily(family) || family.metrics.length !== 1) return null;
  const [metric] = family.metrics;
  return isJsonObject(metric) ? metric : null;
}

function countSeries(group: ApiGroup): number {
  let series = 0;
  for (const family of Object.values(group)) if (isFamily(family)) series += family.metrics.length;
  return series;
}

/** In the API their buckets are a list; those of a classic histogram are an object (seen on 1.11). */
function findNativeHistograms(group: ApiGroup): readonly string[] {
  return Object.entries(group)
    .filter(
      ([, family]) =>
        isFamily(family) && family.metrics.some((one) => isJsonObject(one) && Array.isArray(one["buckets"])),
    )
    .map(([name]) => name);
}

/** A family called `constructor` must be there to count as there. */
function ownObject(group: ApiGroup, name: string): JsonObject | null {
  const value = Object.hasOwn(group, name) ? group[name] : undefined;
  return isJsonObject(value) ? value : null;
}

function isFamily(value: unknown): value is { readonly metrics: readonly unknown[] } {
  return isJsonObject(value) && Array.isArray(value["metrics"]);
}
