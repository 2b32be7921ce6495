import { once } from "node:events";
import { pipeline, Readable } from "node:stream";
import { promisify } from "node:util";
import { createGunzip, createGzip, gunzipSync, gzip } from "node:zlib";

/**
 * One append to a file of the archive: a gzip member with one line per record and, if there are groups, a second one
 * with one line per group in the same order, all its metrics in it. `zcat` reads the file as one text.
 *
 * The first member, the head, has an extra field in its gzip header (RFC 1952), as BGZF does: the length of that member
 * and of the whole batch. So a reader that wants records only skips the metrics, and a batch that is not complete is
 * recognized without unpacking anything.
 */
export interface BatchHeader {
  readonly headLength: number;
  readonly batchLength: number;
}

/** Where a batch is in its file. */
export interface BatchPosition extends BatchHeader {
  readonly offset: number;
}

/** A complete batch. */
export interface Batch extends BatchPosition {
  /** The unpacked lines of its head. */
  readonly head: Buffer;
}

/** Reads part of a file; what is returned is shorter where the file ends. */
export type ReadBytes = (offset: number, length: number) => Promise<Buffer>;

/** A gzip header with no name and no time, and the extra field `PJ` of eight bytes. */
const signature = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 12, 0, 0x50, 0x4a, 8, 0]);
const headerLength = signature.length + 8;
const plainHeaderLength = 10;
const maxLength = 0xff_ff_ff_ff;

/** A few kilobytes of gzip can unpack to gigabytes. Writers stay far below: see `maxHeadBytes` in archive-writer.ts. */
const maxUnpackedHead = 64 * 1024 * 1024;
/** Of one group with all its metrics. */
const maxLineBytes = 64 * 1024 * 1024;
const usualHeadBytes = 4096;
const blockBytes = 64 * 1024;

/**
 * Packs one batch. The metrics are rendered and packed line by line: unpacked they may be ten times as much.
 * @throws RangeError for what could not be read again
 */
export async function encodeBatch(
  records: readonly string[],
  wholes: Iterable<() => string>,
): Promise<Buffer> {
  const head = await promisify(gzip)(records.map((line) => `${line}\n`).join(""));
  const body = await packLines(wholes);
  const headLength = head.length - plainHeaderLength + headerLength;
  const batchLength = headLength + body.length;
  if (batchLength > maxLength) throw new RangeError("a batch of over 4 GiB");
  const header = Buffer.alloc(headerLength);
  signature.copy(header);
  header.writeUInt32LE(headLength, signature.length);
  header.writeUInt32LE(batchLength, signature.length + 4);
  return Buffer.concat([header, head.subarray(plainHeaderLength), body]);
}

async function packLines(lines: Iterable<() => string>): Promise<Buffer> {
  const packer = createGzip();
  const chunks: Buffer[] = [];
  packer.on("data", (chunk: Buffer) => chunks.push(chunk));
  const ended = once(packer, "end");
  let count = 0;
  for (const render of lines) {
    const line = render();
    count += 1;
    if (Buffer.byteLength(line) > maxLineBytes)
      throw new RangeError(`a group takes more than ${maxLineBytes >> 20} MiB`);
    if (!packer.write(`${line}\n`)) await once(packer, "drain");
  }
  packer.end();
  await ended;
  return count === 0 ? Buffer.alloc(0) : Buffer.concat(chunks);
}

/** What is at a place of a file where a batch should begin. */
export type Found =
  | { readonly kind: "batch"; readonly batch: Batch }
  /** The beginning of a batch that is longer than the rest of the file: a crash in the middle of a write leaves that. */
  | { readonly kind: "torn" }
  | { readonly kind: "damaged"; readonly why: string };

/** Reads the batch at `offset` of a file of `size` bytes, without its metrics. */
export async function readBatch(read: ReadBytes, offset: number, size: number): Promise<Found> {
  // One read gets header and head of most batches: an archive has many thousands of them.
  const start = await read(offset, Math.min(usualHeadBytes, size - offset));
  const header = decodeHeader(start);
  if (header === null) return isCutHeader(start) ? torn : damaged("");
  const { headLength, batchLength } = header;
  if (offset + batchLength > size) return torn;
  try {
    const head =
      headLength <= start.length
        ? gunzipSync(start.subarray(0, headLength), { maxOutputLength: maxUnpackedHead })
        : await collect(unpack(read, offset, offset + headLength), maxUnpackedHead);
    return { kind: "batch", batch: { offset, headLength, batchLength, head } };
  } catch (error) {
    const isTooLarge = error instanceof RangeError;
    return damaged(isTooLarge ? `, a batch there unpacks to more than ${maxUnpackedHead >> 20} MiB` : "");
  }
}

const torn: Found = { kind: "torn" };

function damaged(why: string): Found {
  return { kind: "damaged", why };
}

function decodeHeader(bytes: Buffer): BatchHeader | null {
  if (bytes.length < headerLength || !bytes.subarray(0, signature.length).equals(signature)) return null;
  const headLength = bytes.readUInt32LE(signature.length);
  const batchLength = bytes.readUInt32LE(signature.length + 4);
  return headLength >= headerLength && batchLength >= headLength ? { headLength, batchLength } : null;
}

/** Whether this is the beginning of a header, and nothing more. */
function isCutHeader(bytes: Buffer): boolean {
  const known = bytes.subarray(0, signature.length);
  return bytes.length < headerLength && known.equals(signature.subarray(0, known.length));
}

/** Where the next batch may start, from `from` on; null: nowhere. */
export async function findBatch(read: ReadBytes, from: number, size: number): Promise<number | null> {
  for (let start = from; start < size; start += blockBytes) {
    // Blocks overlap, or a start on their border would be missed.
    const block = await read(start, blockBytes + signature.length - 1);
    const at = block.indexOf(signature);
    if (at >= 0) return start + at;
  }
  return null;
}

/**
 * The lines of a batch's second member, one per group. All of it is unpacked once before, because only its end tells
 * whether it is what was written.
 * @param count there are no more of them
 * @throws what zlib throws for damaged data; RangeError for more than was ever written
 */
export async function* readWholes(
  read: ReadBytes,
  { offset, headLength, batchLength }: BatchPosition,
  count: number,
): AsyncGenerator<string> {
  if (batchLength === headLength) return;
  const [start, end] = [offset + headLength, offset + batchLength];
  let total = 0;
  for await (const chunk of unpack(read, start, end)) {
    total += chunk.length;
    if (total > count * maxLineBytes) throw new RangeError(`more than ${maxLineBytes >> 20} MiB a group`);
  }
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of unpack(read, start, end)) {
    let from = 0;
    for (let to = chunk.indexOf(10); to >= 0; to = chunk.indexOf(10, from)) {
      parts.push(chunk.subarray(from, to));
      yield Buffer.concat(parts).toString("utf8");
      parts = [];
      length = 0;
      from = to + 1;
    }
    parts.push(chunk.subarray(from));
    length += chunk.length - from;
    if (length > maxLineBytes) throw new RangeError(`more than ${maxLineBytes >> 20} MiB a group`);
  }
}

async function collect(chunks: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    length += chunk.length;
    if (length > maxBytes) throw new RangeError("too large");
  }
  return Buffer.concat(parts);
}

/** Unpacks a part of a file as it is read: of one that claims to be large, and is none, only the start is read. */
async function* unpack(read: ReadBytes, start: number, end: number): AsyncGenerator<Buffer> {
  const unpacker = createGunzip();
  // Errors reach the reader through the unpacker.
  pipeline(Readable.from(readRange(read, start, end)), unpacker, () => {});
  yield* unpacker as AsyncIterable<Buffer>;
}

async function* readRange(read: ReadBytes, start: number, end: number): AsyncGenerator<Buffer> {
  for (let at = start; at < end; at += blockBytes) yield await read(at, Math.min(blockBytes, end - at));
}
