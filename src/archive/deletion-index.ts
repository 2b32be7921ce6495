import { labelsKey } from "../core/labels.ts";
import type { RecentDeletion } from "../core/reappearance.ts";
import { listArchiveFiles, sizeOf } from "./archive-files.ts";
import type { FileAccess } from "./file-access.ts";
import { readFiles, type OnArchiveProblem, type ReadFrom } from "./read-archive.ts";
import { lastActivityOf, wasDeleted, type ArchiveRecord } from "./records.ts";

/** So many of a gateway are remembered, some 30 MB: a group that comes back after that many others is not counted. */
const rememberedDeletions = 100_000;

/** Single sweeps write a file each: a process that has just started reads only the newest ones. */
const readableFiles = 2000;

/** How far a file has been read: up to the end of the last complete batch, when it had that size. */
interface ReadUpTo {
  readonly size: number;
  readonly offset: number;
}

/** Where and when something was recorded: in one file the order of the records counts, between files their times. */
interface Recorded {
  readonly path: string;
  /** Unix seconds. */
  readonly at: number;
}

interface IndexedDeletion extends RecentDeletion, Recorded {
  readonly gateway: string;
  readonly key: string;
}

/**
 * The groups of an archive that were deleted, each with its last deletion, less those that were restored or counted as
 * reappeared since. Each call reads only what was appended since the last one, and no metrics. One call at a time.
 */
export class DeletionIndex {
  readonly #dir: string;
  readonly #access: FileAccess;
  #files: ReadonlyMap<string, ReadUpTo> = new Map();
  readonly #byGateway = new Map<string, Map<string, IndexedDeletion>>();
  /** By id, those without a final outcome. */
  readonly #pending = new Map<string, IndexedDeletion>();
  /** By gateway and key, when a group was last restored, counted as reappeared, or not deleted after all. */
  readonly #marks = new Map<string, Recorded>();

  constructor(dir: string, access: FileAccess) {
    this.#dir = dir;
    this.#access = access;
  }

  /**
   * Those of a gateway, by `labelsKey`.
   * @throws `ArchiveError` the next call then starts where this one did
   */
  async deletionsOf(
    gateway: string,
    onProblem: OnArchiveProblem,
  ): Promise<ReadonlyMap<string, RecentDeletion>> {
    const before = this.#files;
    const files = new Map<string, ReadUpTo>();
    const changed: ReadFrom[] = [];
    const gone = new Set(before.keys());
    for (const file of (await listArchiveFiles(this.#dir, this.#access)).slice(-readableFiles)) {
      const size = await sizeOf(file.path, this.#access);
      // Another janitor has just removed it.
      if (size === null) continue;
      const known = before.get(file.path);
      const continues = known !== undefined && size >= known.offset;
      const offset = continues ? known.offset : 0;
      files.set(file.path, { size, offset });
      if (continues) gone.delete(file.path);
      // Of the same size it is unchanged, and its damage has been reported.
      if (known?.size !== size) changed.push({ ...file, offset });
    }
    this.#forgetFiles(gone);
    this.#files = new Map([...before].filter(([path]) => !gone.has(path)));
    for await (const { path, records, end } of readFiles(changed, onProblem, this.#access)) {
      for (const record of records) this.#take(record, path);
      files.set(path, { size: files.get(path)?.size ?? end, offset: end });
    }
    this.#files = files;
    return this.#byGateway.get(gateway) ?? new Map();
  }

  /** Idempotent: after a failed call, records are read again. */
  #take(record: ArchiveRecord, path: string): void {
    if (record.kind === "outcome") {
      const deletion = this.#pending.get(record.id);
      if (deletion === undefined) return;
      if (wasDeleted(record.outcome)) this.#remember(deletion);
      else this.#mark(deletion.gateway, deletion.key, { path, at: record.at });
      if (record.outcome !== "accepted") this.#pending.delete(record.id);
      return;
    }
    const { at, gateway, labels } = record;
    const key = labelsKey(labels);
    if (record.kind !== "group") this.#mark(gateway, key, { path, at });
    else if (record.rule !== null) {
      const lastActivityAt = lastActivityOf(record);
      this.#pending.set(record.id, { path, at, gateway, key, rule: record.rule, lastActivityAt });
      dropOldest(this.#pending);
    }
  }

  #mark(gateway: string, key: string, mark: Recorded): void {
    this.#marks.set(`${gateway}\n${key}`, mark);
    dropOldest(this.#marks);
    const deletions = this.#byGateway.get(gateway);
    const deletion = deletions?.get(key);
    if (deletion !== undefined && (deletion.path === mark.path || deletion.at <= mark.at))
      deletions?.delete(key);
  }

  #remember(deletion: IndexedDeletion): void {
    const { path, at, gateway, key } = deletion;
    const deletions = this.#byGateway.get(gateway) ?? new Map<string, IndexedDeletion>();
    this.#byGateway.set(gateway, deletions);
    // Files are read one after the other: another one may know what happened later.
    const known = [this.#marks.get(`${gateway}\n${key}`), deletions.get(key)];
    if (known.some((one) => one !== undefined && one.path !== path && one.at > at)) return;
    // Deleted first, so that the order of the map is that of the deletions.
    deletions.delete(key);
    deletions.set(key, deletion);
    dropOldest(deletions);
  }

  #forgetFiles(paths: ReadonlySet<string>): void {
    if (paths.size === 0) return;
    for (const map of [this.#pending, ...this.#byGateway.values()]) {
      for (const [key, { path }] of map) if (paths.has(path)) map.delete(key);
    }
  }
}

/** Drops many at a time: finding the oldest entry of a map takes time for each one deleted before it. */
function dropOldest(map: Map<string, unknown>): void {
  if (map.size <= 1.1 * rememberedDeletions) return;
  for (const oldest of map.keys()) {
    if (map.size <= rememberedDeletions) return;
    map.delete(oldest);
  }
}
