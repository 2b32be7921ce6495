import { constants, type Stats } from "node:fs";
import { lstat, mkdir, open, stat, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";

import { errorCode } from "../core/errors.ts";
import { ArchiveError } from "./archive-error.ts";

/** Metrics can be confidential. */
const fileMode = 0o600;
const folderMode = 0o700;

/**
 * The file system under an archive. It may be a network's: a call that takes too long is given up, and as long as it has not
 * returned, no other one is made, because each holds one of the few threads that Node has for files and names. Only regular
 * files are opened: no symbolic link is followed, and no pipe is waited for.
 */
export class FileAccess {
  readonly #limitSeconds: number;
  #hanging = 0;
  /** What could not be closed while a call was hanging. */
  readonly #toClose: FileHandle[] = [];

  /** @param limitSeconds how long one call may take */
  constructor(limitSeconds = 30) {
    this.#limitSeconds = limitSeconds;
  }

  /** Whether a call that was given up has not returned yet. */
  isHanging(): boolean {
    return this.#hanging > 0;
  }

  /**
   * One call.
   * @param doing for the message: `cannot be read`
   * @param discard takes a result that arrives when nobody waits for it any more
   * @throws {@link ArchiveError}
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
        void result.then(discard, () => {}).finally(() => this.#returned());
        reject(tooLate());
      }, this.#limitSeconds * 1000);
    });
    try {
      return await Promise.race([result, limit]);
    } catch (error) {
      throw inWords(path, doing, error);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Opens a regular file, or creates one.
   * @throws {@link ArchiveError}
   */
  async open(path: string, flags: number, doing: string): Promise<FileHandle> {
    const creates = (flags & constants.O_CREAT) !== 0;
    // Opening a device can already do something.
    if (!creates) expectRegular(path, doing, await this.call(path, doing, () => lstat(path)));
    const safe = flags | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const handle = await this.call(
      path,
      doing,
      () => open(path, safe, fileMode),
      (late) => void late.close(),
    );
    try {
      expectRegular(path, doing, await this.stat(path, handle, doing));
      return handle;
    } catch (error) {
      await this.close(handle);
      throw error;
    }
  }

  stat(path: string, handle: FileHandle, doing: string): Promise<Stats> {
    return this.call(path, doing, () => handle.stat());
  }

  /** Never rejects: what had to be safe on the disk was synced before. */
  async close(handle: FileHandle): Promise<void> {
    if (this.#hanging > 0) this.#toClose.push(handle);
    else await this.call("", "", () => handle.close()).catch(() => {});
  }

  #returned(): void {
    this.#hanging -= 1;
    if (this.#hanging > 0) return;
    for (const handle of this.#toClose.splice(0)) void this.close(handle);
  }

  /**
   * Makes a folder and those above it.
   * @throws {@link ArchiveError}
   */
  makeFolder(path: string): Promise<void> {
    return this.call(path, "cannot be created", () => makeFolder(path));
  }

  /**
   * Makes the name of a new file as lasting as its content.
   * @throws {@link ArchiveError}
   */
  async syncFolder(path: string): Promise<void> {
    const doing = "a new file in it cannot be made to last";
    const folder = await this.call(
      path,
      doing,
      () => open(path, constants.O_RDONLY | constants.O_DIRECTORY),
      (late) => void late.close(),
    );
    try {
      await this.call(path, doing, () => folder.sync().catch(ignoreMissingSync));
    } finally {
      await this.close(folder);
    }
  }
}

/** Some file systems of networks cannot sync a folder, and do not have to. */
function ignoreMissingSync(error: unknown): void {
  if (!["EINVAL", "ENOTSUP", "EOPNOTSUPP"].includes(errorCode(error) ?? "")) throw error;
}

function expectRegular(path: string, doing: string, stats: Stats): void {
  if (stats.isFile()) return;
  const what = stats.isSymbolicLink()
    ? "it is a symbolic link, which is not followed"
    : stats.isDirectory()
      ? "it is a folder"
      : "it is no regular file";
  throw new ArchiveError(path, `${doing}: ${what}`);
}

/** Node's own recursive mkdir never ends where a folder that is there takes no entries, like /proc (seen on Node 20). */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: folderMode });
  } catch (error) {
    if (errorCode(error) === "EEXIST" && (await stat(path)).isDirectory()) return;
    if (errorCode(error) !== "ENOENT" || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await mkdir(path, { mode: folderMode });
  }
}

const words: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "not permitted",
  EROFS: "the file system is read-only",
  ENOSPC: "no space left on the device",
  EDQUOT: "the disk quota is used up",
  ENOTDIR: "it is not a folder",
  ENOENT: "there is no such file or folder",
  EEXIST: "it is not a folder",
  EISDIR: "it is a folder",
  EMFILE: "too many open files",
};

function inWords(path: string, doing: string, error: unknown): ArchiveError {
  if (error instanceof ArchiveError) return error;
  const code = errorCode(error);
  const message = error instanceof Error ? error.message : String(error);
  return new ArchiveError(path, `${doing}: ${(code && words[code]) ?? message}`, error);
}
