import { declaredFamilies } from "./families.ts";

export const metricPrefix = "pushgateway_janitor_";

/** Labels that Prometheus and Kubernetes give to everything that is scraped. */
const targetLabels = ["cluster", "job", "instance", "pod"];

const selector = /([a-zA-Z_][\w:]*)\s*(?:\{((?:[^{}"]|"(?:[^"\\]|\\.)*")*)\})?/g;
const grouping = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g;

/**
 * What is wrong with the names in a PromQL expression: metrics that the janitor does not have, and labels that they do not have.
 * Its grammar is promtool's business.
 * @param recorded names of recording rules, with the metric that they are made of
 */
export function findUnknownNames(
  expression: string,
  recorded: ReadonlyMap<string, string> = new Map(),
): readonly string[] {
  const families = declaredFamilies();
  const problems: string[] = [];
  const used = new Set<string>(targetLabels);
  for (const [, name = "", matchers = ""] of expression.matchAll(selector)) {
    const metric = recorded.get(name) ?? name;
    if (!metric.startsWith(metricPrefix)) continue;
    const labels = labelsOf(metric.slice(metricPrefix.length), families);
    if (labels === null) {
      problems.push(`no metric ${name}`);
      continue;
    }
    for (const label of labels) used.add(label);
    for (const label of matchedLabels(matchers)) {
      if (!labels.includes(label) && !targetLabels.includes(label))
        problems.push(`${name} has no label ${label}`);
    }
  }
  for (const [, list = ""] of withoutStrings(expression).matchAll(grouping)) {
    for (const label of list.split(",").map((one) => one.trim())) {
      if (label !== "" && !used.has(label)) problems.push(`nothing has a label ${label}`);
    }
  }
  return problems;
}

/** The metrics of the janitor in an expression, without prefix, and without what a histogram puts behind its name. */
export function usedMetrics(expression: string): readonly string[] {
  const families = declaredFamilies();
  return [...expression.matchAll(/\bpushgateway_janitor_(\w+)/g)].map(([, name = ""]) =>
    families.has(name) ? name : name.replace(/_(bucket|sum|count)$/, ""),
  );
}

function labelsOf(name: string, families: ReturnType<typeof declaredFamilies>): readonly string[] | null {
  const family = families.get(name);
  if (family !== undefined) return family.type === "histogram" ? null : family.labels;
  const histogram = families.get(name.replace(/_(bucket|sum|count)$/, ""));
  if (histogram?.type !== "histogram") return null;
  return name.endsWith("_bucket") ? [...histogram.labels, "le"] : histogram.labels;
}

function matchedLabels(matchers: string): readonly string[] {
  return [...withoutStrings(matchers).matchAll(/([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)/g)].map(
    ([, label = ""]) => label,
  );
}

function withoutStrings(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
}
