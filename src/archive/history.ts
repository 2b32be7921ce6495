import { readArchive, type Tell } from "./read-archive.ts";
import type { ArchivedOutcome, GroupRecord, MarkRecord } from "./records.ts";

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
export async function* readHistory(path: string, tell: Tell): AsyncGenerator<HistoryEntry> {
  const waiting = new Map<string, HistoryEntry>();
  let marks = 0;
  for await (const { records } of readArchive(path, tell)) {
    for (const record of records) {
      if (record.kind === "outcome") {
        const entry = waiting.get(record.id);
        // Setting an entry again leaves it at its place in the order.
        if (entry?.kind === "deletion") waiting.set(record.id, { ...entry, outcome: record.outcome });
        continue;
      }
      if (record.kind === "group") waiting.set(record.id, { kind: "deletion", record, outcome: null });
      else waiting.set(`mark ${(marks += 1)}`, { kind: "mark", record });
    }
    for (const [id, entry] of waiting) {
      if (waiting.size <= windowSize) break;
      waiting.delete(id);
      yield entry;
    }
  }
  yield* waiting.values();
}
