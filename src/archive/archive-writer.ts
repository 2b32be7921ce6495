import { constants } from "node:fs";
import { access as checkAccess, unlink, type FileHandle } from "node:fs/promises";
import { join } from "node:path";

import { dayOf, newFileName } from "./archive-files.ts";
import { encodeBatch } from "./batch.ts";
import { ArchiveError, type FileAccess } from "./file-access.ts";

/** Lines that belong together: a record and, of a group, all its metrics. */
export interface ArchiveEntry {
  readonly record: string;
  /** Rendered one by one: all of them together may be large. */
  readonly renderGroup?: () => string;
}

/** Readers refuse heads that unpack to much more. */
const maxHeadBytes = 8 * 1024 * 1024;

const doing = "cannot be appended to";

interface OwnFile {
  readonly path: string;
  readonly day: string;
  /** Up to here everything is on the disk. */
  size: number;
  handle: FileHandle | null;
}

/**
 * Writes into a file of its own, which no other process ever opens for writing: no locks are needed, and files of others are not
 * touched. The file is created with the first append; after a day, or when anything about it is in doubt, the next append
 * begins another one. One call at a time.
 */
export class ArchiveWriter {
  readonly #dir: string;
  readonly #access: FileAccess;
  readonly #now: () => number;
  #file: OwnFile | null = null;

  constructor(dir: string, now: () => number, access: FileAccess) {
    this.#dir = dir;
    this.#now = now;
    this.#access = access;
  }

  /**
   * Creates the folder, so that an archive that cannot be written to is reported early.
   * @throws {@link ArchiveError}
   */
  async prepare(): Promise<void> {
    await this.#access.makeFolder(this.#dir);
    const mode = constants.W_OK | constants.X_OK;
    await this.#access.call(this.#dir, "cannot be written to", () => checkAccess(this.#dir, mode));
  }

  /**
   * Resolves when all entries are on the disk.
   * @throws {@link ArchiveError} then none of them counts as archived
   */
  async append(entries: readonly ArchiveEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const bytes = await this.#pack(entries);
    const file = await this.#open();
    try {
      await this.#access.call(file.path, doing, () => file.handle.appendFile(bytes));
      await this.#access.call(file.path, doing, () => file.handle.datasync());
      file.size += bytes.length;
    } catch (error) {
      await this.#abandon(file);
      throw error;
    }
  }

  /** Between sweeps no file is open. On the same day, the next append continues the same one. */
  async close(): Promise<void> {
    const handle = this.#file?.handle ?? null;
    if (this.#file !== null) this.#file.handle = null;
    if (handle !== null) await this.#access.close(handle);
  }

  async #pack(entries: readonly ArchiveEntry[]): Promise<Buffer> {
    const batches: Buffer[] = [];
    let records: string[] = [];
    let groups: (() => string)[] = [];
    let bytes = 0;
    for (const [index, { record, renderGroup }] of entries.entries()) {
      records.push(record);
      if (renderGroup !== undefined) groups.push(renderGroup);
      bytes += record.length;
      if (bytes < maxHeadBytes && index < entries.length - 1) continue;
      const batch = encodeBatch(records, groups).catch((error: unknown) => {
        throw new ArchiveError(this.#dir, `cannot be written to: ${String(error)}`, error);
      });
      batches.push(await batch);
      [records, groups, bytes] = [[], [], 0];
    }
    return Buffer.concat(batches);
  }

  async #open(): Promise<OwnFile & { readonly handle: FileHandle }> {
    const file = this.#file;
    if (file !== null && (file.handle !== null || file.day === dayOf(this.#now()))) {
      try {
        const flags = constants.O_WRONLY | constants.O_APPEND;
        const handle = (file.handle ??= await this.#access.open(file.path, flags, doing));
        const { nlink, size } = await this.#access.call(file.path, doing, () => handle.stat());
        // Somebody may have removed it, or written to it.
        if (nlink > 0 && size === file.size) return Object.assign(file, { handle });
      } catch (error) {
        if (this.#access.isHanging()) throw error;
      }
      await this.close();
    }
    return this.#create();
  }

  async #create(): Promise<OwnFile & { readonly handle: FileHandle }> {
    const now = this.#now();
    await this.#access.makeFolder(this.#dir);
    const path = join(this.#dir, newFileName(now));
    const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_EXCL;
    const handle = await this.#access.open(path, flags, "cannot be created");
    const file = { path, day: dayOf(now), size: 0, handle };
    try {
      await this.#access.syncFolder(this.#dir);
    } catch (error) {
      await this.#abandon(file);
      throw error;
    }
    this.#file = file;
    return file;
  }

  /** After a failed write or sync, nothing of the file is trusted any more. */
  async #abandon({ path, size, handle }: OwnFile & { readonly handle: FileHandle }): Promise<void> {
    this.#file = null;
    try {
      await this.#access.call(path, doing, () => (size === 0 ? unlink(path) : handle.truncate(size)));
    } catch {
      // Readers skip what is left of the append.
    }
    await this.#access.close(handle);
  }
}
