import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

/** One value for each label of a family. */
type LabelSet<L extends string> = Readonly<Record<L, string>>;

export type MetricRegistry = ReturnType<typeof createRegistry>;

/**
 * An empty registry on top of prom-client, which nothing else uses. Families have declared series only: values for other ones are
 * dropped. So the configuration alone determines the number of series, whatever a gateway answers.
 */
export function createRegistry(prefix: string) {
  const registry = new Registry();
  const settings = (name: string, help: string, labelNames: readonly string[]) => ({
    name: `${prefix}${name}`,
    help,
    labelNames: [...labelNames],
    registers: [registry],
  });
  const remove = (
    isUnwanted: (family: { readonly name: string; readonly type: unknown }) => boolean,
  ): void => {
    for (const family of registry.getMetricsAsArray())
      if (isUnwanted(family)) registry.removeSingleMetric(family.name);
  };
  return {
    counter<L extends string>(name: string, help: string, labelNames: readonly L[]) {
      const counter = new Counter<string>(settings(name, help, labelNames));
      const { declare, ifDeclared } = trackSeries(labelNames, counter, (labels) => counter.inc(labels, 0));
      return { declare, add: ifDeclared((labels, count) => counter.inc(labels, count)) };
    },
    /** @param initial of a new series */
    gauge<L extends string>(name: string, help: string, labelNames: readonly L[], initial = 0) {
      const gauge = new Gauge<string>(settings(name, help, labelNames));
      const { declare, ifDeclared } = trackSeries(labelNames, gauge, (labels) => gauge.set(labels, initial));
      return { declare, set: ifDeclared((labels, value) => gauge.set(labels, value)) };
    },
    /** @param buckets upper bounds in seconds */
    histogram<L extends string>(
      name: string,
      help: string,
      labelNames: readonly L[],
      buckets: readonly number[],
    ) {
      const histogram = new Histogram<string>({ ...settings(name, help, labelNames), buckets: [...buckets] });
      const { declare, ifDeclared } = trackSeries(labelNames, histogram, (labels) => histogram.zero(labels));
      return { declare, observe: ifDeclared((labels, seconds) => histogram.observe(labels, seconds)) };
    },
    /** Adds `process_*` and `nodejs_*` under the names that prom-client gives them everywhere. */
    collectProcess(): void {
      // At its default of 10 ms, the monitor of the event loop wakes an idle process 100 times a second.
      collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 60_000 });
      // What that monitor would measure, what is always 0 or misnamed, and the internals of V8.
      remove(({ name }) =>
        /^nodejs_(eventloop_lag_(?!seconds)|active_(handles|requests|resources_total)|heap_space_)/.test(
          name,
        ),
      );
    },
    /** @param names without prefix */
    removeFamilies(names: readonly string[]): void {
      for (const name of names) registry.removeSingleMetric(`${prefix}${name}`);
    },
    removeAllButGauges: (): void => remove(({ type }) => type !== "gauge"),
    /** The text format. prom-client writes Nan, which Prometheus reads and people stumble over. */
    render: async (): Promise<string> => (await registry.metrics()).replaceAll(/ Nan$/gm, " NaN"),
    contentType: registry.contentType as string,
  };
}

type Act = (labels: Record<string, string>, value: number) => void;

/** Tracks the series of one family. A family without labels has its single series from the start. */
function trackSeries<L extends string>(
  labelNames: readonly L[],
  family: { remove(labels: Record<string, string>): void },
  begin: (labels: Record<string, string>) => void,
) {
  const declared = new Map<string, LabelSet<L>>();
  const keyOf = (labels: LabelSet<L>): string => JSON.stringify(labelNames.map((name) => labels[name]));

  /** Adds and removes series so that exactly these exist; those that stay keep their values. */
  const declare = (series: readonly LabelSet<L>[]): void => {
    const wanted = new Map(series.map((labels) => [keyOf(labels), labels]));
    for (const [key, labels] of declared) {
      if (wanted.has(key)) continue;
      family.remove({ ...labels });
      declared.delete(key);
    }
    for (const [key, labels] of wanted) {
      if (declared.has(key)) continue;
      begin({ ...labels });
      declared.set(key, labels);
    }
  };
  if (labelNames.length === 0) declare([{} as LabelSet<L>]);

  return {
    declare,
    ifDeclared:
      (act: Act) =>
      (labels: LabelSet<L>, value: number): void => {
        if (declared.has(keyOf(labels))) act(labels, value);
      },
  };
}
