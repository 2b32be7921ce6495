import { isUtf8 } from "node:buffer";

/** Called for what the scanner finds, in the order of the bytes. */
export interface JsonVisitor {
  /** A member of the current object; its value comes next. A name or text that was cut still has more than `maxTextLength` characters. */
  key(name: string): void;
  /** Whether the string that begins now is wanted as a text: others cost nothing. */
  wantsText(): boolean;
  /** A string that was wanted. */
  text(text: string): void;
  /** @param literal a number, `true`, `false` or `null`; left out for a string that was not wanted */
  scalar(literal?: string): void;
  /**
   * An object or a list begins with the byte at `offset` of the chunk. Like `close`, it returns whether the direct
   * members of the current one are of interest: if not, the visitor is only called for objects and lists.
   */
  open(isList: boolean, offset: number): boolean;
  /** The current one ended with the byte before `offset`. */
  close(offset: number): boolean;
}

/** These bytes are not JSON. */
export class JsonError extends Error {
  override readonly name = "JsonError";
  /** Of the first byte that cannot be; the length of the input if it is cut off. */
  readonly offset: number;

  constructor(what: string, offset: number) {
    super(`not valid JSON at byte ${offset}: ${what}`);
    this.offset = offset;
  }
}

/** Deeper than anything that the scanner is used for; a bound for the hostile. */
export const maxDepth = 64;
/** Numbers and literals; JSON sets no limit. */
const maxBareLength = 1024;
/** Names and texts: what is longer is cut. A character takes six bytes at most, as `\u0061`. */
export const maxTextLength = 16 * 1024;
const maxTextBytes = 6 * (maxTextLength + 1);

const quote = 0x22;
const backslash = 0x5c;

/** By byte: 1 for a quote, a backslash and control characters, which are not allowed in a string. */
const endsPlainText = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte === quote || byte === backslash || byte < 0x20 ? 1 : 0,
);

/** What may come next, outside of strings, numbers and literals. Numbers, because they are compared for every byte. */
const value = 0;
const valueOrEnd = 1;
const key = 2;
const keyOrEnd = 3;
const colon = 4;
const commaOrEnd = 5;
const nothing = 6;

/**
 * Reads JSON as it arrives, in chunks cut anywhere, and keeps nothing of it but the names and texts that the visitor
 * asks for. Accepts exactly what `JSON.parse` does of UTF-8 (RFC 8259), up to a depth of {@link maxDepth}.
 *
 * Tokens that cross the border of two chunks or have escapes take a slow path; all else is one loop.
 */
export class JsonScanner {
  readonly #visitor: JsonVisitor;
  readonly #utf8 = new Utf8Check();
  readonly #names = new TextCache();
  /** By depth: 1 a list, 0 an object. */
  readonly #lists = new Uint8Array(maxDepth + 1).fill(2, 0, 1);
  /** Neither at depth 0. */
  #depth = 0;
  #listens = true;
  #next = value as number;
  #token: "none" | "string" | "bare" = "none";
  #isKey = false;
  /** Whether its bytes are kept. */
  #isWanted = false;
  #hasEscapes = false;
  /** In an escape: 1 behind the backslash, then 1 + the hex digits that are to come. */
  #escape = 0;
  /** The part of the token that was in earlier chunks. */
  #parts: Buffer[] = [];
  #partsLength = 0;
  /** The offset of the current chunk in the input. */
  #base = 0;

  constructor(visitor: JsonVisitor) {
    this.#visitor = visitor;
  }

  /** @throws {@link JsonError}, and what the visitor throws; then no more may be written. */
  write(chunk: Buffer): void {
    if (!this.#utf8.accepts(chunk)) throw new JsonError("not UTF-8", this.#base);
    let at = 0;
    while (at < chunk.length) {
      if (this.#token === "string") at = this.#scanString(chunk, at);
      else if (this.#token === "bare") at = this.#scanBare(chunk, at);
      else at = this.#scanStructure(chunk, at);
    }
    this.#base += chunk.length;
  }

  /** @throws {@link JsonError} if something is missing */
  end(): void {
    if (this.#token === "bare") this.#endBare(Buffer.alloc(0), 0, 0);
    const isComplete = this.#token === "none" && this.#next === nothing && this.#utf8.isComplete();
    if (!isComplete) throw new JsonError("it is cut off", this.#base);
  }

  /** Up to the end of the chunk or the beginning of a token that is not plain. */
  #scanStructure(chunk: Buffer, start: number): number {
    const { length } = chunk;
    let next = this.#next;
    for (let at = start; at < length; at += 1) {
      switch (chunk[at]) {
        case quote: {
          const isKey = next === key || next === keyOrEnd;
          if (!isKey && next > valueOrEnd) this.#fail(chunk, at);
          let end = at + 1;
          // Most of the time is spent in this one line.
          while (end < length && endsPlainText[chunk[end] ?? 0] === 0) end += 1;
          if (end === length || chunk[end] !== quote) {
            this.#next = next;
            this.#beginString(isKey);
            return at + 1;
          }
          if (this.#listens) this.#emit(isKey, chunk, at + 1, end);
          next = isKey ? colon : this.#depth === 0 ? nothing : commaOrEnd;
          at = end;
          break;
        }
        case 0x3a: // :
          if (next !== colon) this.#fail(chunk, at);
          next = value;
          break;
        case 0x2c: // ,
          if (next !== commaOrEnd) this.#fail(chunk, at);
          next = this.#lists[this.#depth] === 1 ? value : key;
          break;
        case 0x7b: // {
          if (next > valueOrEnd) this.#fail(chunk, at);
          this.#open(false, at);
          next = keyOrEnd;
          break;
        case 0x5b: // [
          if (next > valueOrEnd) this.#fail(chunk, at);
          this.#open(true, at);
          next = valueOrEnd;
          break;
        case 0x7d: // }
          if (this.#lists[this.#depth] !== 0 || (next !== keyOrEnd && next !== commaOrEnd))
            this.#fail(chunk, at);
          next = this.#close(at);
          break;
        case 0x5d: // ]
          if (this.#lists[this.#depth] !== 1 || (next !== valueOrEnd && next !== commaOrEnd))
            this.#fail(chunk, at);
          next = this.#close(at);
          break;
        case 0x20: // space
        case 0x0a: // line feed
        case 0x0d: // carriage return
        case 0x09: // tab
          break;
        default:
          if (next > valueOrEnd) this.#fail(chunk, at);
          this.#next = next;
          this.#token = "bare";
          return at;
      }
    }
    this.#next = next;
    return length;
  }

  /** A string within this chunk and without escapes, as nearly all are. */
  #emit(isKey: boolean, chunk: Buffer, start: number, end: number): void {
    if (isKey) this.#visitor.key(this.#names.decode(chunk, start, end));
    else if (this.#visitor.wantsText()) this.#visitor.text(chunk.toString("utf8", start, end));
    else this.#visitor.scalar();
  }

  #open(isList: boolean, at: number): void {
    if (this.#depth === maxDepth) throw new JsonError("nested too deeply", this.#base + at);
    this.#listens = this.#visitor.open(isList, at);
    this.#depth += 1;
    this.#lists[this.#depth] = isList ? 1 : 0;
  }

  /** @returns what may come next */
  #close(at: number): number {
    this.#depth -= 1;
    this.#listens = this.#visitor.close(at + 1);
    return this.#depth === 0 ? nothing : commaOrEnd;
  }

  #endValue(): void {
    this.#next = this.#depth === 0 ? nothing : commaOrEnd;
  }

  #beginString(isKey: boolean): void {
    this.#isKey = isKey;
    this.#isWanted = this.#listens && (isKey || this.#visitor.wantsText());
    this.#hasEscapes = false;
    this.#token = "string";
  }

  /** Up to the end of the string or of the chunk. */
  #scanString(chunk: Buffer, start: number): number {
    const { length } = chunk;
    let at = this.#escape > 0 ? this.#scanEscape(chunk, start) : start;
    while (at < length) {
      while (at < length && endsPlainText[chunk[at] ?? 0] === 0) at += 1;
      if (at === length) break;
      if (chunk[at] === quote) {
        this.#endString(chunk, start, at);
        return at + 1;
      }
      if (chunk[at] !== backslash) this.#fail(chunk, at);
      this.#hasEscapes = true;
      this.#escape = 1;
      at = this.#scanEscape(chunk, at + 1);
    }
    if (this.#isWanted) this.#keep(chunk, start);
    return length;
  }

  /** Behind a backslash, up to the end of the escape or of the chunk. */
  #scanEscape(chunk: Buffer, start: number): number {
    let at = start;
    for (; at < chunk.length && this.#escape > 0; at += 1) {
      const byte = chunk[at] ?? 0;
      if (this.#escape > 1) {
        if (!isHexDigit(byte)) this.#fail(chunk, at);
        this.#escape = this.#escape === 2 ? 0 : this.#escape - 1;
      } else if (byte === 0x75) this.#escape = 5;
      else if ('"\\/bfnrt'.includes(String.fromCharCode(byte))) this.#escape = 0;
      else this.#fail(chunk, at);
    }
    return at;
  }

  #endString(chunk: Buffer, start: number, end: number): void {
    this.#token = "none";
    if (this.#isKey) this.#next = colon;
    else this.#endValue();
    if (!this.#listens) return;
    if (!this.#isWanted) this.#visitor.scalar();
    else if (this.#isKey) this.#visitor.key(this.#takeText(chunk, start, end));
    else this.#visitor.text(this.#takeText(chunk, start, end));
  }

  #takeText(chunk: Buffer, start: number, end: number): string {
    const isWhole = this.#parts.length === 0;
    const bytes = isWhole ? chunk.subarray(start, end) : this.#takeParts(chunk, start, end);
    const text = this.#names.decode(bytes, 0, lengthToKeep(bytes));
    return this.#hasEscapes ? (JSON.parse(`"${text}"`) as string) : text;
  }

  /** Up to the end of a number or literal, or of the chunk. */
  #scanBare(chunk: Buffer, start: number): number {
    let at = start;
    while (at < chunk.length && isBareByte(chunk[at] ?? 0)) at += 1;
    if (at < chunk.length) this.#endBare(chunk, start, at);
    else this.#keep(chunk, start);
    return at;
  }

  #endBare(chunk: Buffer, start: number, end: number): void {
    const isWhole = this.#parts.length === 0;
    const text = isWhole
      ? chunk.toString("latin1", start, end)
      : this.#takeParts(chunk, start, end).toString("latin1");
    if (
      text !== "true" &&
      text !== "false" &&
      !/^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/.test(text)
    ) {
      this.#fail(chunk, start);
    }
    this.#token = "none";
    this.#endValue();
    if (this.#listens) this.#visitor.scalar(text);
  }

  #keep(chunk: Buffer, start: number): void {
    if (this.#partsLength > maxTextBytes) return;
    this.#parts.push(chunk.subarray(start));
    this.#partsLength += chunk.length - start;
    if (this.#token === "bare" && this.#partsLength > maxBareLength)
      throw new JsonError("an endless number", this.#base + start);
  }

  #takeParts(chunk: Buffer, start: number, end: number): Buffer {
    if (this.#partsLength <= maxTextBytes) this.#parts.push(chunk.subarray(start, end));
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#partsLength = 0;
    return bytes;
  }

  #fail(chunk: Buffer, at: number): never {
    const byte = chunk[at] ?? 0;
    const what = byte > 0x20 && byte < 0x7f ? `"${String.fromCharCode(byte)}"` : `byte ${byte}`;
    throw new JsonError(`${what} cannot be there`, this.#base + at);
  }
}

/** How many bytes of a text are kept: all, or as many complete characters and escapes as fit. */
function lengthToKeep(text: Buffer): number {
  if (text.length <= maxTextBytes) return text.length;
  let at = 0;
  for (;;) {
    const byte = text[at] ?? 0;
    const isEscape = byte === backslash;
    const isLongEscape = isEscape && text[at + 1] === 0x75;
    const next =
      at + (isLongEscape ? 6 : isEscape ? 2 : byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4);
    if (next > maxTextBytes) return at;
    at = next;
  }
}

function isHexDigit(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}

/** Letters, digits, `+`, `-` and `.` */
function isBareByte(byte: number): boolean {
  const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
  return isLetter || (byte >= 0x30 && byte <= 0x39) || byte === 0x2b || byte === 0x2d || byte === 0x2e;
}

/** Whether bytes that come in chunks are UTF-8, also where a character is cut by the border of two chunks. */
class Utf8Check {
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
    // The first byte of a character encodes its length: two, three or four bytes.
    if (byte >= 0xc0) return length < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? length : 0;
  }
  return 0;
}

const slots = 1024;
/** Names of labels and metrics are shorter, as a rule. */
const maxLength = 64;

interface CachedText {
  readonly bytes: Uint8Array;
  readonly text: string;
  /** The slot of what came after it the last time, and is likely to come again. */
  next: number;
}

/**
 * Decodes the same few texts over and over, as names of labels and metrics are: one that was seen lately costs no
 * allocation, and there is one copy of it in memory. Bounded, whatever is thrown at it.
 */
class TextCache {
  readonly #entries: (CachedText | undefined)[] = Array.from({ length: slots });
  #last: CachedText = { bytes: new Uint8Array(0), text: "", next: 0 };

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

function copy(bytes: Buffer, start: number, end: number): CachedText {
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
