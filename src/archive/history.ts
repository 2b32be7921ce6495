import { createHash } from "node:crypto";

import type { JsonObject } from "../core/json.ts";
import { labelsKey } from "../core/labels.ts";
import { countOf } from "../core/printable.ts";
import { isDeleted } from "../core/verdict.ts";
import { dayOf, findArchiveFiles } from "./archive-files.ts";
import { ArchiveError, FileAccess } from "./file-access.ts";
import { readArchive, readFiles, type OnArchiveProblem, type RecordBatch } from "./read-archive.ts";
import { lastActivityOf, type ArchivedOutcome, type GroupRecord, type MarkRecord } from "./records.ts";

/** Something that happened to a group. */
export type HistoryEntry =
  | {
      readonly kind: "deletion";
      readonly record: GroupRecord;
      /** null: none was written, as when the janitor was killed. The DELETE may have been sent or not. */
      readonly outcome: ArchivedOutcome | null;
    }
  | { readonly kind: "mark"; readonly record: MarkRecord };

/** An outcome follows its group within the same sweep; so many groups may wait for theirs. */
const windowSize = 50_000;

/**
 * Entries, the newest first, every deletion joined with its last outcome. Reads one day after the other, the last one first.
 * @param accepts asked about all entries of a day before the first of them comes: they are in memory
 * @param countOfDay at most so many of a day, the newest
 * @throws {@link ArchiveError}
 */
export async function* readHistory(
  path: string,
  accepts: (entry: HistoryEntry) => boolean,
  onProblem: OnArchiveProblem,
  countOfDay = Number.POSITIVE_INFINITY,
): AsyncGenerator<HistoryEntry> {
  const access = new FileAccess();
  let files = await findArchiveFiles(path, access);
  for (let last = files.at(-1); last !== undefined; last = files.at(-1)) {
    const day = dayOf(last.startedAt);
    const ofDay = files.filter(({ startedAt }) => dayOf(startedAt) === day);
    files = files.slice(0, -ofDay.length);
    let entries: HistoryEntry[] = [];
    for await (const entry of joinOutcomes(readFiles(ofDay, onProblem, access))) {
      if (!accepts(entry)) continue;
      entries.push(entry);
      if (entries.length > 2 * countOfDay) entries = entries.toSorted(byTime).slice(-countOfDay);
    }
    yield* entries.toSorted(byTime).slice(-countOfDay).toReversed();
  }
}

/** Files are read one after the other. */
function byTime(a: HistoryEntry, b: HistoryEntry): number {
  return a.record.at - b.record.at;
}

interface LatestDeletionsOptions {
  readonly count: number;
  /** `accepts` is asked about all deletions from this moment on, Unix seconds; left out: only as many as needed. */
  readonly since?: number;
  readonly accepts: (record: GroupRecord) => boolean;
  /** Ends it, with nothing. */
  readonly signal?: AbortSignal;
}

/**
 * The groups that were deleted last, the latest first.
 * @throws {@link ArchiveError}
 */
export async function readLatestDeletions(
  dir: string,
  { count, since = Number.POSITIVE_INFINITY, accepts, signal }: LatestDeletionsOptions,
  onProblem: OnArchiveProblem,
): Promise<readonly GroupRecord[]> {
  const latest: GroupRecord[] = [];
  const isWanted = (entry: HistoryEntry): boolean =>
    signal?.aborted !== true &&
    entry.kind === "deletion" &&
    tookEffect(entry.outcome) &&
    accepts(entry.record);
  for await (const entry of readHistory(dir, isWanted, onProblem, count)) {
    if (signal?.aborted === true) return [];
    if (entry.kind === "deletion" && latest.length < count) latest.push(entry.record);
    if (latest.length === count && entry.record.at < since) break;
  }
  return latest;
}

/** As in reports; `accepted` and no more is the last record of a janitor that was killed. */
function tookEffect(outcome: ArchivedOutcome | null): boolean {
  return outcome === "accepted" || (outcome !== null && isDeleted(outcome));
}

async function* joinOutcomes(batches: AsyncIterable<RecordBatch>): AsyncGenerator<HistoryEntry> {
  const waiting = new Map<string, HistoryEntry>();
  let marks = 0;
  for await (const { records } of batches) {
    for (const record of records) {
      if (record.kind === "outcome") {
        const entry = waiting.get(record.id);
        // An entry that is set again keeps its position in the order.
        if (entry?.kind === "deletion") waiting.set(record.id, { ...entry, outcome: record.outcome });
        continue;
      }
      if (record.kind === "group") waiting.set(record.id, { kind: "deletion", record, outcome: null });
      else waiting.set(`mark ${(marks += 1)}`, { kind: "mark", record });
      // Many at a time: finding the oldest entry of a map takes time for each one deleted before it.
      if (waiting.size <= 2 * windowSize) continue;
      for (const [id, oldest] of waiting) {
        if (waiting.size <= windowSize) break;
        waiting.delete(id);
        yield oldest;
      }
    }
  }
  yield* waiting.values();
}

/** One archived group with all its metrics. */
export interface StoredGroup {
  readonly record: GroupRecord;
  /** As the API returned it. */
  readonly raw: JsonObject;
}

/** Which groups to take from an archive. */
export interface GroupSelection {
  accepts(record: GroupRecord): boolean;
  /** Whether the same group of two gateways is one and the same, because both are restored to one. */
  readonly mergeGateways: boolean;
  /** Called before the first group. */
  readonly onCounted?: (groups: number) => void;
}

/** So many groups fit into some 300 MB. */
const maxGroups = 1_000_000;

/** A deletion of a group that is newer than all others seen of it. */
interface LatestDeletion {
  readonly id: string;
  readonly path: string;
  readonly at: number;
  readonly lastActivityAt: number;
}

/**
 * The last deletion of every group that the selection accepts. Reads the archive twice: once for the records, of which it
 * keeps the ids, once for the metrics, of which it keeps one group's.
 * @throws {@link ArchiveError}
 */
export async function* readLatestGroups(
  path: string,
  selection: GroupSelection,
  onProblem: OnArchiveProblem,
): AsyncGenerator<StoredGroup> {
  const latest = await findLatestIds(path, selection, onProblem);
  selection.onCounted?.(latest.size);
  const missing = new Set(latest);
  // The first reading has reported the problems of the records.
  let isReadingMetrics = false;
  const onMetricsProblem: OnArchiveProblem = (problem) => void (isReadingMetrics && onProblem(problem));
  for await (const { records, rawGroups } of readArchive(path, onMetricsProblem)) {
    const wanted = new Map<string, GroupRecord>();
    for (const one of records) if (one.kind === "group" && latest.has(one.id)) wanted.set(one.id, one);
    if (wanted.size === 0) continue;
    isReadingMetrics = true;
    for await (const { id, raw } of rawGroups()) {
      const record = wanted.get(id);
      if (record === undefined) continue;
      missing.delete(id);
      yield { record, raw };
    }
    isReadingMetrics = false;
  }
  if (missing.size > 0) {
    const text = `${path}: the metrics of ${countOf(missing.size, "group")} cannot be read`;
    onProblem({ text, isLoss: true });
  }
}

async function findLatestIds(
  path: string,
  selection: GroupSelection,
  onProblem: OnArchiveProblem,
): Promise<ReadonlySet<string>> {
  const latest = new Map<string, LatestDeletion>();
  for await (const { path: file, records } of readArchive(path, onProblem)) {
    for (const record of records) {
      if (record.kind !== "group" || !selection.accepts(record)) continue;
      const key = keyOf(record, selection);
      const one = { id: record.id, path: file, at: record.at, lastActivityAt: lastActivityOf(record) };
      const other = latest.get(key);
      latest.set(key, other === undefined ? one : later(other, one));
      if (latest.size > maxGroups)
        throw new ArchiveError(
          path,
          `more than ${maxGroups} groups match: narrow them down with --match, --from, --since or --until`,
        );
    }
  }
  return new Set([...latest.values()].map(({ id }) => id));
}

function keyOf({ gateway, labels }: GroupRecord, { mergeGateways }: GroupSelection): string {
  const key = `${mergeGateways ? "" : gateway}\n${labelsKey(labels)}`;
  return key.length <= 200 ? key : createHash("sha256").update(key).digest("base64");
}

/**
 * The later one of two deletions of a group. The clock of this machine may have been put back between them: within a file the
 * order of the records counts, between files the group's last activity by the gateway's clock, and only then the time of the deletion.
 */
function later(first: LatestDeletion, second: LatestDeletion): LatestDeletion {
  if (first.path === second.path) {
    // A record counts as no older than those before it.
    return { ...second, lastActivityAt: Math.max(first.lastActivityAt, second.lastActivityAt) };
  }
  if (first.lastActivityAt !== second.lastActivityAt)
    return first.lastActivityAt > second.lastActivityAt ? first : second;
  return first.at > second.at ? first : second;
}
