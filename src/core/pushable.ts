import { decodeFamilies, goNumber, type Family, type Series } from "./family.ts";
import type { JsonObject } from "./json.ts";
import { isLegacyLabelName, quote, type Labels } from "./labels.ts";

export interface PushTarget {
  /** The group's: the gateway adds them to every series itself. */
  readonly labels: Labels;
  /** Whether the gateway takes names outside `[a-zA-Z_:][a-zA-Z0-9_:]*` (`--push.enable-utf8-names`). */
  readonly utf8Names: boolean;
}

/** What a push in the text format can bring back of a group, and what it cannot. */
export interface Pushable {
  readonly families: readonly Family[];
  /** One sentence each, for people; empty if the exposition would be the same. */
  readonly losses: readonly string[];
}

/**
 * Sorts out what a push in the text format can carry, so that the rest does not make the gateway refuse the whole group.
 * Exemplars and creation times are not in the API to begin with; no loss tells of them.
 * @param group as the API told it
 */
export function sortOutPushable(group: JsonObject, target: PushTarget): Pushable {
  const losses = new Set<string>();
  const decoded = decodeFamilies(group);
  const families: Family[] = [];
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

/** What restoring this group would lose. Worth knowing before it is deleted. */
export function findLosses(group: JsonObject, target: PushTarget): readonly string[] {
  return sortOutPushable(group, target).losses;
}

const carriedTypes: ReadonlySet<string> = new Set(["COUNTER", "GAUGE", "UNTYPED", "SUMMARY", "HISTOGRAM"]);

/** Why the family as a whole cannot be carried. */
function findObstacle(
  { name, type, series }: Family,
  all: ReadonlyMap<string, Family | null>,
  target: PushTarget,
) {
  if (!carriedTypes.has(type)) return `is a ${type.toLowerCase()}, of which the API does not tell the values`;
  if (series.length === 0) return "has no series";
  if (!isLegacyMetricName(name) && !(target.utf8Names && isName(name)))
    return "has a name that the gateway does not take";
  // In the text format these names belong to the summary or histogram. Only a gateway that checks nothing holds both.
  const [, base, suffix] = /^(.+)_(count|sum|bucket)$/s.exec(name) ?? [];
  const baseType = base === undefined ? undefined : all.get(base)?.type;
  const collides = baseType === "HISTOGRAM" || (baseType === "SUMMARY" && suffix !== "bucket");
  return collides ? `has the name of a part of ${base}` : null;
}

/** What will not come back as it was, although it is pushed. */
function* findDoubts({ help, series }: Family): Generator<string> {
  if (/^[ \t]/.test(help)) yield "has a help text that loses the white space at its start";
  if (help.includes("\uFFFD"))
    yield "has a help text with U+FFFD, perhaps in place of bytes that are not UTF-8";
  for (const one of series) {
    if ([...one.labels.values()].some((value) => value.includes("\uFFFD"))) {
      yield "has label values with U+FFFD, perhaps in place of bytes that are not UTF-8";
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

/** Why one series cannot be carried, the group's labels already taken off. */
function findFlaw({ kind, labels }: Series, { utf8Names }: PushTarget): string | null {
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
function withoutAdded(series: Series, group: Labels): Series {
  const own = [...series.labels].filter(
    ([name, value]) => !group.has(name) && !(name === "instance" && value === ""),
  );
  return { ...series, labels: new Map(own) };
}

/** A metric name as Prometheus knew them before UTF-8 names. */
export function isLegacyMetricName(name: string): boolean {
  return /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name);
}

function isName(name: string): boolean {
  return name !== "" && name.isWellFormed() && !name.includes("\uFFFD");
}
