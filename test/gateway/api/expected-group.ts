import type { Group } from "../../../src/core/group.ts";
import { decodeTexts, isJsonObject, type JsonObject } from "../../../src/core/json.ts";
import { createLabels, labelsKey, type Labels } from "../../../src/core/labels.ts";
import { groupPath } from "../../../src/gateway/group-path.ts";
import { parseFiniteNumber } from "../../../src/core/numbers.ts";
import { parseTimestamp } from "../../../src/core/time.ts";

const naming = { utf8Names: false };

/** What decisions need of one group of the API, the plain way: from the whole group as JSON.parse gives it. */
export function expectedGroup(group: JsonObject, index: number, gauges: ReadonlySet<string>): Group {
  const labels = labelsOf(group);
  const families = Object.entries(group).flatMap(([name, value]) => {
    const series = seriesOf(value);
    return series === null ? [] : [{ name, series }];
  });
  const isNative = (series: readonly unknown[]): boolean =>
    series.some((one) => isJsonObject(one) && Object.values(one).some((member) => Array.isArray(member)));
  return {
    key: labels === null ? `unreadable:${index}` : labelsKey(labels),
    labels: labels ?? createLabels([]),
    obstacle:
      labels === null ? "unreadable_labels" : groupPath(labels, naming) === null ? "unaddressable" : null,
    lastSuccessAt: valueOf(group, "push_time_seconds"),
    lastFailureAt: failureOf(group),
    holdsMetrics: families.some(
      ({ name, series }) =>
        series.length > 0 && name !== "push_time_seconds" && name !== "push_failure_time_seconds",
    ),
    series: families.reduce((sum, { series }) => sum + series.length, 0),
    nativeHistograms: families.filter(({ series }) => isNative(series)).map(({ name }) => name),
    gauges: new Map(
      [...gauges]
        .filter((name) => seriesOf(member(group, name)) !== null)
        .map((name) => [name, valueOf(group, name) ?? Number.NaN]),
    ),
  };
}

function labelsOf(group: JsonObject): Labels | null {
  const genuine = decodeTexts(group["labels"]);
  if (genuine !== null) return createLabels(genuine);
  const recovered = decodeTexts(onlySeries(group, "push_time_seconds")?.["labels"]);
  const labels = recovered === null ? null : createLabels(recovered);
  return (labels?.get("instance") ?? "") === "" ? null : labels;
}

function failureOf(group: JsonObject): number | null {
  const family = member(group, "push_failure_time_seconds");
  const stampedAt = isJsonObject(family) ? parseTimestamp(family["time_stamp"]) : null;
  if (stampedAt === null) return null;
  const claimed = valueOf(group, "push_failure_time_seconds");
  return claimed !== null && claimed >= 0 && claimed <= stampedAt + 0.001 ? claimed : stampedAt;
}

function valueOf(group: JsonObject, name: string): number | null {
  return parseFiniteNumber(onlySeries(group, name)?.["value"]);
}

function onlySeries(group: JsonObject, name: string): JsonObject | null {
  const series = seriesOf(member(group, name));
  return series?.length === 1 && isJsonObject(series[0]) ? series[0] : null;
}

/** The only list in a family is that of its series. */
function seriesOf(family: unknown): readonly unknown[] | null {
  return isJsonObject(family) ? (Object.values(family).find((value) => Array.isArray(value)) ?? null) : null;
}

function member(group: JsonObject, name: string): unknown {
  return Object.hasOwn(group, name) ? group[name] : undefined;
}
