import { rmSync, writeFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { stringify } from "yaml";

import { createMetrics } from "../../src/telemetry/metrics.ts";
import { metricScope } from "../telemetry/read-metrics.ts";
import { ttlRule } from "./core-values.ts";
import { alertRules, recordingRules, rulesFile } from "./alert-rules.ts";
import { metricPrefix, usedMetrics } from "./promql.ts";
import { runPromtool } from "./promtool.ts";

/** What a series is at each scrape; NaN is a value, null is no sample. */
export type Course = (minute: number) => number | null;

export interface Janitor {
  readonly job?: string;
  readonly instance?: string;
  readonly gateways?: readonly string[];
  /** The minutes of its first and last sample, if it is not there all the time. */
  readonly from?: number;
  readonly until?: number;
  /** What differs from a janitor that was just started, by name and labels without the prefix of all names. */
  readonly series: Readonly<Record<string, Course>>;
}

export interface AlertTest {
  readonly janitors: readonly Janitor[];
  /** Series that are not the janitor's, written whole. */
  readonly others?: Readonly<Record<string, Course>>;
  readonly minutes: number;
  /** How far samples are apart, 1 by default; the rules are evaluated as often. */
  readonly stepMinutes?: number;
  /** The alerts that fire at these minutes, and no others: their names, with the labels that matter. */
  readonly firing: ReadonlyMap<number, readonly string[]>;
  /** What the alerts say then. */
  readonly saying?: readonly SpokenAlert[];
}

export interface SpokenAlert {
  readonly alert: string;
  readonly minute: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly description: string;
}

const scope = ["gateway", "rule", "reason"];
/** The others would only take time. */
const watched = new Set(
  [...alertRules, ...recordingRules].flatMap((rule) => usedMetrics(JSON.stringify(rule))),
);

/** Lets promtool evaluate the rules over time; what it says against it, empty if all is as expected. */
export async function runAlertTest(test: AlertTest): Promise<string> {
  const stepMinutes = test.stepMinutes ?? 1;
  const input = new Map(Object.entries(test.others ?? {}));
  for (const janitor of test.janitors) {
    for (const [series, course] of await coursesOf(janitor)) {
      // A janitor that takes the place of another one goes on with its series.
      const before = input.get(series);
      input.set(series, (minute) => course(minute) ?? before?.(minute) ?? null);
    }
  }
  const values = (course: Course): string => {
    const samples = [];
    for (let minute = 0; minute <= test.minutes; minute += stepMinutes) samples.push(course(minute) ?? "_");
    return samples.join(" ");
  };
  return runPromtoolTest({
    interval: `${stepMinutes}m`,
    input_series: [...input].map(([series, course]) => ({ series, values: values(course) })),
    promql_expr_test: [...test.firing].map(([minute, alerts]) => ({
      expr: `count by (alertname, ${scope.join(", ")}) (ALERTS{alertstate="firing"})`,
      eval_time: `${minute}m`,
      exp_samples: alerts.map((alert) => ({ labels: alertLabels(alert), value: 1 })),
    })),
    alert_rule_test: (test.saying ?? []).map(expectSpoken),
  });
}

function expectSpoken({ alert, minute, labels, summary, description }: SpokenAlert) {
  const rule = alertRules.find((one) => one.alert === alert);
  return {
    alertname: alert,
    eval_time: `${minute}m`,
    exp_alerts: [
      {
        exp_labels: { ...rule?.labels, ...labels },
        exp_annotations: { runbook: rule?.annotations["runbook"], summary, description },
      },
    ],
  };
}

/** One test group of promtool's; what it says against it. */
function runPromtoolTest(group: { readonly interval: string } & Readonly<Record<string, unknown>>): string {
  const folder = mkdtempSync(join(tmpdir(), "alerts-"));
  try {
    const file = join(folder, "rules.test.yml");
    const content = { rule_files: [rulesFile], evaluation_interval: group.interval, tests: [group] };
    writeFileSync(file, stringify(content, { lineWidth: 0 }));
    const { exitCode, output } = runPromtool(["test", "rules", file]);
    return exitCode === 0 ? "" : output.replaceAll(/^\s*\n/gm, "");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Every series of this janitor, those that nothing is said about as they are from its start on. */
async function coursesOf({
  job = "pushgateway-janitor",
  instance = "janitor:9717",
  gateways = ["a", "b"],
  from = 0,
  until = Infinity,
  series,
}: Janitor): Promise<readonly [string, Course][]> {
  const metrics = createMetrics({ version: "1", revision: "r", nodeVersion: "v" });
  const vanished = { query: "up", groupLabel: "instance", seriesLabel: "instance", ttlSeconds: 3600 };
  const rules = ["ci", ttlRule(86_400, { name: "rest", vanished })];
  metrics.configure(metricScope({ gateways, rules, notifications: [{ name: "notifications[0]" }] }));
  metrics.configLoaded(0);
  const samples = (await metrics.render()).split("\n").filter((line) => line.startsWith(metricPrefix));
  const initial = new Map(
    samples.map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(metricPrefix.length, at), Number(line.slice(at + 1))];
    }),
  );
  for (const key of Object.keys(series)) {
    if (!initial.has(key)) throw new Error(`the janitor has no series ${key}`);
  }
  const wanted = [...initial].filter(([key]) => watched.has(key.split("{")[0] ?? ""));
  return wanted.map(([key, value]) => {
    const course = series[key] ?? (() => value);
    return [
      `${metricPrefix}${addLabels(key, { job, instance })}`,
      (minute) => (minute < from || minute > until ? null : course(minute)),
    ];
  });
}

function addLabels(series: string, labels: Readonly<Record<string, string>>): string {
  const [name = "", rest] = series.split("{");
  const added = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return `${name}{${[...added, ...(rest === undefined ? [] : [rest.slice(0, -1)])].join(",")}}`;
}

function alertLabels(alert: string): string {
  const [name = "", labels = ""] = alert.split(/[{}]/);
  return `{${[`alertname="${name}"`, ...(labels === "" ? [] : [labels])].join(",")}}`;
}
