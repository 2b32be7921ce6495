import { goNumber, isGoNumber } from "./numbers.ts";
import { pushTimeNames } from "./group.ts";
import { type JsonObject, decodeTexts, isJsonObject } from "./json.ts";
import { isLegacyLabelName, quote, type Labels } from "./labels.ts";

interface PushTarget {
  /** The group's, which the gateway adds to every series itself. */
  readonly labels: Labels;
  /** Whether the gateway takes names outside `[a-zA-Z_:][a-zA-Z0-9_:]*` (`--push.enable-utf8-names`). */
  readonly utf8Names: boolean;
}

/** The part of a group that a push in the text format can restore, and what it loses. */
interface Pushable {
  readonly families: readonly ApiFamily[];
  /** One sentence each; empty if the exposition would be the same. */
  readonly losses: readonly string[];
}

/**
 * Selects what a push in the text format can carry, so that the rest does not make the gateway refuse the group. Exemplars and creation
 * times are not among the losses, as the API does not return them.
 * @param group as the API returned it
 */
export function sortOutPushable(group: JsonObject, target: PushTarget): Pushable {
  const losses = new Set<string>();
  const decoded = decodeFamilies(group);
  const families: ApiFamily[] = [];
  for (const [name, family] of decoded) {
    const shown = isLegacyMetricName(name) ? name : quote(name);
    const obstacle =
      family === null ? "has a shape that this version does not know" : findObstacle(family, decoded, target);
    if (family === null || obstacle !== null) {
      losses.add(`${shown} ${obstacle}, and is left out`);
      continue;
    }
    for (const doubt of findDoubts(family)) losses.add(`${shown} ${doubt}`);
    const series = family.series.flatMap((one) => {
      const stripped = withoutAdded(one, target.labels);
      const flaw = findFlaw(stripped, target);
      if (flaw !== null) losses.add(`${shown}: a series ${flaw}, and is left out`);
      return flaw === null ? [stripped] : [];
    });
    if (series.length > 0) families.push({ ...family, series });
  }
  return { families, losses: [...losses] };
}

const carriedTypes: ReadonlySet<string> = new Set(["COUNTER", "GAUGE", "UNTYPED", "SUMMARY", "HISTOGRAM"]);

/** Why nothing of the family can be carried. */
function findObstacle(
  { name, type, series }: ApiFamily,
  all: ReadonlyMap<string, ApiFamily | null>,
  target: PushTarget,
) {
  if (!carriedTypes.has(type)) return `is a ${type.toLowerCase()}, whose values the API does not return`;
  if (series.length === 0) return "has no series";
  if (!isLegacyMetricName(name) && !(target.utf8Names && isName(name)))
    return "has a name that the gateway does not take";
  // In the text format these names are parts of the summary or histogram. Only a gateway without consistency check holds both.
  const [, base, suffix] = /^(.+)_(count|sum|bucket)$/s.exec(name) ?? [];
  const baseType = base === undefined ? undefined : all.get(base)?.type;
  const collides = baseType === "HISTOGRAM" || (baseType === "SUMMARY" && suffix !== "bucket");
  return collides ? `has the name of a part of ${base}` : null;
}

/** What changes although it is pushed. */
function* findDoubts({ help, series }: ApiFamily): Generator<string> {
  if (/^[ \t]/.test(help)) yield "has a help text that loses the white space at its start";
  if (help.includes("\uFFFD"))
    yield "has a help text with U+FFFD, which may replace bytes that are not UTF-8";
  for (const one of series) {
    if ([...one.labels.values()].some((value) => value.includes("\uFFFD"))) {
      yield "has label values with U+FFFD, which may replace bytes that are not UTF-8";
    }
    if (one.kind === "plain") continue;
    if (one.kind === "native_histogram")
      yield "is a native histogram: its sum and count come back, its buckets do not";
    const counts = one.kind === "summary" ? [one.count] : [one.count, ...one.parts.map(([, count]) => count)];
    if (!counts.every((count) => Number.isInteger(goNumber(count)))) {
      yield "counts fractions, which most gateways cut to whole numbers";
    }
    if (one.parts.some(([bound]) => bound === "NaN")) {
      yield one.kind === "summary" ? "loses the quantile NaN" : "loses the bucket NaN";
    }
  }
}

/** Why one series, without the group's labels, cannot be carried. */
function findFlaw({ kind, labels }: ApiSeries, { utf8Names }: PushTarget): string | null {
  const reserved = kind === "plain" ? null : kind === "summary" ? "quantile" : "le";
  for (const name of labels.keys()) {
    if (name === reserved) return `has a label ${name} of its own`;
    if (name === "__name__") return "has a label __name__";
    if (!isLegacyLabelName(name) && !(utf8Names && isName(name)))
      return `has a label name that the gateway does not take`;
  }
  return null;
}

/** The series without the labels that the gateway adds or overwrites: the group's, and an empty `instance`. */
function withoutAdded(series: ApiSeries, group: Labels): ApiSeries {
  const own = [...series.labels].filter(
    ([name, value]) => !group.has(name) && !(name === "instance" && value === ""),
  );
  return { ...series, labels: new Map(own) };
}

/** Whether a metric name was valid before UTF-8 names. */
export function isLegacyMetricName(name: string): boolean {
  return /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name);
}

function isName(name: string): boolean {
  return name !== "" && name.isWellFormed() && !name.includes("\uFFFD");
}

/** One metric of a group with its series, as the API returns it. Numbers stay the strings that the gateway wrote. */
export interface ApiFamily {
  readonly name: string;
  /** In the API's spelling, for example `COUNTER`. */
  readonly type: string;
  /** Empty also if there is none: the API does not distinguish them. */
  readonly help: string;
  readonly series: readonly ApiSeries[];
}

export type ApiSeries = PlainSeries | Distribution;

interface PlainSeries {
  readonly kind: "plain";
  readonly labels: ReadonlyMap<string, string>;
  readonly value: string;
}

/** One series of a summary or histogram. */
interface Distribution {
  readonly kind: "summary" | "histogram" | "native_histogram";
  readonly labels: ReadonlyMap<string, string>;
  readonly sum: string;
  readonly count: string;
  /** Quantiles, or upper bounds of buckets, ascending, each with its value. Empty for native histograms. */
  readonly parts: readonly (readonly [bound: string, value: string])[];
}

/**
 * Decodes the families of one group of the API, without the two push times; null: not the API's shape. A family is a sibling of the
 * group's own `labels` and `last_push_successful`, and replaces them if it has the same name.
 */
function decodeFamilies(group: JsonObject): ReadonlyMap<string, ApiFamily | null> {
  const families = new Map<string, ApiFamily | null>();
  for (const [name, value] of Object.entries(group)) {
    const ownOfGroup =
      name === "labels"
        ? decodeTexts(value) !== null
        : name === "last_push_successful" && typeof value === "boolean";
    if (!ownOfGroup && !pushTimeNames.has(name)) families.set(name, decodeFamily(name, value));
  }
  return families;
}

function decodeFamily(name: string, value: unknown): ApiFamily | null {
  if (!isJsonObject(value)) return null;
  const { type, help = "", metrics } = value as { type?: unknown; help?: unknown; metrics?: unknown };
  if (typeof type !== "string" || typeof help !== "string" || !Array.isArray(metrics)) return null;
  const series = metrics.map((metric) => decodeSeries(type, metric));
  return series.every((one) => one !== null) ? { name, type, help, series } : null;
}

function decodeSeries(type: string, metric: unknown): ApiSeries | null {
  if (!isJsonObject(metric)) return null;
  const pairs = decodeTexts(metric["labels"]);
  if (pairs === null) return null;
  const labels = new Map(pairs);
  if (type !== "SUMMARY" && type !== "HISTOGRAM") {
    const value = metric["value"];
    return isGoNumber(value) ? { kind: "plain", labels, value } : null;
  }
  const { sum, count } = metric as { sum?: unknown; count?: unknown };
  if (!isGoNumber(sum) || !isGoNumber(count)) return null;
  const bounds = metric[type === "SUMMARY" ? "quantiles" : "buckets"];
  if (type === "HISTOGRAM" && Array.isArray(bounds))
    return { kind: "native_histogram", labels, sum, count, parts: [] };
  const parts = decodeTexts(bounds);
  if (parts === null || !parts.every(([bound, value]) => isGoNumber(bound) && isGoNumber(value))) return null;
  const kind = type === "SUMMARY" ? "summary" : "histogram";
  return { kind, labels, sum, count, parts: parts.toSorted(([a], [b]) => goNumber(a) - goNumber(b) || 0) };
}
