import type { SeedFamily, SeedHistogram, SeedSummary, SeedValue } from "./embedded-gateway/seed.ts";
import { bytesField, doubleField, uintField } from "./protobuf.ts";

type Labels = Readonly<Record<string, string>>;

/** Number of the type in `enum MetricType`, and of the field in `message Metric`. */
const TYPES = {
  counter: { number: 0, field: 3 },
  gauge: { number: 1, field: 2 },
  summary: { number: 2, field: 4 },
  untyped: { number: 3, field: 5 },
  histogram: { number: 4, field: 7 },
} as const;

/**
 * Encodes a `MetricFamily`. The gateway adds the grouping labels, and `instance=""` where there is none, when it
 * accepts a push; a state file has to hold them already, so they are added here in the same way.
 */
export function encodeFamily(family: SeedFamily, groupingLabels: Labels = {}): Buffer {
  const type = TYPES[family.type ?? "untyped"];
  const samples = family.samples.map((sample) => {
    const labels = { instance: "", ...sample.labels, ...groupingLabels };
    return bytesField(4, Buffer.concat([encodeLabels(labels), bytesField(type.field, encodeSample(sample))]));
  });
  const help = family.help === undefined ? [] : [bytesField(2, family.help)];
  return Buffer.concat([bytesField(1, family.name), ...help, uintField(3, type.number), ...samples]);
}

function encodeLabels(labels: Labels): Buffer {
  const names = Object.keys(labels).toSorted(compareBytes);
  return Buffer.concat(
    names.map((name) => bytesField(1, Buffer.concat([bytesField(1, name), bytesField(2, labels[name]!)]))),
  );
}

function encodeSample(sample: SeedValue | SeedSummary | SeedHistogram): Buffer {
  if ("value" in sample) return doubleField(1, sample.value);
  const parts = [uintField(1, sample.count), doubleField(2, sample.sum)];
  if ("quantiles" in sample) {
    for (const [quantile, value] of sample.quantiles ?? []) {
      parts.push(bytesField(3, Buffer.concat([doubleField(1, quantile), doubleField(2, value)])));
    }
  }
  if ("buckets" in sample) {
    for (const [upperBound, count] of sample.buckets ?? []) {
      parts.push(bytesField(3, Buffer.concat([uintField(1, count), doubleField(2, upperBound)])));
    }
  }
  return Buffer.concat(parts);
}

/** Go sorts strings by their UTF-8 bytes, JavaScript by UTF-16 units; they differ beyond U+FFFF. */
export function compareBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
