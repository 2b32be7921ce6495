import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";

import { messageOf } from "../core/errors.ts";
import { isJsonObject, parseJsonObject, type JsonObject } from "../core/json.ts";
import { findArchiveFiles, type ArchiveFile } from "./archive-files.ts";
import {
  findBatch,
  readBatch,
  readGroupLines,
  type BatchPosition,
  type BatchRead,
  type ReadBytes,
} from "./batch.ts";
import { ArchiveError, FileAccess } from "./file-access.ts";
import { decodeRecord, type ArchiveRecord } from "./records.ts";

/** A fault of an archive that people should know. Reading continues behind it. */
export interface ArchiveProblem {
  /** One sentence, with the file and the byte. */
  readonly text: string;
  /** Whether something that was archived cannot be read. */
  readonly isLoss: boolean;
}

export type OnArchiveProblem = (problem: ArchiveProblem) => void;

/** Records that were written together. */
export interface RecordBatch {
  readonly path: string;
  /** To be read once: they are decoded one by one. */
  readonly records: Iterable<ArchiveRecord>;
  /** The groups of the batch with all their metrics, in order. Only while the batch is the current one. */
  readonly rawGroups: () => AsyncIterable<StoredMetrics>;
  /** The byte at which the next batch of its file begins. */
  readonly end: number;
}

/** A group as the API returned it. */
interface StoredMetrics {
  /** Of its record. */
  readonly id: string;
  readonly raw: JsonObject;
}

export interface ReadFrom extends ArchiveFile {
  /** A byte at which a batch begins; the first one by default. */
  readonly offset?: number;
}

/** Files with more damaged parts, and batches with more lines that are no records, are not read to their end. */
const maxDamages = 1000;
const maxBadLines = 100;
const doing = "cannot be read";

/**
 * Reads an archive, a folder or one file of it, oldest records first by the clocks of their writers; the records of one file
 * come in the order in which they were written. One batch at a time is in memory. Files may be written to meanwhile.
 * @throws {@link ArchiveError} if the folder cannot be read, or its file system hangs
 */
export async function* readArchive(path: string, onProblem: OnArchiveProblem): AsyncGenerator<RecordBatch> {
  const access = new FileAccess();
  yield* readFiles(await findArchiveFiles(path, access), onProblem, access);
}

/**
 * As {@link readArchive}, every file from its byte on.
 * @param files in the order in which they were begun
 */
export async function* readFiles(
  files: readonly ReadFrom[],
  onProblem: OnArchiveProblem,
  access: FileAccess,
): AsyncGenerator<RecordBatch> {
  const shared: Shared = { access, onProblem, open: null };
  /** Of the files that have been begun, by the time of their next batches: the next one is last. */
  const cursors: FileCursor[] = [];
  const advance = async (cursor: FileCursor): Promise<void> => {
    if (!(await cursor.advance())) return;
    cursors.splice(cursors.findLastIndex(({ at }) => at > cursor.at) + 1, 0, cursor);
  };
  const unread = files.values();
  let file = unread.next().value;
  try {
    for (;;) {
      // No record is older than the name of its file.
      while (file !== undefined && file.startedAt <= (cursors.at(-1)?.at ?? Number.POSITIVE_INFINITY)) {
        await advance(new FileCursor(file, shared));
        file = unread.next().value;
      }
      const cursor = cursors.pop();
      if (cursor === undefined) return;
      const batch = await cursor.read();
      if (batch !== null) yield batch;
      await advance(cursor);
    }
  } finally {
    await shared.open?.close();
  }
}

/** Shared by the cursors of one reader. */
interface Shared {
  readonly access: FileAccess;
  readonly onProblem: OnArchiveProblem;
  /** The one whose file is open: there may be thousands of files. */
  open: FileCursor | null;
}

/** Exposed files are reported once for each access, which may read an archive in parts. */
const exposureReported = new WeakSet<FileAccess>();

/** How far one file has been read. It keeps no batch in memory, as there may be thousands of files. */
class FileCursor {
  /** When the next batch was written, Unix seconds. */
  at: number;
  readonly #path: string;
  readonly #shared: Shared;
  #handle: FileHandle | null = null;
  /** When it was opened first: later batches are not read. */
  #size: number | null = null;
  #offset: number;
  /** Behind the head of the last batch: the length of its metrics may be wrong. */
  #searchFrom: number;
  #damages = 0;
  #next: BatchPosition | null = null;

  constructor({ path, startedAt, offset = 0 }: ReadFrom, shared: Shared) {
    this.at = startedAt;
    this.#path = path;
    this.#shared = shared;
    this.#offset = offset;
    this.#searchFrom = offset;
  }

  /** Finds the next batch; false: there is none. */
  async advance(): Promise<boolean> {
    const found = await this.#orReport(() => this.#findNext());
    if (found === null) {
      await this.close();
      return false;
    }
    const { position, head } = found;
    this.#next = position;
    this.#offset = position.offset + position.batchLength;
    this.#searchFrom = position.offset + position.headLength;
    this.at = timeOf(head) ?? this.at;
    return true;
  }

  /** The batch that {@link advance} found. */
  async read(): Promise<RecordBatch | null> {
    const [position, size] = [this.#next, this.#size];
    if (position === null || size === null) return null;
    const batch = await this.#orReport(() => readBatch(this.#bytes, position.offset, size));
    if (batch?.kind !== "batch") return null;
    const { head } = batch;
    const { onProblem } = this.#shared;
    const where = `${this.#path}: byte ${position.offset}`;
    return {
      path: this.#path,
      records: decodeRecords(head, where, onProblem),
      rawGroups: () =>
        decodeRawGroups(readGroupLines(this.#bytes, position, countLines(head)), where, onProblem),
      end: this.#offset,
    };
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    if (this.#shared.open === this) this.#shared.open = null;
    if (handle !== null) await this.#shared.access.close(handle);
  }

  async #findNext(): Promise<Extract<BatchRead, { kind: "batch" }> | null> {
    this.#size ??= await this.#measure();
    while (this.#offset < this.#size) {
      const offset = this.#offset;
      const batch = await readBatch(this.#bytes, offset, this.#size);
      if (batch.kind === "batch") return batch;
      let next = await findBatch(this.#bytes, this.#searchFrom, this.#size);
      if (next === offset) next = await findBatch(this.#bytes, offset + 1, this.#size);
      this.#reportDamage(batch, next);
      if (next === null || this.#damages >= maxDamages) return null;
      this.#damages += 1;
      this.#offset = next;
      this.#searchFrom = next;
    }
    return null;
  }

  #reportDamage(batch: Exclude<BatchRead, { kind: "batch" }>, next: number | null): void {
    const { onProblem } = this.#shared;
    const where = `${this.#path}: byte ${this.#offset}`;
    if (batch.kind === "torn" && next === null) {
      const text = `${where}: the file ends in the middle of a write, as after a crash; nothing of it had been deleted yet`;
      onProblem({ text, isLoss: false });
      return;
    }
    const why = batch.kind === "damaged" ? batch.why : "";
    const extent =
      next === null
        ? "damaged up to the end of the file"
        : this.#damages >= maxDamages
          ? "there are too many damaged places before it; the rest is not read"
          : `damaged up to byte ${next}`;
    onProblem({ text: `${where}: ${extent}${why}`, isLoss: true });
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
    const { size, mode } = await this.#shared.access.call(this.#path, doing, () => handle.stat());
    if ((mode & 0o006) !== 0 && !exposureReported.has(this.#shared.access)) {
      exposureReported.add(this.#shared.access);
      const text = `${this.#path}: every user of this machine can read it (mode ${(mode & 0o777).toString(8)}), and perhaps other files of the archive: chmod o-rwx`;
      this.#shared.onProblem({ text, isLoss: false });
    }
    return size;
  }

  async #open(): Promise<FileHandle> {
    if (this.#handle !== null) return this.#handle;
    await this.#shared.open?.close();
    this.#handle = await this.#shared.access.open(this.#path, constants.O_RDONLY, doing);
    this.#shared.open = this;
    return this.#handle;
  }

  /** A file that cannot be read is reported and skipped, unless no other one could be read either. */
  async #orReport<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ArchiveError) || this.#shared.access.isHanging()) throw error;
      this.#shared.onProblem({ text: error.message, isLoss: true });
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

/** One by one: a hostile file may have many millions of them, all empty. */
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

function* decodeRecords(head: Buffer, where: string, onProblem: OnArchiveProblem): Generator<ArchiveRecord> {
  let line = 0;
  let bad = 0;
  for (const text of linesOf(head)) {
    line += 1;
    const record = decodeRecord(text);
    if (record === "later") continue;
    if (record !== null) {
      yield record;
      continue;
    }
    bad += 1;
    const isLast = bad > maxBadLines;
    const what = isLast
      ? "too many lines there are no records; its other lines are not read"
      : `line ${line} of the batch there is no record of an archive`;
    onProblem({ text: `${where}: ${what}`, isLoss: true });
    if (isLast) return;
  }
}

async function* decodeRawGroups(
  lines: AsyncIterable<string>,
  where: string,
  onProblem: OnArchiveProblem,
): AsyncGenerator<StoredMetrics> {
  let bad = 0;
  try {
    for await (const line of lines) {
      const value = parseJsonObject(line);
      const [id, raw] = [value?.["id"], value?.["group"]];
      if (typeof id === "string" && isJsonObject(raw)) yield { id, raw };
      else {
        onProblem({ text: `${where}: the metrics of a group there cannot be read`, isLoss: true });
        if ((bad += 1) > maxBadLines) return;
      }
    }
  } catch (error) {
    const message = messageOf(error);
    onProblem({ text: `${where}: the metrics there are damaged: ${message}`, isLoss: true });
  }
}
