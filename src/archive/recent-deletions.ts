import { labelsKey } from "../core/labels.ts";
import { readArchive, type Tell } from "./read-archive.ts";
import type { ArchivedOutcome } from "./records.ts";

/** A group that a rule deleted. */
export interface RecentDeletion {
  readonly rule: string;
  /** Unix seconds of the janitor's clock. */
  readonly deletedAt: number;
  /** Its last activity then, Unix seconds of the gateway's clock: a later one means that it was pushed to since. */
  readonly lastActivityAt: number;
}

/** The gateway took the DELETE, and nobody has seen the group alive since. */
const deletedOutcomes: ReadonlySet<ArchivedOutcome> = new Set(["accepted", "gone"]);

/**
 * The groups of a gateway that were deleted, each with its last deletion, less those that were restored or counted as
 * reappeared since. Reads records only, not the metrics.
 * @throws {@link ArchiveError}
 */
export async function findRecentDeletions(
  path: string,
  gateway: string,
  tell: Tell,
): Promise<ReadonlyMap<string, RecentDeletion>> {
  const deletions = new Map<string, RecentDeletion>();
  /** Written down, but not known to be deleted yet. */
  const announced = new Map<string, readonly [key: string, RecentDeletion]>();
  for await (const { records } of readArchive(path, tell)) {
    for (const record of records) {
      if (record.kind === "outcome") {
        const [key, deletion] = announced.get(record.id) ?? [];
        if (key === undefined || deletion === undefined) continue;
        if (deletedOutcomes.has(record.outcome)) deletions.set(key, deletion);
        else deletions.delete(key);
        if (record.outcome !== "accepted") announced.delete(record.id);
      } else if (record.gateway === gateway) {
        const key = labelsKey(record.labels);
        if (record.kind !== "group") deletions.delete(key);
        else if (record.rule !== null) {
          const lastActivityAt = Math.max(record.lastSuccessAt ?? 0, record.lastFailureAt ?? 0);
          announced.set(record.id, [key, { rule: record.rule, deletedAt: record.at, lastActivityAt }]);
        }
      }
    }
  }
  return deletions;
}
