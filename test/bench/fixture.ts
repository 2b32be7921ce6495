import type { SeedGroup } from "../support/state-file.ts";
import { formatCount } from "./format.ts";

/** What a gateway is filled with. */
export interface Fixture {
  readonly groups: number;
  readonly series: number;
  /** How many of the groups were last pushed 40 days ago or earlier; the others a minute ago. */
  readonly expired: number;
}

/** Of the groups of a fixture: between the living ones and the expired ones. */
export const ttl = "30d";

export const fixtures = {
  thousand: { groups: 1000, series: 5, expired: 0 },
  tenThousand: { groups: 10_000, series: 5, expired: 0 },
  hundredThousand: { groups: 100_000, series: 5, expired: 0 },
  /** Few groups with much in each. */
  heavy: { groups: 1000, series: 500, expired: 0 },
} as const satisfies Record<string, Fixture>;

/** Those that every figure about reading goes through. */
export function readingFixtures(large: boolean): readonly Fixture[] {
  const { thousand, tenThousand, heavy, hundredThousand } = fixtures;
  return [thousand, tenThousand, heavy, ...(large ? [hundredThousand] : [])];
}

/** `10,000 groups of 5 series`. */
export function describeFixture({ groups, series }: Fixture): string {
  return `${formatCount(groups)} groups of ${series} series`;
}

const day = 86_400;
const families = 5;

/** The labels of one group; every expired one comes before every living one. */
export function groupLabels(index: number): { readonly job: string; readonly instance: string } {
  return { job: `batch_${index % 50}`, instance: `host-${index}` };
}

/** @param now Unix seconds */
export function describeGroups({ groups, series, expired }: Fixture, now: number): readonly SeedGroup[] {
  const perFamily = series / families;
  return Array.from({ length: groups }, (_, index) => ({
    labels: groupLabels(index),
    pushTime: index < expired ? now - 40 * day - index : now - 60,
    metrics: Array.from({ length: families }, (__, family) => ({
      name: `app_metric_${family}_total`,
      type: "counter" as const,
      help: "An application's counter.",
      samples: Array.from({ length: perFamily }, (___, sample) => ({
        labels: perFamily === 1 ? {} : { shard: `shard-${sample}` },
        value: index + sample,
      })),
    })),
  }));
}
