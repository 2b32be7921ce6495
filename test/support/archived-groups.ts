import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

import type { ArchivedGroup } from "../../src/archive/archive.ts";
import { readArchive } from "../../src/archive/read-archive.ts";
import { group, ttlRule } from "./core-values.ts";

/** A folder of the test's own, gone when the test is over. */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), "janitor-archive-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A group that a rule of this name deletes, with one gauge. */
export function archivedGroup(
  labels: Readonly<Record<string, string>>,
  { gateway = "batch", rule = "old", value = "1" } = {},
): ArchivedGroup {
  const gauge = (metricValue: string) => ({
    time_stamp: "2027-01-01T00:00:00Z",
    type: "GAUGE",
    metrics: [{ labels, value: metricValue }],
  });
  const whole = { labels, last_push_successful: true, push_time_seconds: gauge("1"), app_up: gauge(value) };
  return {
    gateway,
    decision: {
      group: group(labels, 7200),
      verdict: { reason: "ttl_expired" },
      rule: ttlRule(3600, { name: rule }),
      ageSeconds: 7200,
      ttlSeconds: 3600,
    },
    whole,
  };
}

export interface ArchiveContent {
  /** The jobs of the groups, batch by batch. */
  readonly jobs: readonly (readonly string[])[];
  /** The values of their gauges, in the same way. */
  readonly values: readonly (readonly unknown[])[];
  readonly problems: readonly string[];
}

/** Everything in an archive of {@link archivedGroup}s. */
export async function readContent(path: string): Promise<ArchiveContent> {
  const problems: string[] = [];
  const jobs: string[][] = [];
  const values: unknown[][] = [];
  for await (const { records, wholes } of readArchive(path, (problem) => problems.push(problem))) {
    jobs.push(records.flatMap((one) => (one.kind === "group" ? [one.labels.get("job") ?? ""] : [])));
    const ofBatch: unknown[] = [];
    for await (const { group: whole } of wholes()) {
      ofBatch.push((whole["app_up"] as { metrics: { value: unknown }[] } | undefined)?.metrics[0]?.value);
    }
    values.push(ofBatch);
  }
  return { jobs, values, problems };
}
