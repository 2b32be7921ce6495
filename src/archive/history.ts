import { dayOf, listArchiveFiles } from "./archive-files.ts";
import { FileAccess } from "./file-access.ts";
import { readArchive, readFiles, type RecordBatch, type Tell } from "./read-archive.ts";
import { wasDeleted, type ArchivedOutcome, type GroupRecord, type MarkRecord } from "./records.ts";

/** Something that happened to a group. */
export type HistoryEntry =
  | {
      readonly kind: "deletion";
      readonly record: GroupRecord;
      /** null: none was written, as when the janitor was killed. The DELETE may have left or not. */
      readonly outcome: ArchivedOutcome | null;
    }
  | { readonly kind: "mark"; readonly record: MarkRecord };

/** An outcome follows its group within the same sweep; so many groups are waited for at once. */
const windowSize = 50_000;

/**
 * What happened, oldest first, every deletion joined with its last outcome.
 * @throws {@link ArchiveError}
 */
export function readHistory(path: string, tell: Tell): AsyncGenerator<HistoryEntry> {
  return joinOutcomes(readArchive(path, tell));
}

/**
 * The groups that were deleted last, the latest first. Days are read from the last one on, until there are enough.
 * @throws {@link ArchiveError}
 */
export async function readLatestDeletions(
  dir: string,
  { count, accepts, signal }: LatestDeletionsOptions,
  tell: Tell,
  access = new FileAccess(),
): Promise<readonly GroupRecord[]> {
  const latest: GroupRecord[] = [];
  let files = await listArchiveFiles(dir, access);
  for (let last = files.at(-1); last !== undefined && latest.length < count; last = files.at(-1)) {
    const day = dayOf(last.startedAt);
    const ofDay = files.filter(({ startedAt }) => dayOf(startedAt) === day);
    files = files.slice(0, -ofDay.length);
    const deleted: GroupRecord[] = [];
    const fromStart = ofDay.map(({ path, startedAt }) => ({ path, startedAt, offset: 0 }));
    for await (const entry of joinOutcomes(readFiles(fromStart, tell, access))) {
      if (signal?.aborted === true) return [];
      if (entry.kind !== "deletion" || !wasDeleted(entry.outcome) || !accepts(entry.record)) continue;
      deleted.push(entry.record);
      if (deleted.length > count) deleted.shift();
    }
    latest.push(...deleted.toReversed());
  }
  return latest.slice(0, count);
}

export interface LatestDeletionsOptions {
  readonly count: number;
  readonly accepts: (record: GroupRecord) => boolean;
  /** Ends it, with nothing. */
  readonly signal?: AbortSignal;
}

async function* joinOutcomes(batches: AsyncIterable<RecordBatch>): AsyncGenerator<HistoryEntry> {
  const waiting = new Map<string, HistoryEntry>();
  let marks = 0;
  for await (const { records } of batches) {
    for (const record of records) {
      if (record.kind === "outcome") {
        const entry = waiting.get(record.id);
        // Setting an entry again leaves it at its place in the order.
        if (entry?.kind === "deletion") waiting.set(record.id, { ...entry, outcome: record.outcome });
        continue;
      }
      if (record.kind === "group") waiting.set(record.id, { kind: "deletion", record, outcome: null });
      else waiting.set(`mark ${(marks += 1)}`, { kind: "mark", record });
      // Many at a time: a map finds its oldest entry behind all that were deleted.
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
