import { isUtf8 } from "node:buffer";

/** Whether bytes that come in chunks are UTF-8, also where a character is cut by the border of two chunks. */
export class Utf8Check {
  /** The beginning of a character whose rest is in the next chunk. */
  #cut: Uint8Array = new Uint8Array(0);

  /** False as soon as something cannot be UTF-8, whatever follows. */
  accepts(chunk: Uint8Array): boolean {
    const bytes = this.#cut.length === 0 ? chunk : Buffer.concat([this.#cut, chunk]);
    const end = bytes.length - cutLength(bytes);
    this.#cut = bytes.slice(end);
    return isUtf8(bytes.subarray(0, end));
  }

  isComplete(): boolean {
    return this.#cut.length === 0;
  }
}

/** How many bytes at the end are the beginning of a character: at most three. */
function cutLength(bytes: Uint8Array): number {
  for (let length = 1; length <= 3 && length <= bytes.length; length += 1) {
    const byte = bytes[bytes.length - length] ?? 0;
    if (byte < 0x80) return 0;
    // The first byte of a character tells its length: two, three or four bytes.
    if (byte >= 0xc0) return length < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? length : 0;
  }
  return 0;
}
