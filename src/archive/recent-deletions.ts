import { lstat } from "node:fs/promises";

import { labelsKey } from "../core/labels.ts";
import { listArchiveFiles } from "./archive-files.ts";
import type { FileAccess } from "./file-access.ts";
import { readFiles, type ReadFrom, type Tell } from "./read-archive.ts";
import { lastActivityOf, wasDeleted, type ArchiveRecord, type GroupRecord } from "./records.ts";

/** A group that a rule deleted. */
export interface RecentDeletion {
  readonly rule: string;
  /** Unix seconds of the janitor's clock. */
  readonly deletedAt: number;
  /** Its last activity then, Unix seconds of the gateway's clock: a later one means that it was pushed to since. */
  readonly lastActivityAt: number;
}

/** So many of a gateway are remembered, some 30 MB: a group that comes back after that many others is not counted. */
const rememberedDeletions = 100_000;

/** Single sweeps write a file each: a process that has just started reads no more than the newest ones. */
const readableFiles = 2000;

/** How far a file has been read: behind the last complete batch, when it had that size. */
interface Mark {
  readonly size: number;
  readonly offset: number;
}

/**
 * The groups of an archive that were deleted, each with its last deletion, less those that were restored or counted as
 * reappeared since. Remembers them, so that the next call reads only what was appended since; reads records only, not
 * the metrics. One call at a time.
 */
export class RecentDeletions {
  readonly #dir: string;
  readonly #access: FileAccess;
  readonly #memory = new Memory();
  #marks: ReadonlyMap<string, Mark> = new Map();

  constructor(dir: string, access: FileAccess) {
    this.#dir = dir;
    this.#access = access;
  }

  /**
   * Those of a gateway, by `labelsKey`.
   * @throws `ArchiveError` the next call then starts where this one did
   */
  async of(gateway: string, tell: Tell): Promise<ReadonlyMap<string, RecentDeletion>> {
    const before = this.#marks;
    const marks = new Map<string, Mark>();
    const changed: ReadFrom[] = [];
    const gone = new Set(before.keys());
    for (const file of (await listArchiveFiles(this.#dir, this.#access)).slice(-readableFiles)) {
      const { path } = file;
      const stats = await this.#access
        .call(path, "cannot be read", () => lstat(path))
        .catch((error: unknown) => {
          if (this.#access.isHanging()) throw error;
          return null;
        });
      // Of another janitor, past its retention.
      if (stats === null) continue;
      const known = before.get(path);
      const continues = known !== undefined && stats.size >= known.offset;
      const offset = continues ? known.offset : 0;
      marks.set(path, { size: stats.size, offset });
      if (continues) gone.delete(path);
      // Of the same size it is unchanged, and its damage has been reported.
      if (known === undefined || known.size !== stats.size) changed.push({ ...file, offset });
    }
    if (gone.size > 0) this.#memory.forgetFiles(gone);
    this.#marks = new Map([...before].filter(([path]) => !gone.has(path)));
    for await (const { path, records, end } of readFiles(changed, tell, this.#access)) {
      for (const record of records) this.#memory.take(record, path);
      marks.set(path, { size: marks.get(path)?.size ?? end, offset: end });
    }
    this.#marks = marks;
    return this.#memory.deletionsOf(gateway);
  }
}

interface Remembered extends RecentDeletion {
  readonly path: string;
  readonly gateway: string;
  readonly key: string;
}

class Memory {
  readonly #byGateway = new Map<string, Map<string, Remembered>>();
  /** Written down, but what became of them is not known yet. By id. */
  readonly #announced = new Map<string, Remembered>();

  deletionsOf(gateway: string): ReadonlyMap<string, RecentDeletion> {
    return this.#byGateway.get(gateway) ?? new Map();
  }

  /** To take a record twice is harmless. */
  take(record: ArchiveRecord, path: string): void {
    if (record.kind === "outcome") {
      const announced = this.#announced.get(record.id);
      if (announced === undefined) return;
      if (wasDeleted(record.outcome)) this.#remember(announced);
      else this.#forget(announced);
      if (record.outcome !== "accepted") this.#announced.delete(record.id);
    } else if (record.kind !== "group") {
      this.#forget({ gateway: record.gateway, key: labelsKey(record.labels) });
    } else if (record.rule !== null) {
      this.#announced.set(record.id, announce(record, record.rule, path));
      dropOldest(this.#announced);
    }
  }

  /** As after the retention. */
  forgetFiles(paths: ReadonlySet<string>): void {
    for (const map of [this.#announced, ...this.#byGateway.values()]) {
      for (const [key, { path }] of map) if (paths.has(path)) map.delete(key);
    }
  }

  #remember(announced: Remembered): void {
    const { gateway, key } = announced;
    let deletions = this.#byGateway.get(gateway);
    if (deletions === undefined) this.#byGateway.set(gateway, (deletions = new Map<string, Remembered>()));
    // Set anew, so that the order is that of the deletions.
    deletions.delete(key);
    deletions.set(key, announced);
    dropOldest(deletions);
  }

  #forget({ gateway, key }: Pick<Remembered, "gateway" | "key">): void {
    this.#byGateway.get(gateway)?.delete(key);
  }
}

function announce({ gateway, labels, at, ...record }: GroupRecord, rule: string, path: string): Remembered {
  const lastActivityAt = lastActivityOf(record);
  return { path, gateway, key: labelsKey(labels), rule, deletedAt: at, lastActivityAt };
}

/** Many at a time: a map finds its oldest entry behind all that were deleted. */
function dropOldest(map: Map<string, unknown>): void {
  if (map.size <= 1.1 * rememberedDeletions) return;
  for (const oldest of map.keys()) {
    if (map.size <= rememberedDeletions) return;
    map.delete(oldest);
  }
}
