import { failureTimeName, successTimeName, type Group, type Obstacle } from "../../core/group.ts";
import { createLabels, labelsKey, type Labels } from "../../core/labels.ts";
import { maxGroupBytes, maxKeyLength, toOverBudget } from "../budget.ts";
import { isAddressable, type PathNaming } from "../group-path.ts";
import { parseFiniteNumber } from "../../core/numbers.ts";
import { parseTimestamp } from "../../core/time.ts";
import type { ScannedFamily, ScannedGroup } from "./group-scanner.ts";

export interface DecodeOptions {
  readonly naming: PathNaming;
  /** Names of gauges whose values the rules need. */
  readonly gauges: ReadonlySet<string>;
}

export function neededFamilies({ gauges }: Pick<DecodeOptions, "gauges">): ReadonlySet<string> {
  return new Set([successTimeName, failureTimeName, ...gauges]);
}

/** Shared by the groups without any. */
const noGauges: ReadonlyMap<string, number> = new Map();
const noNames: readonly string[] = [];

/**
 * Decodes what a decision needs of one group.
 * @param index of the group in the answer, which distinguishes groups without readable labels
 * @param sizeBytes of its JSON
 */
export function decodeGroup(
  raw: ScannedGroup,
  index: number,
  sizeBytes: number,
  { naming, gauges }: DecodeOptions,
): Group {
  const labels = decodeLabels(raw);
  const key = labels === null ? `unreadable:${index}` : labelsKey(labels);
  const group: Group = {
    key,
    labels: labels ?? createLabels([]),
    obstacle: sizeBytes > maxGroupBytes ? "over_budget" : findObstacle(labels, naming),
    lastSuccessAt: gaugeValue(raw.families.get(successTimeName)),
    lastFailureAt: decodeFailureTime(raw.families.get(failureTimeName)),
    holdsMetrics: raw.series > seriesOf(raw, successTimeName) + seriesOf(raw, failureTimeName),
    series: raw.series,
    nativeHistograms: raw.nativeHistograms.length === 0 ? noNames : raw.nativeHistograms,
    gauges: gauges.size === 0 ? noGauges : decodeGauges(raw, gauges),
  };
  const isCut = raw.labels !== null && raw.labelsAreCut;
  return isCut || key.length > maxKeyLength ? toOverBudget(group, index) : group;
}

/** A pusher can give the failure time more than one. */
function seriesOf({ families }: ScannedGroup, name: string): number {
  return families.get(name)?.series ?? 0;
}

function findObstacle(labels: Labels | null, naming: PathNaming): Obstacle | null {
  if (labels === null) return "unreadable_labels";
  return isAddressable(labels, naming) ? null : "unaddressable";
}

/**
 * The grouping key. A pushed metric called `labels` replaces it, because the gateway writes families as siblings of the key. Then the
 * labels of the group's push time are the key, but always have an `instance`: if that is empty, it may be missing in the key.
 */
function decodeLabels({ labels: genuine, families }: ScannedGroup): Labels | null {
  if (genuine !== null) return createLabels(genuine);
  const pushTime = families.get(successTimeName);
  if (pushTime?.series !== 1 || pushTime.labels === null) return null;
  const labels = createLabels(pushTime.labels);
  return labels.get("instance") === "" || !labels.has("instance") ? null : labels;
}

/**
 * The time of the last failed push. A pusher can overwrite this family (seen on 1.5.1 and 1.11), but not its `time_stamp`, which the
 * gateway sets on every push: no failed push can be later. A later or unreadable value counts as the time stamp.
 */
function decodeFailureTime(family: ScannedFamily | undefined): number | null {
  const stampedAt = parseTimestamp(family?.timestamp);
  if (stampedAt === null) return null;
  const claimed = gaugeValue(family);
  // Both are the same time, but rounded differently.
  const roundingSeconds = 0.001;
  return claimed !== null && claimed >= 0 && claimed <= stampedAt + roundingSeconds ? claimed : stampedAt;
}

function decodeGauges({ families }: ScannedGroup, names: ReadonlySet<string>): ReadonlyMap<string, number> {
  const gauges = new Map<string, number>();
  for (const name of names) {
    const family = families.get(name);
    if (family !== undefined && family.series !== null) gauges.set(name, gaugeValue(family) ?? Number.NaN);
  }
  return gauges.size === 0 ? noGauges : gauges;
}

/** null if the family has no series or several. */
function gaugeValue(family: ScannedFamily | undefined): number | null {
  if (family?.series !== 1) return null;
  // Most groups never had a failed push.
  return family.value === "0" ? 0 : parseFiniteNumber(family.value);
}
