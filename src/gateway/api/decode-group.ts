import { failureTimeName, successTimeName, type Group, type Obstacle } from "../../core/group.ts";
import { decodeTexts, isJsonObject, type JsonObject } from "../../core/json.ts";
import { createLabels, labelsKey, type Labels } from "../../core/labels.ts";
import { cut, maxGroupBytes, maxKeyLength, toOverBudget } from "../budget.ts";
import { isAddressable, type PathNaming } from "../group-path.ts";
import { JsonShapeError } from "../../http/json-list.ts";
import { parseFiniteNumber } from "../../core/numbers.ts";
import { parseTimestamp } from "../../core/time.ts";

export interface DecodeOptions {
  readonly naming: PathNaming;
  /** Names of gauges whose values the rules need. */
  readonly gauges: ReadonlySet<string>;
}

/** Shared by the groups without any. */
const noGauges: ReadonlyMap<string, number> = new Map();
const noNames: readonly string[] = [];

/** Of native histograms. */
const keptNames = 10;

/**
 * Decodes what a decision needs of one group.
 * @param raw undefined: too large even without most of its series
 * @param index of the group in the answer, which distinguishes groups without readable labels
 * @param sizeBytes of its JSON
 * @throws {@link JsonShapeError}
 */
export function decodeGroup(
  raw: unknown,
  index: number,
  sizeBytes: number,
  { naming, gauges }: DecodeOptions,
): Group {
  const members = raw === undefined ? { labels: {} } : raw;
  if (!isJsonObject(members) || !Object.hasOwn(members, "labels"))
    throw new JsonShapeError(`the group at data[${index}] cannot be read`);
  const families = readFamilies(members);
  const labels = decodeLabels(members, families);
  const isTooLong = labels !== null && lengthOf(labels) > maxKeyLength;
  const key = labels === null ? `unreadable:${index}` : isTooLong ? "" : labelsKey(labels);
  const group: Group = {
    key,
    labels: labels ?? createLabels([]),
    obstacle: sizeBytes > maxGroupBytes ? "over_budget" : findObstacle(labels, naming),
    lastSuccessAt: gaugeValue(families.get(successTimeName)),
    lastFailureAt: decodeFailureTime(members, families),
    ...countSeries(families),
    gauges: gauges.size === 0 ? noGauges : decodeGauges(families, gauges),
  };
  return isTooLong || raw === undefined || key.length > maxKeyLength ? toOverBudget(group, index) : group;
}

type Families = ReadonlyMap<string, readonly unknown[]>;

/** The series of each family. The only list in a family is theirs (seen on 1.5.1 and 1.11). */
function readFamilies(members: JsonObject): Families {
  const families = new Map<string, readonly unknown[]>();
  for (const [name, family] of Object.entries(members)) {
    if (!isJsonObject(family)) continue;
    for (const value of Object.values(family)) {
      if (!Array.isArray(value)) continue;
      if (families.has(name))
        throw new JsonShapeError("a family has two lists: which of them its series are is not known");
      families.set(name, value);
    }
  }
  return families;
}

function countSeries(families: Families): Pick<Group, "holdsMetrics" | "series" | "nativeHistograms"> {
  let series = 0;
  const nativeHistograms: string[] = [];
  for (const [name, list] of families) {
    series += list.length;
    if (nativeHistograms.length < keptNames && list.some(holdsList)) nativeHistograms.push(cut(name));
  }
  // A pusher can give the failure time more than one.
  const times = [successTimeName, failureTimeName].map((name) => families.get(name)?.length ?? 0);
  return {
    holdsMetrics: series > times.reduce((sum, one) => sum + one),
    series,
    nativeHistograms: nativeHistograms.length === 0 ? noNames : nativeHistograms,
  };
}

/** The only list in a series is that of a native histogram's buckets (seen on 1.5.1 and 1.11). */
function holdsList(series: unknown): boolean {
  return Array.isArray(series) || (isJsonObject(series) && Object.values(series).some(Array.isArray));
}

function findObstacle(labels: Labels | null, naming: PathNaming): Obstacle | null {
  if (labels === null) return "unreadable_labels";
  return isAddressable(labels, naming) ? null : "unaddressable";
}

/**
 * The grouping key. A pushed metric called `labels` replaces it, because the gateway writes families as siblings of the key. Then the
 * labels of the group's push time are the key, but always have an `instance`: if that is empty, it may be missing in the key.
 */
function decodeLabels(members: JsonObject, families: Families): Labels | null {
  const genuine = decodeTexts(members["labels"]);
  if (genuine !== null) return createLabels(genuine);
  const recovered = decodeTexts(onlySeries(families.get(successTimeName))?.["labels"]);
  if (recovered === null) return null;
  const labels = createLabels(recovered);
  return labels.get("instance") === "" || !labels.has("instance") ? null : labels;
}

function lengthOf(labels: Labels): number {
  let length = 0;
  for (const [name, value] of labels) length += name.length + value.length;
  return length;
}

/**
 * The time of the last failed push. A pusher can overwrite this family (seen on 1.5.1 and 1.11), but not its `time_stamp`, which the
 * gateway sets on every push: no failed push can be later. A later or unreadable value counts as the time stamp.
 */
function decodeFailureTime(members: JsonObject, families: Families): number | null {
  const family = members[failureTimeName];
  const stampedAt = isJsonObject(family) ? parseTimestamp(family["time_stamp"]) : null;
  if (stampedAt === null) return null;
  const claimed = gaugeValue(families.get(failureTimeName));
  // Both are the same time, but rounded differently.
  const roundingSeconds = 0.001;
  return claimed !== null && claimed >= 0 && claimed <= stampedAt + roundingSeconds ? claimed : stampedAt;
}

function decodeGauges(families: Families, names: ReadonlySet<string>): ReadonlyMap<string, number> {
  const gauges = new Map<string, number>();
  for (const name of names) {
    const family = families.get(name);
    if (family !== undefined) gauges.set(name, gaugeValue(family) ?? Number.NaN);
  }
  return gauges.size === 0 ? noGauges : gauges;
}

/** null if the family has no series or several. */
function gaugeValue(family: readonly unknown[] | undefined): number | null {
  const value = onlySeries(family)?.["value"];
  // Most groups never had a failed push.
  return value === "0" ? 0 : parseFiniteNumber(value);
}

function onlySeries(family: readonly unknown[] | undefined): JsonObject | null {
  const [series] = family ?? [];
  return family?.length === 1 && isJsonObject(series) ? series : null;
}
