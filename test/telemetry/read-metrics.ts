import { defaultLimits } from "../../src/core/limits.ts";
import type { MetricScope } from "../../src/telemetry/metrics.ts";
import { ttlRule } from "../support/core-values.ts";

const prefix = "pushgateway_janitor_";

/** The samples of an exposition, by name and labels as written, without the prefix of all names. */
export function readMetrics(exposition: string): ReadonlyMap<string, string> {
  const samples = exposition.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    samples.map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at).replace(prefix, ""), line.slice(at + 1)];
    }),
  );
}

/** The samples that are there now and were not, or are other than they were. */
export function changedMetrics(before: string, after: string): Readonly<Record<string, string>> {
  const old = readMetrics(before);
  return Object.fromEntries([...readMetrics(after)].filter(([series, value]) => old.get(series) !== value));
}

/** The metrics of a janitor with an archive and nothing else that is optional; rules by their names have a TTL of an hour. */
export function metricScope({
  gateways = ["g"],
  rules = [],
  ...rest
}: Omit<Partial<MetricScope>, "rules"> & {
  readonly rules?: readonly (string | MetricScope["rules"][number])[];
}): MetricScope {
  return {
    gateways,
    rules: rules.map((rule) => (typeof rule === "string" ? ttlRule(3600, { name: rule }) : rule)),
    dryRun: false,
    archive: {},
    limits: defaultLimits,
    notifications: [],
    mechanisms: [],
    shard: { index: 0, count: 1 },
    ...rest,
  };
}
