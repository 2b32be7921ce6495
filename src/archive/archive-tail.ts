import { stat } from "node:fs/promises";

import { unusable } from "./archive-error.ts";
import { listArchiveFiles } from "./day-files.ts";
import { fileState, type FileState } from "./file-state.ts";
import { readArchiveFile, type Tell } from "./read-archive.ts";
import type { ArchiveRecord } from "./records.ts";

/** How far a file has been read. */
interface Mark extends FileState {
  /** Behind the last complete batch. */
  readonly offset: number;
}

/** Reads the records of an archive again and again, each time only those that were appended since. */
export class ArchiveTail {
  readonly #path: string;
  #marks: ReadonlyMap<string, Mark> = new Map();

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * The records since the last call, those of one write at a time. `onRestart` is called before them if what was read
   * earlier is no longer so, because a file is gone (past the retention, say) or was replaced: then all come again.
   * @throws {@link ArchiveError} the next call then starts where this one did
   */
  async *read(tell: Tell, onRestart: () => void): AsyncGenerator<readonly ArchiveRecord[]> {
    const present = await findFiles(this.#path);
    const restart = [...this.#marks].some(([path, mark]) => !goesOn(mark, present.get(path)));
    const before: ReadonlyMap<string, Mark> = restart ? new Map() : this.#marks;
    if (restart) onRestart();
    const marks = new Map<string, Mark>();
    for (const [path, { identity, size }] of present) {
      const mark = before.get(path);
      let offset = mark?.offset ?? 0;
      // Of the same size it is what it was, and so is the damage at its end that was told of.
      if (mark?.size !== size) {
        for await (const { records, end } of readArchiveFile(path, tell, offset)) {
          yield records;
          offset = end;
        }
      }
      marks.set(path, { identity, size, offset });
    }
    this.#marks = marks;
  }
}

function goesOn(mark: Mark, file: FileState | undefined): boolean {
  return file !== undefined && file.identity === mark.identity && file.size >= mark.offset;
}

async function findFiles(path: string): Promise<ReadonlyMap<string, FileState>> {
  const files = new Map<string, FileState>();
  for (const file of await listArchiveFiles(path)) {
    const stats = await stat(file, { bigint: true }).catch((error: unknown) => {
      throw unusable(file, "cannot be read", error);
    });
    files.set(file, fileState(stats));
  }
  return files;
}
