import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";

import { ArchiveError, unusable } from "./archive-error.ts";
import { startsLikeBatch, walkBatches, type Damage } from "./batches.ts";
import { fileState, type FileState } from "./file-state.ts";

/** Metrics can be confidential. */
const fileMode = 0o600;

/** The file of one day, open for appending. Only one may be open per file, in all processes: the lock sees to that. */
export class DayFile {
  readonly path: string;
  readonly #handle: FileHandle;
  /** Up to here everything is confirmed. */
  #size: number;
  /** A failed append could not be taken back. */
  #torn = false;

  private constructor(path: string, handle: FileHandle, size: number) {
    this.path = path;
    this.#handle = handle;
    this.#size = size;
  }

  /**
   * Opens the file or creates it. A torn end, left by a crash in the middle of an append, is cut off: that append was
   * never confirmed, so nothing of it was deleted. Damage with readable batches behind it stays as it is.
   * @param last the state in which it was closed by this process: then its end is whole, and is not looked for
   * @throws {@link ArchiveError}
   */
  static async open(
    path: string,
    tell: (damage: Damage) => void,
    last: FileState | null = null,
  ): Promise<DayFile> {
    let handle: FileHandle | null = null;
    try {
      handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND, fileMode);
      const state = fileState(await handle.stat({ bigint: true }));
      const { size } = state;
      const isKnown = last?.identity === state.identity && last.size === size;
      // Its name must not be lost in a crash when its content is not.
      if (size === 0) await syncFolder(dirname(path));
      return new DayFile(path, handle, isKnown ? size : await cutTornEnd(handle, size, tell));
    } catch (error) {
      await handle?.close();
      throw unusable(path, "cannot be opened for appending", error);
    }
  }

  /** Whether the name still leads to this file: someone may have removed or replaced it. */
  async isInPlace(): Promise<boolean> {
    const { nlink, size } = await this.#handle.stat();
    return nlink > 0 && size === this.#size && !this.#torn;
  }

  /**
   * Resolves when all bytes are on the disk. If it rejects, the file is as it was before.
   * @throws {@link ArchiveError}
   */
  async append(bytes: Buffer): Promise<void> {
    try {
      await this.#handle.appendFile(bytes);
      await this.#handle.datasync();
      this.#size += bytes.length;
    } catch (error) {
      await this.#takeBack();
      throw unusable(this.path, "cannot be appended to", error);
    }
  }

  /** @returns what to open it with the next time; null if its end may be torn */
  async close(): Promise<FileState | null> {
    const state = this.#torn ? null : fileState(await this.#handle.stat({ bigint: true }));
    await this.#handle.close();
    return state;
  }

  async #takeBack(): Promise<void> {
    try {
      await this.#handle.truncate(this.#size);
      await this.#handle.datasync();
    } catch {
      // Whoever opens it next cuts the rest off; readers leap over it.
      this.#torn = true;
    }
  }
}

/**
 * Cuts off what an interrupted append left: the beginning of a batch, with nothing behind it. Anything else that cannot
 * be read stays; it may be all that is left of something.
 * @returns the new size
 */
async function cutTornEnd(handle: FileHandle, size: number, tell: (damage: Damage) => void): Promise<number> {
  let torn: number | null = null;
  const batches = walkBatches(handle, size, (damage) => {
    tell(damage);
    torn = damage.nextOffset === null ? damage.offset : null;
  });
  for await (const batch of batches) void batch;
  const end = torn !== null && (await startsLikeBatch(handle, torn)) ? torn : size;
  if (end < size) {
    await handle.truncate(end);
    await handle.datasync();
  }
  return end;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } catch (error) {
    throw new ArchiveError("unusable", path, "a new file in it cannot be made to last", error);
  } finally {
    await folder.close();
  }
}
