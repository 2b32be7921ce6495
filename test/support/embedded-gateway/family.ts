/** Pairs, not an object: a push may repeat a name, and the consistency check has to see it. */
export type LabelPairs = readonly (readonly [name: string, value: string])[];

export type FamilyType = "counter" | "gauge" | "untyped" | "summary" | "histogram";

interface PlainSample {
  readonly type: "counter" | "gauge" | "untyped";
  readonly labels: LabelPairs;
  readonly value: number;
}

interface SummarySample {
  readonly type: "summary";
  readonly labels: LabelPairs;
  readonly count: number;
  readonly sum: number;
  readonly quantiles: readonly (readonly [quantile: number, value: number])[];
}

interface HistogramSample {
  readonly type: "histogram";
  readonly labels: LabelPairs;
  readonly count: number;
  readonly sum: number;
  readonly buckets: readonly (readonly [upperBound: number, cumulativeCount: number])[];
}

/** One series; it has a type of its own, because in a protobuf push it may differ from that of its family. */
export type Sample = PlainSample | SummarySample | HistogramSample;

/** One metric name with all its samples. */
export interface Family {
  readonly name: string;
  readonly help?: string | undefined;
  readonly type: FamilyType;
  readonly samples: readonly Sample[];
  /** Whether a sample came with a timestamp of its own, which the gateway refuses. */
  readonly timestamped?: boolean;
}

/** The labels by which the gateway stores a group; `job` is always one of them. */
export type GroupingLabels = ReadonlyMap<string, string>;

/**
 * What the gateway does to everything it accepts: grouping labels win over those of the sample, and a sample without
 * `instance` gets an empty one, so that Prometheus does not put the gateway's own there.
 */
export function withGroupingLabels(family: Family, grouping: GroupingLabels): Family {
  return {
    ...family,
    samples: family.samples.map((sample) => ({
      ...sample,
      labels: addGroupingLabels(sample.labels, grouping),
    })),
  };
}

function addGroupingLabels(labels: LabelPairs, grouping: GroupingLabels): LabelPairs {
  const missing = new Map(grouping);
  const pairs = labels.map(([name, value]) => {
    const replaced = missing.get(name) ?? value;
    missing.delete(name);
    return [name, replaced] as const;
  });
  pairs.push(...missing);
  if (!pairs.some(([name]) => name === "instance")) pairs.push(["instance", ""]);
  return pairs.toSorted(([a], [b]) => (a < b ? -1 : Number(a > b)));
}
