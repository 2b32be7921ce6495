import { decodeTexts, isJsonObject, type JsonObject } from "./json.ts";

/** One metric of a group with its series, as the API tells it. Numbers stay the texts that the gateway wrote. */
export interface Family {
  readonly name: string;
  /** In the API's spelling, for example `COUNTER`. */
  readonly type: string;
  /** Empty if there is none; the API does not tell an empty one from none. */
  readonly help: string;
  readonly series: readonly Series[];
}

export type Series = PlainSeries | Distribution;

export interface PlainSeries {
  readonly kind: "plain";
  readonly labels: ReadonlyMap<string, string>;
  readonly value: string;
}

/** One series of a summary or histogram. */
export interface Distribution {
  readonly kind: "summary" | "histogram" | "native_histogram";
  readonly labels: ReadonlyMap<string, string>;
  readonly sum: string;
  readonly count: string;
  /** Quantiles, or upper bounds of buckets, ascending, each with its value. Of a native histogram the API tells none. */
  readonly parts: readonly (readonly [bound: string, value: string])[];
}

/** The gateway's own family with the time of a group's last successful push. */
export const successTimeName = "push_time_seconds";
/** The one with the time of its last failed push. */
export const failureTimeName = "push_failure_time_seconds";
export const pushTimeNames: ReadonlySet<string> = new Set([successTimeName, failureTimeName]);

/**
 * Decodes the families of one group of the API, without the two push times. What has not the API's shape is null.
 * A family is a sibling of the group's own `labels` and `last_push_successful`, and may stand in their place.
 */
export function decodeFamilies(group: JsonObject): ReadonlyMap<string, Family | null> {
  const families = new Map<string, Family | null>();
  for (const [name, value] of Object.entries(group)) {
    const ownOfGroup =
      name === "labels"
        ? decodeTexts(value) !== null
        : name === "last_push_successful" && typeof value === "boolean";
    if (!ownOfGroup && !pushTimeNames.has(name)) families.set(name, decodeFamily(name, value));
  }
  return families;
}

function decodeFamily(name: string, value: unknown): Family | null {
  if (!isJsonObject(value)) return null;
  const { type, help = "", metrics } = value as { type?: unknown; help?: unknown; metrics?: unknown };
  if (typeof type !== "string" || typeof help !== "string" || !Array.isArray(metrics)) return null;
  const series = metrics.map((metric) => decodeSeries(type, metric));
  return series.every((one) => one !== null) ? { name, type, help, series } : null;
}

function decodeSeries(type: string, metric: unknown): Series | null {
  if (!isJsonObject(metric)) return null;
  const pairs = decodeTexts(metric["labels"]);
  if (pairs === null) return null;
  const labels = new Map(pairs);
  if (type !== "SUMMARY" && type !== "HISTOGRAM") {
    const value = metric["value"];
    return isNumber(value) ? { kind: "plain", labels, value } : null;
  }
  const { sum, count } = metric as { sum?: unknown; count?: unknown };
  if (!isNumber(sum) || !isNumber(count)) return null;
  const bounds = metric[type === "SUMMARY" ? "quantiles" : "buckets"];
  if (type === "HISTOGRAM" && Array.isArray(bounds))
    return { kind: "native_histogram", labels, sum, count, parts: [] };
  const parts = decodeTexts(bounds);
  if (parts === null || !parts.every(([bound, value]) => isNumber(bound) && isNumber(value))) return null;
  const kind = type === "SUMMARY" ? "summary" : "histogram";
  return { kind, labels, sum, count, parts: parts.toSorted(([a], [b]) => goNumber(a) - goNumber(b) || 0) };
}

/** A number as Go writes it. It is passed on as text, so nothing else may be in it. */
function isNumber(text: unknown): text is string {
  return typeof text === "string" && /^(?:NaN|[+-]Inf|-?\d+(?:\.\d+)?(?:e[+-]\d+)?)$/.test(text);
}

/** The value of a number as Go writes it. */
export function goNumber(text: string): number {
  return Number(text.replace("Inf", "Infinity"));
}
