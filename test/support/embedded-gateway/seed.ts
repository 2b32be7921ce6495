import type { Family, GroupingLabels, Sample } from "./family.ts";
import { createGroup, failureTimeGauge, pushTimeGauge, storeFamily, type StoredGroup } from "./group.ts";

type Labels = Readonly<Record<string, string>>;

export interface SeedValue {
  readonly labels?: Labels;
  readonly value: number;
}

export interface SeedSummary {
  readonly labels?: Labels;
  readonly count: number;
  readonly sum: number;
  readonly quantiles?: readonly (readonly [quantile: number, value: number])[];
}

export interface SeedHistogram {
  readonly labels?: Labels;
  readonly count: number;
  readonly sum: number;
  readonly buckets?: readonly (readonly [upperBound: number, cumulativeCount: number])[];
}

/** One metric name with its samples. */
export type SeedFamily = { readonly name: string; readonly help?: string } & (
  | { readonly type?: "counter" | "gauge" | "untyped"; readonly samples: readonly SeedValue[] }
  | { readonly type: "summary"; readonly samples: readonly SeedSummary[] }
  | { readonly type: "histogram"; readonly samples: readonly SeedHistogram[] }
);

/** A group that a gateway is to have when it starts. All times are unix seconds and may be odd on purpose. */
export interface SeedGroup {
  readonly labels: Labels;
  /** Last successful push; 0: never. */
  readonly pushTime: number;
  /** Last failed push; 0 (the default): never. */
  readonly failTime?: number;
  /** `time_stamp` of all families; by default each has that of the push, successful or failed, that set it. */
  readonly timestamp?: number;
  readonly metrics?: readonly SeedFamily[];
}

/** A group as if it had been pushed at its times. */
export function seedGroup({
  labels,
  pushTime,
  failTime = 0,
  timestamp,
  metrics = [],
}: SeedGroup): StoredGroup {
  const grouping: GroupingLabels = new Map(Object.entries(labels));
  const pushed = [...metrics.map(seedFamily), pushTimeGauge(pushTime)];
  return createGroup(grouping, [
    ...pushed.map((family) => storeFamily(family, grouping, timestamp ?? (pushTime || failTime))),
    storeFamily(failureTimeGauge(failTime), grouping, timestamp ?? (failTime || pushTime)),
  ]);
}

function seedFamily({ name, help, type = "untyped", samples }: SeedFamily): Family {
  return { name, help, type, samples: samples.map((sample) => seedSample(type, sample)) };
}

function seedSample(type: Family["type"], sample: SeedValue | SeedSummary | SeedHistogram): Sample {
  const labels = Object.entries(sample.labels ?? {});
  const {
    value = 0,
    count = 0,
    sum = 0,
    quantiles = [],
    buckets = [],
  } = sample as Partial<SeedValue & SeedSummary & SeedHistogram>;
  switch (type) {
    case "summary":
      return { type, labels, count, sum, quantiles };
    case "histogram":
      return { type, labels, count, sum, buckets };
    default:
      return { type, labels, value };
  }
}
