import { constants } from "node:fs";
import { access as checkAccess, unlink, type FileHandle } from "node:fs/promises";
import { join } from "node:path";

import { ArchiveError } from "./archive-error.ts";
import { dayOf, newFileName } from "./archive-files.ts";
import { encodeBatch } from "./batch.ts";
import type { FileAccess } from "./file-access.ts";

/** Lines that belong together: a record and, of a group, all its metrics. */
export interface Entry {
  readonly record: string;
  /** Rendered when its turn comes: all of them together may be large. */
  readonly whole?: () => string;
}

/** Readers refuse heads that unpack to much more. */
const maxHeadBytes = 8 * 1024 * 1024;

const doing = "cannot be appended to";

interface OwnFile {
  readonly path: string;
  readonly day: string;
  /** Up to here everything is on the disk. */
  size: number;
}

/**
 * Writes into a file of its own, which no other process ever opens for writing: so nothing is locked, and nothing of others
 * is touched. The file is created with the first append; after a day, or when anything about it is in doubt, the next append
 * begins another one. One call at a time.
 */
export class ArchiveWriter {
  readonly #dir: string;
  readonly #access: FileAccess;
  readonly #now: () => number;
  #file: OwnFile | null = null;
  #handle: FileHandle | null = null;

  constructor(dir: string, now: () => number, access: FileAccess) {
    this.#dir = dir;
    this.#now = now;
    this.#access = access;
  }

  /**
   * Creates the folder, and says early what would keep an append from it.
   * @throws {@link ArchiveError}
   */
  async prepare(): Promise<void> {
    await this.#access.makeFolder(this.#dir);
    const mode = constants.W_OK | constants.X_OK;
    await this.#access.call(this.#dir, "cannot be written to", () => checkAccess(this.#dir, mode));
  }

  /**
   * Resolves when all of it is on the disk.
   * @throws {@link ArchiveError} then nothing of it counts as archived
   */
  async append(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    const bytes = await this.#pack(entries);
    const { file, handle } = await this.#open();
    try {
      await this.#access.call(file.path, doing, () => handle.appendFile(bytes));
      await this.#access.call(file.path, doing, () => handle.datasync());
      file.size += bytes.length;
    } catch (error) {
      await this.#abandon(file, handle);
      throw error;
    }
  }

  /** Between sweeps no file is open. The next append continues the same one, on the same day. */
  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    if (handle !== null) await this.#access.close(handle);
  }

  async #pack(entries: readonly Entry[]): Promise<Buffer> {
    const batches: Buffer[] = [];
    let records: string[] = [];
    let wholes: (() => string)[] = [];
    let bytes = 0;
    for (const [index, { record, whole }] of entries.entries()) {
      records.push(record);
      if (whole !== undefined) wholes.push(whole);
      bytes += record.length;
      if (bytes < maxHeadBytes && index < entries.length - 1) continue;
      const batch = encodeBatch(records, wholes).catch((error: unknown) => {
        throw new ArchiveError(this.#dir, `cannot be written to: ${String(error)}`, error);
      });
      batches.push(await batch);
      [records, wholes, bytes] = [[], [], 0];
    }
    return Buffer.concat(batches);
  }

  async #open(): Promise<{ readonly file: OwnFile; readonly handle: FileHandle }> {
    const known = this.#file;
    if (known !== null && this.#handle !== null) {
      if (await this.#isAsItWas(known, this.#handle)) return { file: known, handle: this.#handle };
      await this.close();
    } else if (known?.day === dayOf(this.#now())) {
      const handle = await this.#reopen(known);
      if (handle !== null) return { file: known, handle: (this.#handle = handle) };
    }
    return this.#create();
  }

  async #reopen(file: OwnFile): Promise<FileHandle | null> {
    try {
      const handle = await this.#access.open(file.path, constants.O_WRONLY | constants.O_APPEND, doing);
      if (await this.#isAsItWas(file, handle)) return handle;
      await this.#access.close(handle);
    } catch (error) {
      if (this.#access.isHanging()) throw error;
    }
    return null;
  }

  /** Somebody may have removed it, or written to it. */
  async #isAsItWas({ path, size }: OwnFile, handle: FileHandle): Promise<boolean> {
    const stats = await this.#access.stat(path, handle, doing);
    return stats.nlink > 0 && stats.size === size;
  }

  async #create(): Promise<{ readonly file: OwnFile; readonly handle: FileHandle }> {
    const now = this.#now();
    await this.#access.makeFolder(this.#dir);
    const path = join(this.#dir, newFileName(now));
    const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_EXCL;
    const handle = await this.#access.open(path, flags, "cannot be created");
    const file = { path, day: dayOf(now), size: 0 };
    try {
      await this.#access.syncFolder(this.#dir);
    } catch (error) {
      await this.#abandon(file, handle);
      throw error;
    }
    [this.#file, this.#handle] = [file, handle];
    return { file, handle };
  }

  /** After a failure nothing of the file is trusted any more, be it only what the system says of the sync. */
  async #abandon({ path, size }: OwnFile, handle: FileHandle): Promise<void> {
    [this.#file, this.#handle] = [null, null];
    try {
      await this.#access.call(path, doing, () => (size === 0 ? unlink(path) : handle.truncate(size)));
    } catch {
      // Readers skip what is left of the append.
    }
    await this.#access.close(handle);
  }
}
