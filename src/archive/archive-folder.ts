import { mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

import { errorCode } from "../core/error-code.ts";
import { ArchiveError, unusable } from "./archive-error.ts";
import { encodeBatch } from "./batch.ts";
import { DayFile } from "./day-file.ts";
import { dayFileName, dayOf, removeExpiredFiles } from "./day-files.ts";
import type { FileState } from "./file-state.ts";
import { lockDirectory, type DirectoryLock } from "./lock.ts";
import { describeDamage } from "./read-archive.ts";
import { renderRecord, type ArchiveRecord } from "./records.ts";

export interface ArchiveFolderOptions {
  /** Created with mode 0700 if it is not there. */
  readonly dir: string;
  /** Files are removed when their day ended longer ago. null: never. */
  readonly retentionSeconds: number | null;
  /** Unix seconds of the local clock. */
  readonly now: () => number;
  readonly log?: ArchiveLog;
  /** How long to wait for another janitor that works in the folder; 5 by default. */
  readonly lockWaitSeconds?: number;
}

export interface ArchiveLog {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** The folder of an archive, locked for writing while it is open, with one file a UTC day. One call at a time. */
export class ArchiveFolder {
  readonly #options: ArchiveFolderOptions;
  #lock: DirectoryLock | null = null;
  #file: DayFile | null = null;
  #day = "";
  /** The last file that was closed, and how. */
  #closed: { readonly path: string; readonly state: FileState | null } | null = null;

  constructor(options: ArchiveFolderOptions) {
    this.#options = options;
  }

  /** @throws {@link ArchiveError} */
  async open(): Promise<void> {
    if (this.#lock !== null) return;
    const { dir, lockWaitSeconds: waitSeconds = 5, now } = this.#options;
    await makeFolder(dir).catch((error: unknown) => {
      throw unusable(dir, "cannot be created", error);
    });
    this.#lock = await lockDirectory(dir, { waitSeconds, now: now() });
  }

  async close(): Promise<void> {
    const lock = this.#lock;
    this.#lock = null;
    await this.#closeFile();
    await lock?.release();
  }

  /**
   * Resolves when the records, and the lines of the groups that they are about, are on the disk.
   * @throws {@link ArchiveError} then nothing of them is
   */
  async write(records: readonly ArchiveRecord[], wholes: Iterable<string> = []): Promise<void> {
    if (records.length === 0) return;
    const { dir } = this.#options;
    if (this.#lock === null) throw new ArchiveError("not_open", dir, "the archive is not open");
    await this.#lock.check();
    const file = await this.#todaysFile();
    const bytes = await encodeBatch(records.map(renderRecord), wholes).catch((error: unknown) => {
      throw unusable(file.path, "the batch cannot be packed", error);
    });
    await file.append(bytes);
  }

  warn(text: string): void {
    this.#options.log?.warn("Archive", { err: text });
  }

  async #todaysFile(): Promise<DayFile> {
    const day = dayOf(this.#options.now());
    if (this.#file !== null && day === this.#day && (await this.#file.isInPlace())) return this.#file;
    await this.#closeFile();
    this.#day = day;
    const path = join(this.#options.dir, dayFileName(day));
    const last = this.#closed?.path === path ? this.#closed.state : null;
    this.#file = await DayFile.open(path, (damage) => this.warn(describeDamage(path, damage)), last);
    return this.#file;
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    if (file !== null) this.#closed = { path: file.path, state: await file.close() };
  }

  /** A file that cannot be removed stands in nobody's way. */
  async applyRetention(now: number): Promise<void> {
    const { dir, retentionSeconds, log } = this.#options;
    if (retentionSeconds === null || this.#lock === null) return;
    try {
      const removed = await removeExpiredFiles(dir, now, retentionSeconds);
      if (removed.length > 0) log?.info("Removed archive files past the retention", { files: removed });
    } catch (error) {
      this.warn(error instanceof Error ? error.message : String(error));
    }
  }
}

/** Node's own recursive mkdir never ends where a folder that is there takes no entries, like /proc (seen on Node 20). */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) === "EEXIST" && (await stat(path)).isDirectory()) return;
    if (errorCode(error) !== "ENOENT" || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await mkdir(path, { mode: 0o700 });
  }
}
