import { constants } from "node:fs";
import { lstat, mkdir, open, stat, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";

import { errorCode, explainFileError } from "../core/errors.ts";

/** Why the archive does not do what was asked. The message reads `PATH: what happened`. */
export class ArchiveError extends Error {
  override readonly name = "ArchiveError";

  constructor(path: string, what: string, cause?: unknown) {
    super(`${path}: ${what}`, cause === undefined ? undefined : { cause });
  }
}

/** Metrics can be confidential. */
const fileMode = 0o600;
const folderMode = 0o700;

/**
 * The file system under an archive, perhaps a network's. A call that takes too long is given up, and none is made until it has
 * returned, because each holds one of the few threads that Node has for files and names. Only regular files are opened, no
 * symbolic links and no pipes. Every method but `close` rejects with {@link ArchiveError}.
 */
export class FileAccess {
  readonly #limitSeconds: number;
  #hanging = 0;

  /** @param limitSeconds the longest that one call may take */
  constructor(limitSeconds = 30) {
    this.#limitSeconds = limitSeconds;
  }

  /** Whether a call that was given up has not returned yet. */
  isHanging(): boolean {
    return this.#hanging > 0;
  }

  /**
   * Makes one call.
   * @param doing for the message: `cannot be read`
   * @param discard takes a result that arrives after the limit
   */
  async call<T>(
    path: string,
    doing: string,
    work: () => Promise<T>,
    discard: (result: T) => void = () => {},
  ): Promise<T> {
    const tooLate = (): ArchiveError =>
      new ArchiveError(path, `${doing}: its file system did not answer within ${this.#limitSeconds} s`);
    if (this.#hanging > 0) throw tooLate();
    const result = work();
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.#hanging += 1;
        void result.then(discard, () => {}).finally(() => (this.#hanging -= 1));
        reject(tooLate());
      }, this.#limitSeconds * 1000);
    });
    try {
      return await Promise.race([result, limit]);
    } catch (error) {
      if (error instanceof ArchiveError) throw error;
      const isMissing = errorCode(error) === "ENOENT";
      const why = isMissing ? "there is no such file or folder" : explainFileError(error);
      throw new ArchiveError(path, `${doing}: ${why}`, error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Opens a regular file, or creates one. */
  async open(path: string, flags: number, doing: string): Promise<FileHandle> {
    const creates = (flags & constants.O_CREAT) !== 0;
    // Opening a device can already do something.
    if (!creates) await this.#expectRegular(path, doing, () => lstat(path));
    const safe = flags | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const handle = await this.#openPath(path, doing, safe);
    try {
      await this.#expectRegular(path, doing, () => handle.stat());
      return handle;
    } catch (error) {
      await this.close(handle);
      throw error;
    }
  }

  /** Never rejects: what had to be safe on the disk was synced before. While a call hangs, it is not waited for. */
  async close(handle: FileHandle): Promise<void> {
    const closed = handle.close().catch(() => {});
    await this.call("", "", () => closed).catch(() => {});
  }

  /** Makes a folder and those above it. */
  makeFolder(path: string): Promise<void> {
    return this.call(path, "cannot be created", () => makeFolder(path));
  }

  /** Makes the name of a new file as durable as its content. */
  async syncFolder(path: string): Promise<void> {
    const doing = "a new file in it cannot be made to last";
    const folder = await this.#openPath(path, doing, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await this.call(path, doing, () => folder.sync().catch(ignoreMissingSync));
    } finally {
      await this.close(folder);
    }
  }

  #openPath(path: string, doing: string, flags: number): Promise<FileHandle> {
    return this.call(
      path,
      doing,
      () => open(path, flags, fileMode),
      (late) => void late.close(),
    );
  }

  async #expectRegular(path: string, doing: string, measure: () => ReturnType<typeof lstat>): Promise<void> {
    const stats = await this.call(path, doing, measure);
    if (stats.isFile()) return;
    const what = stats.isSymbolicLink()
      ? "it is a symbolic link, which is not followed"
      : stats.isDirectory()
        ? "it is a folder"
        : "it is no regular file";
    throw new ArchiveError(path, `${doing}: ${what}`);
  }
}

/** Some file systems of networks cannot sync a folder, and do not have to. */
function ignoreMissingSync(error: unknown): void {
  if (!["EINVAL", "ENOTSUP", "EOPNOTSUPP"].includes(errorCode(error) ?? "")) throw error;
}

/** Node's own recursive mkdir never ends in an existing folder that takes no entries, like /proc (seen on Node 20). */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: folderMode });
  } catch (error) {
    if (errorCode(error) === "EEXIST") {
      if ((await stat(path)).isDirectory()) return;
      throw new Error("it is not a folder", { cause: error });
    }
    if (errorCode(error) !== "ENOENT" || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await mkdir(path, { mode: folderMode });
  }
}
