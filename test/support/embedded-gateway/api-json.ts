import type { Family, LabelPairs, Sample } from "./family.ts";
import { formatFloat, formatTime, jsonObject, jsonString } from "./go-format.ts";
import { FAILURE_TIME, type StoredFamily, type StoredGroup } from "./group.ts";

/**
 * The body of GET /api/v1/metrics; `undefined` where the gateway panics and closes the connection: on a failure time
 * without a sample.
 */
export function renderApiMetrics(groups: readonly StoredGroup[], random: () => number): string | undefined {
  if (groups.some((group) => group.families.get(FAILURE_TIME)?.samples.length === 0)) return undefined;
  const rendered = shuffle(groups, random).map(renderGroup);
  if (rendered.includes(undefined)) {
    // The header is out by then, so this error comes with status 200.
    const error =
      "json: error calling MarshalJSON for type time.Time: Time.MarshalJSON: year outside of range [0,9999]";
    return JSON.stringify({ status: "error", errorType: "bad_data", error });
  }
  return `{"status":"success","data":[${rendered.join(",")}]}`;
}

/** Go walks through its maps in random order, and whoever relies on one order shall notice. */
function shuffle<T>(items: readonly T[], random: () => number): readonly T[] {
  return items
    .map((item) => [random(), item] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([, item]) => item);
}

/** Families come after the group's own two members and replace them if they are called so. */
function renderGroup(group: StoredGroup): string | undefined {
  const members = new Map([
    ["labels", renderLabels(Object.entries(group.labels))],
    ["last_push_successful", String(group.failTime <= group.pushTime)],
  ]);
  for (const family of group.families.values()) {
    const json = renderFamily(family);
    if (json === undefined) return undefined;
    members.set(family.name, json);
  }
  return jsonObject(members);
}

function renderFamily(family: StoredFamily): string | undefined {
  const time = formatTime(family.timestamp);
  if (time === undefined) return undefined;
  const help = family.help ? `"help":${jsonString(family.help)},` : "";
  const samples = family.samples.map((sample) => renderSample(family.type, sample));
  return `{"time_stamp":"${time}","type":"${family.type.toUpperCase()}",${help}"metrics":[${samples.join(",")}]}`;
}

function renderSample(type: Family["type"], sample: Sample): string {
  const labels = ["labels", renderLabels(sample.labels)] as const;
  switch (type) {
    case "summary": {
      const { count, sum, quantiles } = sample.type === type ? sample : { count: 0, sum: 0, quantiles: [] };
      return jsonObject([
        labels,
        ["count", integer(count)],
        ["sum", number(sum)],
        ["quantiles", renderPairs(quantiles, number)],
      ]);
    }
    case "histogram": {
      const { count, sum, buckets } = sample.type === type ? sample : { count: 0, sum: 0, buckets: [] };
      return jsonObject([
        labels,
        ["count", integer(count)],
        ["sum", number(sum)],
        ["buckets", renderPairs(buckets, integer)],
      ]);
    }
    default:
      return jsonObject([labels, ["value", number("value" in sample ? sample.value : 0)]]);
  }
}

function renderLabels(labels: LabelPairs): string {
  return jsonObject(new Map(labels.map(([name, value]) => [name, jsonString(value)])));
}

function renderPairs(
  pairs: readonly (readonly [number, number])[],
  render: (value: number) => string,
): string {
  return jsonObject(new Map(pairs.map(([key, value]) => [formatFloat(key), render(value)])));
}

/** Numbers are strings here, so that NaN and the infinities can be told. */
function number(value: number): string {
  return `"${formatFloat(value)}"`;
}

/** Counts are integers, without an exponent, unless a float histogram was pushed. */
function integer(value: number): string {
  return Number.isInteger(value) ? `"${value}"` : number(value);
}
