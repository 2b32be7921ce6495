import { readFileSync } from "node:fs";

import { parse } from "yaml";

import { metricPrefix, usedMetrics } from "./promql.ts";

export const rulesFile = new URL("../../config/prometheus/pushgateway-janitor.rules.yml", import.meta.url)
  .pathname;

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

const file = parse(readFileSync(rulesFile, "utf8")) as {
  readonly groups: readonly { readonly rules: readonly (AlertRule | RecordingRule)[] }[];
};
const rules = file.groups.flatMap((group) => group.rules);

export const alertRules = rules.filter((rule) => "alert" in rule);
export const recordingRules = rules.filter((rule) => "record" in rule);

/** The names of recording rules, with the metric that they are made of. */
export const recordedMetrics: ReadonlyMap<string, string> = new Map(
  recordingRules.map(({ record, expr }) => [record, `${metricPrefix}${usedMetrics(expr)[0]}`]),
);
