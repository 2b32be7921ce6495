import { randomBytes } from "node:crypto";

import type { Decision } from "../core/decide.ts";
import type { JsonObject } from "../core/json.ts";
import { labelsKey, type Labels } from "../core/labels.ts";
import type { Verdict } from "../core/verdict.ts";
import { findLosses } from "../core/pushable.ts";
import { ArchiveFolder, type ArchiveFolderOptions } from "./archive-folder.ts";
import { RecentDeletions, type RecentDeletion } from "./recent-deletions.ts";
import type { ArchivedOutcome, ArchiveRecord, GroupRecord } from "./records.ts";

export type ArchiveOptions = ArchiveFolderOptions;

/** Why a group is deleted: by a sweep's decision, or because it is in everybody's way. */
export interface ArchivedDecision extends Pick<Decision, "group" | "rule" | "ageSeconds" | "ttlSeconds"> {
  /** A verdict's reason, or `inconsistent` for what `doctor --heal` deletes. */
  readonly verdict: { readonly reason: Verdict["reason"] | "inconsistent" };
}

/** A group on its way into the archive: what was decided, and what the gateway's API told of it. */
export interface ArchivedGroup {
  /** The gateway's name. */
  readonly gateway: string;
  readonly decision: ArchivedDecision;
  readonly whole: JsonObject;
}

/** Groups before they are deleted, and what became of them. Every method rejects with `ArchiveError`. */
export interface Archive {
  /** Locks the folder. */
  open(): Promise<void>;
  /**
   * Removes files past the retention.
   * @param now Unix seconds, by more than the local clock alone: one that is wrong would take the whole archive for old
   */
  applyRetention(now: number): Promise<void>;
  /** Waits for what is being written. Harmless when called again, or before `open`. */
  close(): Promise<void>;
  /** Resolves when all of them are on the disk; if it rejects, none is, and none may be deleted. */
  append(groups: readonly ArchivedGroup[]): Promise<void>;
  /**
   * What became of groups that were appended since `open`, by `labelsKey`; others are not recorded. First `accepted`, then
   * what the sweep saw of it.
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
}

/**
 * The archive in a folder. Nothing is touched before `open`. It may be opened again after `close`, and then remembers what
 * it has read before: others may have written meanwhile.
 */
export function createArchive(options: ArchiveOptions): Archive {
  const { dir, now } = options;
  const folder = new ArchiveFolder(options);
  const deletions = new RecentDeletions(dir);
  const inTurn = createQueue();
  /** Of the groups whose outcome is not known yet, by gateway and key. */
  const ids = new Map<string, string>();

  const mark = (
    kind: "reappeared" | "restored",
    gateway: string,
    groups: readonly Labels[],
  ): Promise<void> => {
    const at = now();
    return inTurn(() => folder.write(groups.map((labels) => ({ kind, at, gateway, labels }))));
  };

  return {
    open: () => inTurn(() => folder.open()),
    applyRetention: (at) => inTurn(() => folder.applyRetention(at)),
    close: () =>
      inTurn(() => {
        ids.clear();
        return folder.close();
      }),

    append(groups) {
      const at = now();
      const batchId = randomBytes(6).toString("base64url");
      return inTurn(async () => {
        const records = groups.map((group, index) => toRecord(group, `${batchId}-${index}`, at));
        await folder.write(records, renderWholes(groups, records));
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
        await folder.write(records);
      });
    },

    recordReappeared: (gateway, groups) => mark("reappeared", gateway, groups),
    recordRestored: (gateway, groups) => mark("restored", gateway, groups),
    recentDeletions: (gateway) => inTurn(() => deletions.of(gateway, (problem) => folder.warn(problem))),
  };
}

/** Several gateways are swept at once; what they want of the archive happens one after the other. */
function createQueue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
}

/** Line by line, because all of them together may be large. */
function* renderWholes(groups: readonly ArchivedGroup[], records: readonly GroupRecord[]): Generator<string> {
  for (const [index, { whole }] of groups.entries())
    yield JSON.stringify({ id: records[index]?.id, group: whole });
}

function idKey(gateway: string, key: string): string {
  return `${gateway}\n${key}`;
}

function toRecord({ gateway, decision, whole }: ArchivedGroup, id: string, at: number): GroupRecord {
  const { group, rule, verdict, ageSeconds, ttlSeconds } = decision;
  return {
    kind: "group",
    id,
    at,
    gateway,
    labels: group.labels,
    rule: rule?.name ?? null,
    reason: verdict.reason,
    ageSeconds,
    ttlSeconds,
    // 0 is the gateway's way to say never.
    lastSuccessAt: group.lastSuccessAt === 0 ? null : group.lastSuccessAt,
    lastFailureAt: group.lastFailureAt === 0 ? null : group.lastFailureAt,
    // The API, which told the whole, told that, too.
    series: group.series ?? 0,
    // Whether names are taken depends on the gateway that it is restored to.
    losses: findLosses(whole, { labels: group.labels, utf8Names: true }),
  };
}
