import type { FileHandle } from "node:fs/promises";
import { pipeline, Readable } from "node:stream";
import { promisify } from "node:util";
import { createGunzip, gunzip, gunzipSync } from "node:zlib";

import { decodeHeader, headerLength, signature, type BatchHeader } from "./batch.ts";

/** A complete batch of a file. */
export interface Batch extends BatchHeader {
  /** Of its first byte in the file. */
  readonly offset: number;
  /** The lines of its first member. */
  readonly lines: readonly string[];
}

/** A part of a file that is no complete batch. */
export interface Damage {
  readonly offset: number;
  /** Where the next batch starts; null: none does, this is a torn end, as a crash in the middle of a write leaves it. */
  readonly nextOffset: number | null;
}

/** Records take a few hundred bytes; what unpacks to more than this is not an archive. */
const maxHeadBytes = 512 * 1024 * 1024;
const usualHeadBytes = 4096;

/**
 * Walks over the batches of a file, from `start`, where one begins, to `size`. What is damaged is told and leapt over, to the
 * next place where a batch starts.
 */
export async function* walkBatches(
  file: FileHandle,
  size: number,
  tell: (damage: Damage) => void,
  start = 0,
): AsyncGenerator<Batch> {
  let offset = start;
  // A wrong length in the header leads astray: then the search starts behind the part that is known to be right.
  let searchFrom = start;
  while (offset < size) {
    const batch = await readBatch(file, offset, size);
    if (batch !== null) {
      yield batch;
      searchFrom = offset + batch.headLength;
      offset += batch.batchLength;
      continue;
    }
    const from: number = Math.max(searchFrom, searchFrom === offset ? offset + 1 : 0);
    const nextOffset = await findSignature(file, from, size, offset);
    tell({ offset, nextOffset });
    if (nextOffset === null) return;
    offset = nextOffset;
    searchFrom = nextOffset;
  }
}

async function readBatch(file: FileHandle, offset: number, size: number): Promise<Batch | null> {
  // One read brings header and head of most batches: an archive has many thousands of them.
  const start = await readBytes(file, offset, usualHeadBytes);
  const header = decodeHeader(start.subarray(0, headerLength));
  if (header === null || offset + header.batchLength > size) return null;
  const { headLength } = header;
  try {
    const head =
      headLength <= start.length
        ? gunzipSync(start.subarray(0, headLength), { maxOutputLength: maxHeadBytes })
        : await promisify(gunzip)(await readBytes(file, offset, headLength), {
            maxOutputLength: maxHeadBytes,
          });
    return { ...header, offset, lines: head.toString("utf8").split("\n").slice(0, -1) };
  } catch {
    return null;
  }
}

/** Whether a batch begins there, be it cut off after its first byte. */
export async function startsLikeBatch(file: FileHandle, offset: number): Promise<boolean> {
  const bytes = await readBytes(file, offset, signature.length);
  return bytes.length > 0 && bytes.equals(signature.subarray(0, bytes.length));
}

async function readBytes(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
  return buffer.subarray(0, bytesRead);
}

/** Not a read stream: each would leave a listener behind on the file's handle. */
async function* readRange(file: FileHandle, start: number, end: number): AsyncGenerator<Buffer> {
  for (let at = start; at < end; at += blockBytes)
    yield await readBytes(file, at, Math.min(blockBytes, end - at));
}

const blockBytes = 64 * 1024;
const searchBytes = 1024 * 1024;

/** The first start of a batch from `from` on, other than `except`. */
async function findSignature(
  file: FileHandle,
  from: number,
  size: number,
  except: number,
): Promise<number | null> {
  for (let start = from; start < size; start += searchBytes) {
    // Blocks overlap, or a start on their border would be missed.
    const block = await readBytes(file, start, searchBytes + signature.length - 1);
    for (let at = block.indexOf(signature); at >= 0; at = block.indexOf(signature, at + 1)) {
      if (start + at !== except) return start + at;
    }
  }
  return null;
}

/**
 * The lines of a batch's second member, one per group.
 * @throws what zlib throws for damaged data
 */
export async function* readWholes(
  file: FileHandle,
  { offset, headLength, batchLength }: Batch,
): AsyncGenerator<string> {
  if (batchLength === headLength) return;
  const packed = Readable.from(readRange(file, offset + headLength, offset + batchLength));
  const unpacker = createGunzip();
  // Errors reach the reader through the unpacker.
  pipeline(packed, unpacker, () => {});
  let parts: Buffer[] = [];
  for await (const chunk of unpacker as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      parts.push(chunk.subarray(start, end));
      yield Buffer.concat(parts).toString("utf8");
      parts = [];
      start = end + 1;
    }
    parts.push(chunk.subarray(start));
  }
}
