import { pipeline, Readable } from "node:stream";
import { pipeline as runPipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createGunzip, createGzip, gunzip, gunzipSync, gzip } from "node:zlib";

/**
 * One append to a file of the archive: a gzip member with one line per record and, if there are groups, a second one
 * with one line per group in the same order, all its metrics in it. `zcat` reads the file as one text.
 *
 * The first member, the head, has an extra field in its gzip header (RFC 1952), as BGZF does: the length of that member
 * and of both. So a reader of records skips the metrics, and an incomplete batch is recognized without unpacking anything.
 */
export interface BatchPosition {
  /** In its file. */
  readonly offset: number;
  readonly headLength: number;
  readonly batchLength: number;
}

/** Reads part of a file; returns fewer bytes where the file ends. */
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
 * Packs one batch. The groups are rendered and packed one by one: unpacked they may be ten times as large.
 * @throws RangeError for what could not be read again
 */
export async function encodeBatch(
  records: readonly string[],
  groups: readonly (() => string)[],
): Promise<Buffer> {
  const head = await promisify(gzip)(records.map((line) => `${line}\n`).join(""));
  const body = groups.length === 0 ? Buffer.alloc(0) : await packLines(groups);
  const headLength = head.length - plainHeaderLength + headerLength;
  const batchLength = headLength + body.length;
  if (batchLength > maxLength) throw new RangeError("a batch of over 4 GiB");
  const header = Buffer.alloc(headerLength);
  signature.copy(header);
  header.writeUInt32LE(headLength, signature.length);
  header.writeUInt32LE(batchLength, signature.length + 4);
  return Buffer.concat([header, head.subarray(plainHeaderLength), body]);
}

async function packLines(lines: readonly (() => string)[]): Promise<Buffer> {
  const chunks: Buffer[] = [];
  await runPipeline(
    function* () {
      for (const render of lines) {
        const line = render();
        if (Buffer.byteLength(line) > maxLineBytes)
          throw new RangeError(`a group takes more than ${maxLineBytes >> 20} MiB`);
        yield `${line}\n`;
      }
    },
    createGzip(),
    async (packed: AsyncIterable<Buffer>) => {
      for await (const chunk of packed) chunks.push(chunk);
    },
  );
  return Buffer.concat(chunks);
}

/** The result of reading a batch. */
export type BatchRead =
  /** @property head its unpacked lines */
  | { readonly kind: "batch"; readonly position: BatchPosition; readonly head: Buffer }
  /** The beginning of a batch that is longer than the rest of the file, as after a crash in the middle of a write. */
  | { readonly kind: "torn" }
  | { readonly kind: "damaged"; readonly why: string };

const torn: BatchRead = { kind: "torn" };

/** Reads the batch at `offset` of a file of `size` bytes, without its metrics. */
export async function readBatch(read: ReadBytes, offset: number, size: number): Promise<BatchRead> {
  // One read gets header and head of most batches: an archive has many thousands of them.
  const start = await read(offset, Math.min(usualHeadBytes, size - offset));
  const position = decodeHeader(start, offset);
  if (position === null) return isCutHeader(start) ? torn : { kind: "damaged", why: "" };
  const { headLength, batchLength } = position;
  if (offset + batchLength > size) return torn;
  if (headLength > maxUnpackedHead) return { kind: "damaged", why: "" };
  const limit = { maxOutputLength: maxUnpackedHead };
  try {
    const head =
      headLength <= start.length
        ? gunzipSync(start.subarray(0, headLength), limit)
        : await promisify(gunzip)(await read(offset, headLength), limit);
    return { kind: "batch", position, head };
  } catch (error) {
    const isTooLarge = error instanceof RangeError;
    const why = isTooLarge ? `, a batch there unpacks to more than ${maxUnpackedHead >> 20} MiB` : "";
    return { kind: "damaged", why };
  }
}

function decodeHeader(bytes: Buffer, offset: number): BatchPosition | null {
  if (bytes.length < headerLength || !bytes.subarray(0, signature.length).equals(signature)) return null;
  const headLength = bytes.readUInt32LE(signature.length);
  const batchLength = bytes.readUInt32LE(signature.length + 4);
  return headLength >= headerLength && batchLength >= headLength ? { offset, headLength, batchLength } : null;
}

/** Whether this is the beginning of a header, and nothing more. */
function isCutHeader(bytes: Buffer): boolean {
  const known = bytes.subarray(0, signature.length);
  return bytes.length < headerLength && known.equals(signature.subarray(0, known.length));
}

/** The offset of the next signature of a batch, from `from` on; null: there is none. */
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
 * The lines of a batch's second member, one per group. All of it is unpacked once before, because only the checksum at its end
 * proves that it is what was written.
 * @param count there are no more of them
 * @throws what zlib throws for damaged data; RangeError for more than was ever written
 */
export async function* readGroupLines(
  read: ReadBytes,
  { offset, headLength, batchLength }: BatchPosition,
  count: number,
): AsyncGenerator<string> {
  if (batchLength === headLength) return;
  const [start, end] = [offset + headLength, offset + batchLength];
  let total = 0;
  for await (const chunk of unpack(read, start, end)) {
    total += chunk.length;
    if (total > count * maxLineBytes) throw tooLarge();
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
    if (length > maxLineBytes) throw tooLarge();
  }
}

function tooLarge(): RangeError {
  return new RangeError(`more than ${maxLineBytes >> 20} MiB a group`);
}

/** Unpacks part of a file as it is read. */
async function* unpack(read: ReadBytes, start: number, end: number): AsyncGenerator<Buffer> {
  const unpacker = createGunzip();
  // Errors reach the reader through the unpacker.
  pipeline(Readable.from(readRange(read, start, end)), unpacker, () => {});
  yield* unpacker as AsyncIterable<Buffer>;
}

async function* readRange(read: ReadBytes, start: number, end: number): AsyncGenerator<Buffer> {
  for (let at = start; at < end; at += blockBytes) yield await read(at, Math.min(blockBytes, end - at));
}
