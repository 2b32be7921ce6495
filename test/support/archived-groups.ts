import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

import type { GroupToArchive } from "../../src/core/decide.ts";
import { readArchive } from "../../src/archive/read-archive.ts";
import { group, ttlRule } from "./core-values.ts";

/** A folder of the test's own, gone when the test is over. */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), "janitor-archive-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The files of an archive, in the order of their names. */
export function archiveFiles(dir: string): readonly string[] {
  return readdirSync(dir)
    .filter((name) => name.endsWith(".ndjson.gz"))
    .toSorted()
    .map((name) => join(dir, name));
}

/** The only file of an archive, or the only one but that of this name. */
export function archiveFile(dir: string, except = ""): string {
  const files = archiveFiles(dir).filter((path) => path !== join(dir, except));
  if (files.length !== 1) throw new Error(`${files.length} files instead of one in ${dir}`);
  return files[0]!;
}

/** A group that a rule of this name deletes, with one gauge. */
export function archivedGroup(
  labels: Readonly<Record<string, string>>,
  { gateway = "batch", url = "http://batch:9091", rule = "old", value = "1" } = {},
): GroupToArchive {
  const gauge = (metricValue: string) => ({
    time_stamp: "2027-01-01T00:00:00Z",
    type: "GAUGE",
    metrics: [{ labels, value: metricValue }],
  });
  const raw = { labels, last_push_successful: true, push_time_seconds: gauge("1"), app_up: gauge(value) };
  return {
    gateway,
    url,
    decision: {
      group: group(labels, 7200),
      verdict: { verdict: "delete", reason: "ttl_expired" },
      rule: ttlRule(3600, { name: rule }),
      ageSeconds: 7200,
      ttlSeconds: 3600,
    },
    raw,
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
  for await (const { records, rawGroups } of readArchive(path, ({ text }) => void problems.push(text))) {
    jobs.push([...records].flatMap((one) => (one.kind === "group" ? [one.labels.get("job") ?? ""] : [])));
    const ofBatch: unknown[] = [];
    for await (const { raw } of rawGroups()) {
      ofBatch.push((raw["app_up"] as { metrics: { value: unknown }[] } | undefined)?.metrics[0]?.value);
    }
    values.push(ofBatch);
  }
  return { jobs, values, problems };
}
