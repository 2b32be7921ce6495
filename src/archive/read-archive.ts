import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";

import { isJsonObject, type JsonObject } from "../core/json.ts";
import { ArchiveError } from "./archive-error.ts";
import { findArchiveFiles, type ArchiveFile } from "./archive-files.ts";
import {
  findBatch,
  readBatch,
  readWholes,
  type Batch,
  type BatchPosition,
  type Found,
  type ReadBytes,
} from "./batch.ts";
import { FileAccess } from "./file-access.ts";
import { decodeRecord, parseObject, type ArchiveRecord } from "./records.ts";

/** Something about an archive that people should know. Reading continues behind it. */
export interface ArchiveProblem {
  /** One sentence, with the file and the byte. */
  readonly text: string;
  /** Whether something that was archived cannot be read. */
  readonly isLoss: boolean;
}

export type Tell = (problem: ArchiveProblem) => void;

/** Records that were written together. */
export interface RecordBatch {
  readonly path: string;
  /** To be read once: they are decoded one by one. */
  readonly records: Iterable<ArchiveRecord>;
  /** The groups of the batch with all their metrics, in order. Only while the batch is the current one. */
  readonly wholes: () => AsyncIterable<ArchivedWhole>;
  /** Where the next batch of its file begins. */
  readonly end: number;
}

export interface ArchivedWhole {
  /** Of its record. */
  readonly id: string;
  /** As the API told it. */
  readonly group: JsonObject;
}

export interface ReadFrom extends ArchiveFile {
  /** A byte at which a batch begins; the first one by default. */
  readonly offset?: number;
}

/** Files with more damaged places, and batches with more lines that are no records, are not read to their end. */
const maxDamagedPlaces = 1000;
const maxBadLines = 100;
const maxOpenFiles = 32;
const doing = "cannot be read";

/**
 * Reads an archive, a folder or one file of it, oldest records first by the clocks of those who wrote them; the records of
 * one file come in the order in which they were written. One batch at a time is in memory. Files may be written to meanwhile.
 * @throws {@link ArchiveError} if the folder cannot be read, or its file system hangs
 */
export async function* readArchive(
  path: string,
  tell: Tell,
  access = new FileAccess(),
): AsyncGenerator<RecordBatch> {
  yield* readFiles(await findArchiveFiles(path, access), tell, access);
}

/**
 * As {@link readArchive}, every file from its byte on.
 * @param files in the order in which they were begun
 */
export async function* readFiles(
  files: readonly ReadFrom[],
  tell: Tell,
  access: FileAccess,
): AsyncGenerator<RecordBatch> {
  const shared: Shared = { access, tell, open: new Set(), exposureTold: false };
  const queue = new CursorQueue();
  let begun = 0;
  try {
    for (;;) {
      // No record is older than the name of its file.
      for (
        let file = files[begun];
        file !== undefined && file.startedAt <= queue.nextAt();
        file = files[begun]
      ) {
        const cursor = new Cursor(file, begun, shared);
        begun += 1;
        if (await cursor.advance()) queue.add(cursor);
      }
      const cursor = queue.take();
      if (cursor === undefined) return;
      const batch = await cursor.read();
      if (batch !== null) yield batch;
      if (await cursor.advance()) queue.add(cursor);
    }
  } finally {
    for (const cursor of shared.open) await cursor.close();
  }
}

/** The files that have been begun, by the time of their next batches. */
class CursorQueue {
  /** The next one last. */
  readonly #cursors: Cursor[] = [];

  /** Infinity: there is none. */
  nextAt(): number {
    return this.#cursors.at(-1)?.at ?? Number.POSITIVE_INFINITY;
  }

  take(): Cursor | undefined {
    return this.#cursors.pop();
  }

  /** Only the next one keeps its batch in memory: there may be thousands of files. */
  add(cursor: Cursor): void {
    const last = this.#cursors.at(-1);
    if (last === undefined || cursor.isBefore(last)) {
      last?.forget();
      this.#cursors.push(cursor);
      return;
    }
    cursor.forget();
    let [low, high] = [0, this.#cursors.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#cursors[middle]?.isBefore(cursor) === true) high = middle;
      else low = middle + 1;
    }
    this.#cursors.splice(low, 0, cursor);
  }
}

/** What the cursors of one reader have in common. */
interface Shared {
  readonly access: FileAccess;
  readonly tell: Tell;
  /** Those whose files are open, the one used last at the end. */
  readonly open: Set<Cursor>;
  exposureTold: boolean;
}

/** How far one file has been read. */
class Cursor {
  /** When the next batch was written, Unix seconds. */
  at: number;
  readonly #order: number;
  readonly #path: string;
  readonly #shared: Shared;
  #handle: FileHandle | null = null;
  /** When it was opened first: what is written later is not read. */
  #size: number | null = null;
  #offset: number;
  /** Behind the head of the last batch: the length of its metrics may be wrong, and lead astray. */
  #searchFrom: number;
  #damagedPlaces = 0;
  #next: BatchPosition | null = null;
  #batch: Batch | null = null;

  constructor({ path, startedAt, offset = 0 }: ReadFrom, order: number, shared: Shared) {
    this.at = startedAt;
    this.#order = order;
    this.#path = path;
    this.#shared = shared;
    this.#offset = offset;
    this.#searchFrom = offset;
  }

  isBefore(other: Cursor): boolean {
    return this.at < other.at || (this.at === other.at && this.#order < other.#order);
  }

  /** Finds the next batch; false: there is none. */
  async advance(): Promise<boolean> {
    const batch = await this.#orTell(() => this.#findNext());
    this.#batch = batch;
    this.#next = batch;
    if (batch === null) {
      await this.close();
      return false;
    }
    this.#offset = batch.offset + batch.batchLength;
    this.#searchFrom = batch.offset + batch.headLength;
    this.at = timeOf(batch.head) ?? this.at;
    return true;
  }

  forget(): void {
    this.#batch = null;
  }

  /** The batch that {@link advance} found. */
  async read(): Promise<RecordBatch | null> {
    const position = this.#next;
    const batch = this.#batch ?? (await this.#orTell(() => this.#readAgain(position)));
    this.#batch = null;
    if (position === null || batch === null) return null;
    const place = `${this.#path}: byte ${position.offset}`;
    const { tell } = this.#shared;
    const { head } = batch;
    return {
      path: this.#path,
      records: decodeLines(head, place, tell),
      wholes: () => decodeWholes(readWholes(this.#bytes, position, countLines(head)), place, tell),
      end: this.#offset,
    };
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    this.#shared.open.delete(this);
    if (handle !== null) await this.#shared.access.close(handle);
  }

  async #findNext(): Promise<Batch | null> {
    this.#size ??= await this.#measure();
    while (this.#offset < this.#size) {
      const offset = this.#offset;
      const found = await readBatch(this.#bytes, offset, this.#size);
      if (found.kind === "batch") return found.batch;
      const nextOffset = await this.#findStart(offset, this.#size);
      this.#tellDamage(found, offset, nextOffset);
      if (nextOffset === null || this.#damagedPlaces >= maxDamagedPlaces) return null;
      this.#damagedPlaces += 1;
      this.#offset = nextOffset;
      this.#searchFrom = nextOffset;
    }
    return null;
  }

  async #readAgain(position: BatchPosition | null): Promise<Batch | null> {
    if (position === null || this.#size === null) return null;
    const found = await readBatch(this.#bytes, position.offset, this.#size);
    return found.kind === "batch" ? found.batch : null;
  }

  /** Where the next batch may start, other than at `except`. */
  async #findStart(except: number, size: number): Promise<number | null> {
    const start = await findBatch(this.#bytes, this.#searchFrom, size);
    return start === except ? findBatch(this.#bytes, except + 1, size) : start;
  }

  #tellDamage(found: Exclude<Found, { kind: "batch" }>, offset: number, nextOffset: number | null): void {
    const place = `${this.#path}: byte ${offset}`;
    if (found.kind === "torn" && nextOffset === null) {
      const text = `${place}: the file ends in the middle of a write, as after a crash; nothing of it had been deleted yet`;
      this.#shared.tell({ text, isLoss: false });
      return;
    }
    const why = found.kind === "damaged" ? found.why : "";
    const extent =
      nextOffset === null
        ? "damaged up to the end of the file"
        : this.#damagedPlaces >= maxDamagedPlaces
          ? "there are too many damaged places before it; the rest is not read"
          : `damaged up to byte ${nextOffset}`;
    this.#shared.tell({ text: `${place}: ${extent}${why}`, isLoss: true });
  }

  readonly #bytes: ReadBytes = async (offset, length) => {
    const handle = await this.#open();
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await this.#shared.access.call(this.#path, doing, () =>
      handle.read(buffer, 0, length, offset),
    );
    return buffer.subarray(0, bytesRead);
  };

  async #measure(): Promise<number> {
    const handle = await this.#open();
    const { size, mode } = await this.#shared.access.stat(this.#path, handle, doing);
    if ((mode & 0o006) !== 0 && !this.#shared.exposureTold) {
      this.#shared.exposureTold = true;
      const text = `${this.#path}: every user of this machine can read it (mode ${(mode & 0o777).toString(8)}), and perhaps other files of the archive: chmod o-rwx`;
      this.#shared.tell({ text, isLoss: false });
    }
    return size;
  }

  async #open(): Promise<FileHandle> {
    const { access, open } = this.#shared;
    this.#handle ??= await access.open(this.#path, constants.O_RDONLY, doing);
    open.delete(this);
    open.add(this);
    for (const other of open) {
      if (open.size <= maxOpenFiles) break;
      await other.close();
    }
    return this.#handle;
  }

  /** A file that cannot be read is reported and skipped, unless no other one could be read either. */
  async #orTell<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ArchiveError) || this.#shared.access.isHanging()) throw error;
      this.#shared.tell({ text: error.message, isLoss: true });
      return null;
    }
  }
}

/** When the first record was written. */
function timeOf(head: Buffer): number | null {
  let lines = 0;
  for (const line of linesOf(head)) {
    const record = decodeRecord(line);
    if (record !== null && record !== "later") return record.at;
    if ((lines += 1) > maxBadLines) break;
  }
  return null;
}

/** One by one: of a hostile file there may be many millions, and all of them empty. */
function* linesOf(head: Buffer): Generator<string> {
  let start = 0;
  for (let end = head.indexOf(10); end >= 0; end = head.indexOf(10, start)) {
    yield head.toString("utf8", start, end);
    start = end + 1;
  }
}

function countLines(head: Buffer): number {
  let lines = 0;
  for (let at = head.indexOf(10); at >= 0; at = head.indexOf(10, at + 1)) lines += 1;
  return lines;
}

function* decodeLines(head: Buffer, place: string, tell: Tell): Generator<ArchiveRecord> {
  let line = 0;
  let bad = 0;
  for (const text of linesOf(head)) {
    line += 1;
    const record = decodeRecord(text);
    if (record === "later") continue;
    if (record !== null) yield record;
    else if ((bad += 1) <= maxBadLines) {
      tell({ text: `${place}: line ${line} of the batch there is no record of an archive`, isLoss: true });
    } else {
      tell({
        text: `${place}: too many lines there are no records; its other lines are not read`,
        isLoss: true,
      });
      return;
    }
  }
}

async function* decodeWholes(
  lines: AsyncIterable<string>,
  place: string,
  tell: Tell,
): AsyncGenerator<ArchivedWhole> {
  let bad = 0;
  try {
    for await (const line of lines) {
      const value = parseObject(line);
      const [id, group] = [value?.["id"], value?.["group"]];
      if (typeof id === "string" && isJsonObject(group)) yield { id, group };
      else {
        tell({ text: `${place}: the metrics of a group there cannot be read`, isLoss: true });
        if ((bad += 1) > maxBadLines) return;
      }
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    tell({ text: `${place}: the metrics there are damaged: ${message}`, isLoss: true });
  }
}
