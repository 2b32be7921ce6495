import type { Family, FamilyType, Sample } from "./family.ts";

/**
 * What would keep Prometheus from scraping all of this at once. The gateway runs this check over *everything* on each
 * push: one group that does not fit makes all pushes of all groups fail. (client_golang, `Gatherers.Gather`.)
 */
export function findInconsistencies(families: Iterable<Family>): readonly string[] {
  const problems: string[] = [];
  const types = new Map<string, FamilyType>();
  const seen = new Set<string>();
  for (const family of families) {
    const { name } = family;
    if (!types.has(name)) {
      const collision = findCollision(family, types);
      if (collision !== undefined) {
        problems.push(collision);
        continue;
      }
      types.set(name, family.type);
    }
    for (const sample of family.samples) {
      const problem = checkSample(types.get(name) ?? family.type, sample) ?? checkUnique(name, sample, seen);
      if (problem !== undefined)
        problems.push(`collected metric ${JSON.stringify(name)} ${show(sample)} ${problem}`);
    }
  }
  return problems;
}

/** One problem stands alone, several are counted and listed, as Go's multi-error does it. */
export function joinProblems(problems: readonly string[]): string {
  if (problems.length === 1) return problems[0] ?? "";
  return [`${problems.length} error(s) occurred:`, ...problems.map((problem) => `* ${problem}`)].join("\n");
}

/** Summaries and histograms also own the names with `_count`, `_sum` and `_bucket` behind theirs. */
function findCollision({ name, type }: Family, types: ReadonlyMap<string, FamilyType>): string | undefined {
  const [, base = "", suffix] = /^(.+)_(count|sum|bucket)$/s.exec(name) ?? [];
  const owner = types.get(base);
  if (owner === "histogram" || (owner === "summary" && suffix !== "bucket")) {
    return `collected metric named "${name}" collides with previously collected ${owner} named "${base}"`;
  }
  const suffixes =
    type === "histogram" ? ["_count", "_sum", "_bucket"] : type === "summary" ? ["_count", "_sum"] : [];
  const taken = suffixes.find((own) => types.has(name + own));
  if (taken === undefined) return undefined;
  return `collected histogram or summary named "${name}" collides with previously collected metric named "${name}${taken}"`;
}

function checkSample(type: FamilyType, sample: Sample): string | undefined {
  if (sample.type !== type) return `is not a ${type.toUpperCase()}`;
  let previous = "";
  for (const [name, value] of sample.labels) {
    if (name === previous) return `has two or more labels with the same name: ${name}`;
    if (name === "" || name.startsWith("__")) return `has a label with an invalid name: ${name}`;
    if (type === "summary" && name === "quantile") return 'must not have an explicit "quantile" label';
    if (!value.isWellFormed())
      return `has a label named "${name}" whose value is not utf8: ${JSON.stringify(value)}`;
    previous = name;
  }
  return undefined;
}

function checkUnique(name: string, { labels }: Sample, seen: Set<string>): string | undefined {
  const series = JSON.stringify([name, labels]);
  if (seen.has(series)) return "was collected before with the same name and label values";
  seen.add(series);
  return undefined;
}

function show({ labels }: Sample): string {
  const pairs = labels.map(
    ([name, value]) => `label:{name:${JSON.stringify(name)} value:${JSON.stringify(value)}}`,
  );
  return `{ ${pairs.join(" ")}}`;
}
