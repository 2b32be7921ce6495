import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** One value for each label of a family. */
export type LabelSet<L extends string> = Readonly<Record<L, string>>;

/**
 * A family with declared series only: values for other ones are dropped. So the configuration alone determines the number of series,
 * whatever a gateway answers.
 */
export interface MetricFamily<L extends string> {
  /** Adds and removes series so that exactly these exist; those that stay keep their values. */
  declare(series: readonly LabelSet<L>[]): void;
}

export interface CounterFamily<L extends string> extends MetricFamily<L> {
  add(labels: LabelSet<L>, count: number): void;
}

export interface GaugeFamily<L extends string> extends MetricFamily<L> {
  set(labels: LabelSet<L>, value: number): void;
}

export interface HistogramFamily<L extends string> extends MetricFamily<L> {
  observe(labels: LabelSet<L>, seconds: number): void;
}

export interface MetricRegistry {
  counter<L extends string>(name: string, help: string, labelNames: readonly L[]): CounterFamily<L>;
  /** @param initial of a series that begins; 0 by default */
  gauge<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    initial?: number,
  ): GaugeFamily<L>;
  /** @param buckets upper bounds in seconds */
  histogram<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    buckets: readonly number[],
  ): HistogramFamily<L>;
  /** In the text format. */
  render(): Promise<string>;
  readonly contentType: string;
}

/** An empty registry on top of prom-client, which nothing else uses. */
export function createRegistry(prefix: string): MetricRegistry {
  const registry = new Registry();
  const settings = (name: string, help: string, labelNames: readonly string[]) => ({
    name: `${prefix}${name}`,
    help,
    labelNames: [...labelNames],
    registers: [registry],
  });
  return {
    counter(name, help, labelNames) {
      const counter = new Counter<string>(settings(name, help, labelNames));
      const { declare, ifDeclared } = trackSeries(labelNames, counter, (labels) => counter.inc(labels, 0));
      return { declare, add: ifDeclared((labels, count) => counter.inc(labels, count)) };
    },
    gauge(name, help, labelNames, initial = 0) {
      const gauge = new Gauge<string>(settings(name, help, labelNames));
      const { declare, ifDeclared } = trackSeries(labelNames, gauge, (labels) => gauge.set(labels, initial));
      return { declare, set: ifDeclared((labels, value) => gauge.set(labels, value)) };
    },
    histogram(name, help, labelNames, buckets) {
      const histogram = new Histogram<string>({ ...settings(name, help, labelNames), buckets: [...buckets] });
      const { declare, ifDeclared } = trackSeries(labelNames, histogram, (labels) => histogram.zero(labels));
      return { declare, observe: ifDeclared((labels, seconds) => histogram.observe(labels, seconds)) };
    },
    // prom-client writes Nan, which Prometheus reads and people stumble over.
    render: async () => (await registry.metrics()).replaceAll(/ Nan$/gm, " NaN"),
    contentType: registry.contentType,
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
