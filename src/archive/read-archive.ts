import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";

import { messageOf } from "../core/errors.ts";
import { isJsonObject, parseJsonObject, type JsonObject } from "../core/json.ts";
import { findArchiveFiles, type ArchiveFile } from "./archive-files.ts";
import { findBatch, readBatch, readGroupLines, type BatchRead, type ReadBytes } from "./batch.ts";
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
 * Reads an archive, a folder or one file of it: file after file in the order in which they were begun, each in the order in which it
 * was written. One batch at a time is in memory. Files may be written to meanwhile.
 * @throws {@link ArchiveError} if the folder cannot be read, or its file system hangs
 */
export async function* readArchive(path: string, onProblem: OnArchiveProblem): AsyncGenerator<RecordBatch> {
  const access = new FileAccess();
  yield* readFiles(await findArchiveFiles(path, access), onProblem, access);
}

/** As {@link readArchive}, every file from its byte on. A file that cannot be read is reported and skipped. */
export async function* readFiles(
  files: readonly ReadFrom[],
  onProblem: OnArchiveProblem,
  access: FileAccess,
): AsyncGenerator<RecordBatch> {
  for (const file of files) {
    let handle: FileHandle | null = null;
    try {
      handle = await access.open(file.path, constants.O_RDONLY, doing);
      yield* readBatches(file, handle, onProblem, access);
    } catch (error) {
      // No other one could be read either.
      if (!(error instanceof ArchiveError) || access.isHanging()) throw error;
      onProblem({ text: error.message, isLoss: true });
    } finally {
      if (handle !== null) await access.close(handle);
    }
  }
}

/** Exposed files are reported once for each access, which may read an archive in parts. */
const exposureReported = new WeakSet<FileAccess>();

async function* readBatches(
  { path, offset: start = 0 }: ReadFrom,
  handle: FileHandle,
  onProblem: OnArchiveProblem,
  access: FileAccess,
): AsyncGenerator<RecordBatch> {
  // Records that are appended from now on are not read.
  const { size, mode } = await access.call(path, doing, () => handle.stat());
  if ((mode & 0o006) !== 0 && !exposureReported.has(access)) {
    exposureReported.add(access);
    const text = `${path}: every user of this machine can read it (mode ${(mode & 0o777).toString(8)}), and perhaps other files of the archive: chmod o-rwx`;
    onProblem({ text, isLoss: false });
  }
  const read: ReadBytes = async (from, length) => {
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await access.call(path, doing, () => handle.read(buffer, 0, length, from));
    return buffer.subarray(0, bytesRead);
  };
  let offset = start;
  // Behind the head of the last batch: the length of its metrics may be wrong.
  let searchFrom = start;
  let damages = 0;
  while (offset < size) {
    const where = `${path}: byte ${offset}`;
    const batch = await readBatch(read, offset, size);
    if (batch.kind === "batch") {
      const { position, head } = batch;
      const end = offset + position.batchLength;
      yield {
        path,
        records: decodeRecords(head, where, onProblem),
        rawGroups: () => decodeRawGroups(readGroupLines(read, position, countLines(head)), where, onProblem),
        end,
      };
      searchFrom = offset + position.headLength;
      offset = end;
      continue;
    }
    let next = await findBatch(read, searchFrom, size);
    if (next === offset) next = await findBatch(read, offset + 1, size);
    const isLast = damages >= maxDamages;
    onProblem(describeDamage(where, batch, next, isLast));
    if (next === null || isLast) return;
    damages += 1;
    offset = next;
    searchFrom = next;
  }
}

function describeDamage(
  where: string,
  batch: Exclude<BatchRead, { kind: "batch" }>,
  next: number | null,
  isLast: boolean,
): ArchiveProblem {
  if (batch.kind === "torn" && next === null) {
    const text = `${where}: the file ends in the middle of a write, as after a crash; nothing of it had been deleted yet`;
    return { text, isLoss: false };
  }
  const why = batch.kind === "damaged" ? batch.why : "";
  const extent =
    next === null
      ? "damaged up to the end of the file"
      : isLast
        ? "there are too many damaged places before it; the rest is not read"
        : `damaged up to byte ${next}`;
  return { text: `${where}: ${extent}${why}`, isLoss: true };
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
