import { promisify } from "node:util";
import { createGzip, gzip } from "node:zlib";
import { once } from "node:events";

/**
 * One append to a file of the archive: a gzip member with one line per record and, if there are groups, a second one
 * with one line per group in the same order, all its metrics in it. `zcat` reads the file as one text.
 *
 * The first member has an extra field in its gzip header (RFC 1952), as BGZF does: the length of that member and of the
 * whole batch. So a reader that wants records only leaps over the metrics, and a batch that is not all there is known
 * without unpacking anything.
 */
export interface BatchHeader {
  readonly headLength: number;
  readonly batchLength: number;
}

/** A gzip header with no name and no time, and the extra field `PJ` of eight bytes. */
export const signature = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 12, 0, 0x50, 0x4a, 8, 0]);
export const headerLength = signature.length + 8;
const plainHeaderLength = 10;
const maxLength = 0xff_ff_ff_ff;

/**
 * Packs one batch. The metrics are packed line by line: unpacked they may be ten times as much.
 * @throws RangeError over 4 GiB
 */
export async function encodeBatch(records: readonly string[], wholes: Iterable<string>): Promise<Buffer> {
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

async function packLines(lines: Iterable<string>): Promise<Buffer> {
  const packer = createGzip();
  const chunks: Buffer[] = [];
  packer.on("data", (chunk: Buffer) => chunks.push(chunk));
  const ended = once(packer, "end");
  let count = 0;
  for (const line of lines) {
    count += 1;
    if (!packer.write(`${line}\n`)) await once(packer, "drain");
  }
  packer.end();
  await ended;
  return count === 0 ? Buffer.alloc(0) : Buffer.concat(chunks);
}

/** null if no batch starts with these bytes. */
export function decodeHeader(bytes: Buffer): BatchHeader | null {
  if (bytes.length < headerLength || !bytes.subarray(0, signature.length).equals(signature)) return null;
  const headLength = bytes.readUInt32LE(signature.length);
  const batchLength = bytes.readUInt32LE(signature.length + 4);
  return headLength >= headerLength && batchLength >= headLength ? { headLength, batchLength } : null;
}
