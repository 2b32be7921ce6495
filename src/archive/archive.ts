import { randomBytes } from "node:crypto";

import { messageOf } from "../core/errors.ts";
import type { GroupToArchive } from "../core/decide.ts";
import { timeOrNever } from "../core/group.ts";
import type { JsonObject } from "../core/json.ts";
import { labelsKey, type Labels } from "../core/labels.ts";
import type { Log } from "../core/log.ts";
import { createQueue } from "../core/queue.ts";
import type { RecentDeletion } from "../core/reappearance.ts";
import { sortOutPushable } from "../core/pushable.ts";
import { measureFiles, removeExpiredFiles, type ArchiveSize } from "./archive-files.ts";
import { ArchiveWriter, type ArchiveEntry } from "./archive-writer.ts";
import { FileAccess } from "./file-access.ts";
import { DeletionIndex } from "./deletion-index.ts";
import { renderRecord, type ArchivedOutcome, type ArchiveRecord, type GroupRecord } from "./records.ts";

export interface ArchiveOptions {
  /** Created with mode 0700 if it is not there. */
  readonly dir: string;
  /** Files are removed when their day ended longer ago. null: never. */
  readonly retentionSeconds: number | null;
  /** Unix seconds of the local clock. */
  readonly now: () => number;
  readonly log?: Pick<Log, "info" | "warn">;
  readonly access?: FileAccess;
}

/**
 * Groups before they are deleted, and the outcomes. Any number of processes may have the same folder open. Every method
 * but `applyRetention`, `measure` and `close` rejects with `ArchiveError`.
 */
export interface Archive {
  /** Creates the folder, and says early why it cannot be written to. */
  prepare(): Promise<void>;
  /** Resolves when all of them are on the disk; if it rejects, none may be deleted. */
  append(groups: readonly GroupToArchive[]): Promise<void>;
  /**
   * Records outcomes of groups that were appended since the last `close`, by `labelsKey`; others are ignored. First `accepted`,
   * then what the sweep has seen.
   */
  recordOutcomes(
    gateway: string,
    outcomes: Iterable<readonly [key: string, outcome: ArchivedOutcome]>,
  ): Promise<void>;
  /** Deleted groups that came back by a push and have been counted as that. */
  recordReappeared(gateway: string, groups: readonly Labels[]): Promise<void>;
  /** Deleted groups that `restore` brought back. */
  recordRestored(gateway: string, groups: readonly Labels[]): Promise<void>;
  /** Groups deleted by a rule that were neither restored nor counted as reappeared since, by `labelsKey`. */
  recentDeletions(gateway: string): Promise<ReadonlyMap<string, RecentDeletion>>;
  /**
   * Removes files past the retention, and logs what it cannot remove.
   * @param now Unix seconds, by more than the local clock alone: a wrong clock would remove the entire archive
   */
  applyRetention(now: number): Promise<void>;
  /** The size of all files; null: they cannot be read. */
  measure(): Promise<ArchiveSize | null>;
  /** Waits for what is being written, and closes the file. Harmless when called again. */
  close(): Promise<void>;
}

/** The archive in a folder. It may be used again after `close`, and then remembers what it has read before. */
export function createArchive({
  dir,
  retentionSeconds,
  now,
  log,
  access = new FileAccess(),
}: ArchiveOptions): Archive {
  const writer = new ArchiveWriter(dir, now, access);
  const deletions = new DeletionIndex(dir, access);
  // Several gateways are swept at once.
  const inTurn = createQueue();
  const warnings = new Set<string>();
  /** Once: the next sweep will find the same. */
  const warn = (text: string): void => {
    if (!warnings.has(text)) log?.warn("Archive", { err: text });
    warnings.add(text);
  };
  /** Of the groups whose outcome is not known yet, by gateway and key. */
  const ids = new Map<string, string>();

  const write = (records: readonly ArchiveRecord[]): Promise<void> =>
    writer.append(records.map((record) => ({ record: renderRecord(record) })));
  const mark = (
    kind: "reappeared" | "restored",
    gateway: string,
    groups: readonly Labels[],
  ): Promise<void> => {
    const at = now();
    return inTurn(() => write(groups.map((labels) => ({ kind, at, gateway, labels }))));
  };

  return {
    prepare: () => inTurn(() => writer.prepare()),

    append(groups) {
      const at = now();
      const batchId = randomBytes(6).toString("base64url");
      return inTurn(async () => {
        const records = groups.map((group, index) => toRecord(group, `${batchId}-${index}`, at));
        await writer.append(records.map((record, index) => toEntry(record, groups[index]?.raw ?? {})));
        for (const { id, gateway, labels } of records) ids.set(idKey(gateway, labelsKey(labels)), id);
      });
    },

    recordOutcomes(gateway, outcomes) {
      const at = now();
      return inTurn(async () => {
        const records: ArchiveRecord[] = [];
        for (const [key, outcome] of outcomes) {
          const id = ids.get(idKey(gateway, key));
          if (id !== undefined) records.push({ kind: "outcome", id, at, outcome });
          // Nothing follows any other outcome.
          if (outcome !== "accepted") ids.delete(idKey(gateway, key));
        }
        await write(records);
      });
    },

    recordReappeared: (gateway, groups) => mark("reappeared", gateway, groups),
    recordRestored: (gateway, groups) => mark("restored", gateway, groups),
    // A torn end is no loss, and stays in its file until that is removed.
    recentDeletions: (gateway) =>
      inTurn(() => deletions.deletionsOf(gateway, ({ text, isLoss }) => void (isLoss && warn(text)))),

    applyRetention: (at) =>
      inTurn(async () => {
        if (retentionSeconds === null) return;
        try {
          const { removed, problems } = await removeExpiredFiles(dir, at, retentionSeconds, access);
          if (removed.length > 0) log?.info("Removed archive files past the retention", { files: removed });
          problems.forEach(warn);
        } catch (error) {
          warn(messageOf(error));
        }
      }),

    measure: () =>
      inTurn(() =>
        measureFiles(dir, access).catch((error: unknown) => {
          warn((error as Error).message);
          return null;
        }),
      ),

    close: () =>
      inTurn(() => {
        ids.clear();
        return writer.close();
      }),
  };
}

function idKey(gateway: string, key: string): string {
  return `${gateway}\n${key}`;
}

function toEntry(record: GroupRecord, group: JsonObject): ArchiveEntry {
  return { record: renderRecord(record), renderGroup: () => JSON.stringify({ id: record.id, group }) };
}

function toRecord({ gateway, url, decision, raw }: GroupToArchive, id: string, at: number): GroupRecord {
  const { group, rule, verdict, ageSeconds, ttlSeconds } = decision;
  return {
    kind: "group",
    id,
    at,
    gateway,
    url,
    labels: group.labels,
    rule: rule?.name ?? null,
    reason: verdict.reason,
    ageSeconds,
    ttlSeconds,
    lastSuccessAt: timeOrNever(group.lastSuccessAt),
    lastFailureAt: timeOrNever(group.lastFailureAt),
    // Known, as the group was read from the API.
    series: group.series ?? 0,
    // Whether names are taken depends on the gateway that it is restored to.
    losses: sortOutPushable(raw, { labels: group.labels, utf8Names: true }).losses,
  };
}
