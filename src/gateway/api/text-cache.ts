const slots = 1024;
/** Names of labels and metrics are shorter, as a rule. */
const maxLength = 64;

interface Entry {
  readonly bytes: Uint8Array;
  readonly text: string;
  /** The slot of what came after it the last time, and is likely to come again. */
  next: number;
}

/**
 * Decodes the same few texts over and over, as names of labels and metrics are: one that was seen lately costs no
 * allocation, and there is one copy of it in memory. Bounded, whatever is thrown at it.
 */
export class TextCache {
  readonly #entries: (Entry | undefined)[] = Array.from({ length: slots });
  #last: Entry = { bytes: new Uint8Array(0), text: "", next: 0 };

  /** The text of bytes that are known to be UTF-8. */
  decode(bytes: Buffer, start: number, end: number): string {
    const likely = this.#entries[this.#last.next];
    if (likely !== undefined && isEqual(likely.bytes, bytes, start, end)) {
      this.#last = likely;
      return likely.text;
    }
    if (end - start > maxLength) return bytes.toString("utf8", start, end);
    const slot = hash(bytes, start, end);
    const known = this.#entries[slot];
    const isKnown = known !== undefined && isEqual(known.bytes, bytes, start, end);
    const entry = isKnown ? known : copy(bytes, start, end);
    this.#entries[slot] = entry;
    this.#last.next = slot;
    this.#last = entry;
    return entry.text;
  }
}

function copy(bytes: Buffer, start: number, end: number): Entry {
  const copied = Uint8Array.prototype.slice.call(bytes, start, end);
  return { bytes: copied, text: bytes.toString("utf8", start, end), next: 0 };
}

function hash(bytes: Uint8Array, start: number, end: number): number {
  let sum = end - start;
  for (let at = start; at < end; at += 1) sum = (Math.imul(sum, 31) + (bytes[at] ?? 0)) | 0;
  return (sum ^ (sum >>> 10)) & (slots - 1);
}

function isEqual(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let at = 0; at < known.length; at += 1) if (known[at] !== bytes[start + at]) return false;
  return true;
}
