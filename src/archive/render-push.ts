import { type ApiFamily, type ApiSeries, isLegacyMetricName } from "../core/pushable.ts";
import { isLegacyLabelName } from "../core/labels.ts";

/**
 * Renders families in the text format, for the body of a push. They must be pushable: what text cannot carry has been
 * taken out before. Numbers go out as the gateway wrote them.
 */
export function renderPush(families: readonly ApiFamily[]): string {
  return families.map(renderFamily).join("");
}

function renderFamily({ name, type, help, series }: ApiFamily): string {
  const shown = isLegacyMetricName(name) ? name : quoteText(name);
  // An empty help cannot be written: the gateway's parser skips such a line.
  const lines = help === "" ? [] : [`# HELP ${shown} ${escapeHelp(help)}`];
  lines.push(`# TYPE ${shown} ${type.toLowerCase()}`, ...series.flatMap((one) => renderSeries(name, one)));
  return `${lines.join("\n")}\n`;
}

function renderSeries(name: string, series: ApiSeries): string[] {
  const { kind, labels } = series;
  if (kind === "plain") return [renderSample(name, labels, series.value)];
  const [partName, boundLabel] = kind === "summary" ? [name, "quantile"] : [`${name}_bucket`, "le"];
  const parts = series.parts.filter(([bound]) => bound !== "NaN");
  return [
    ...parts.map(([bound, value]) =>
      renderSample(partName, new Map([...labels, [boundLabel, bound]]), value),
    ),
    renderSample(`${name}_sum`, labels, series.sum),
    renderSample(`${name}_count`, labels, series.count),
  ];
}

function renderSample(name: string, labels: ReadonlyMap<string, string>, value: string): string {
  const pairs = [...labels].map(
    ([label, text]) => `${isLegacyLabelName(label) ? label : quoteText(label)}=${quoteText(text)}`,
  );
  // Since UTF-8 names, a name that needs quotes is written inside the braces.
  if (!isLegacyMetricName(name)) return `{${[quoteText(name), ...pairs].join(",")}} ${value}`;
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}`;
}

/** The text format has just these three escapes. */
function quoteText(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"')}"`;
}

/** In a help text a quote is a quote; old gateways refuse an escaped one. */
function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
