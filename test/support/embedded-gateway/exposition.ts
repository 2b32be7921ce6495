import type { Family, LabelPairs, Sample } from "./family.ts";
import { formatFloat } from "./go-format.ts";
import { exposeName, type Escaping } from "./names.ts";

/**
 * GET /metrics: the families of all groups together, in order of name, and their series in order of labels. The first
 * help text of a family stands for all of them.
 */
export function renderExposition(families: Iterable<Family>, escaping: Escaping): string {
  const merged = new Map<string, Family>();
  for (const family of families) {
    const first = merged.get(family.name);
    const samples = [...(first?.samples ?? []), ...family.samples];
    merged.set(family.name, { ...(first ?? family), samples });
  }
  return [...merged.values()]
    .filter((family) => family.samples.length > 0)
    .toSorted((a, b) => compare(a.name, b.name))
    .map((family) => renderFamily(family, escaping))
    .join("");
}

/** The escaping that the Accept header asks for, and the default of the gateway. */
export function escapingOf(accept: string | undefined): Escaping {
  const asked = /;\s*escaping=([\w-]+)/.exec(accept ?? "")?.[1];
  return asked === "allow-utf-8" || asked === "values" ? asked : "underscores";
}

function renderFamily(family: Family, escaping: Escaping): string {
  const { text, quote } = exposeName(family.name, escaping);
  const name = quote ? quoted(text) : text;
  const help = family.help === undefined ? "" : `# HELP ${name} ${escapeLine(family.help)}\n`;
  const samples = family.samples.toSorted((a, b) => compare(valuesOf(a), valuesOf(b)));
  return `${help}# TYPE ${name} ${family.type}\n${samples.flatMap((sample) => lines(family.name, sample, escaping)).join("")}`;
}

function lines(name: string, sample: Sample, escaping: Escaping): readonly string[] {
  const line = (suffix: string, value: number, extra: LabelPairs = []) =>
    `${series(name + suffix, [...sample.labels, ...extra], escaping)} ${formatFloat(value === 0 ? 0 : value)}\n`;
  switch (sample.type) {
    case "summary": {
      const quantiles = sample.quantiles.map(([quantile, value]) =>
        line("", value, [["quantile", formatFloat(quantile)]]),
      );
      return [...quantiles, line("_sum", sample.sum), line("_count", sample.count)];
    }
    case "histogram": {
      const infinite = sample.buckets.some(([bound]) => bound === Infinity);
      const buckets = infinite ? sample.buckets : [...sample.buckets, [Infinity, sample.count] as const];
      const rendered = buckets.map(([bound, count]) => line("_bucket", count, [["le", formatFloat(bound)]]));
      return [...rendered, line("_sum", sample.sum), line("_count", sample.count)];
    }
    default:
      return [line("", sample.value)];
  }
}

/** A name that is not classic moves into the braces: `{"my.name",label="value"}`. */
function series(name: string, labels: LabelPairs, escaping: Escaping): string {
  const metric = exposeName(name, escaping);
  const pairs = labels.map(([label, value]) => {
    const exposed = exposeName(label, escaping);
    return `${exposed.quote ? quoted(exposed.text) : exposed.text}=${quoted(value)}`;
  });
  return metric.quote
    ? `{${[quoted(metric.text), ...pairs].join(",")}}`
    : `${metric.text}{${pairs.join(",")}}`;
}

function valuesOf(sample: Sample): string {
  return sample.labels.map(([, value]) => value).join("\0");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function escapeLine(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function quoted(text: string): string {
  return `"${escapeLine(text).replaceAll('"', '\\"')}"`;
}
