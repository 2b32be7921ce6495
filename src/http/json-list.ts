import { isUtf8 } from "node:buffer";

import { isJsonObject } from "../core/json.ts";

/** These bytes are not JSON. */
export class JsonError extends Error {
  override readonly name = "JsonError";
}

/** JSON, but not the list of objects that was expected. */
export class JsonShapeError extends Error {
  override readonly name = "JsonShapeError";
}

interface JsonListOptions {
  readonly name: string;
  /** How many objects the list is in. */
  readonly depth: number;
  /** Of each long list in an element, the first objects and lists that are kept. */
  readonly keptItems: number;
  readonly maxElementBytes: number;
}

interface JsonElement {
  /** As `JSON.parse` returns it, but each item that is not kept is `0`, or one of them `[]` if one holds a list. undefined: too large. */
  readonly value: unknown;
  readonly sizeBytes: number;
  /** A copy of its bytes, during the visit; null: too large. */
  readonly raw: () => Buffer | null;
}

/** Deeper than anything that is read with it; a bound for the hostile. */
export const maxDepth = 64;
/**
 * How many lists and objects the long lists are in: `{data: [{<family>: {metrics: […]}}]}` of a Pushgateway, `{data: {result: [{values:
 * […]}]}}` of a Prometheus.
 */
const itemsDepth = 4;
/** Of all that is not in the list. */
const maxRestBytes = 1024 * 1024;

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openingBracket = 0x5b;
const backslash = 0x5c;
const closingBracket = 0x5d;
const openingBrace = 0x7b;
const closingBrace = 0x7d;

/** By byte: 1 for a quote and a backslash. */
const endsPlainText = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte === quote || byte === backslash ? 1 : 0,
);

/**
 * Reads an object with one long list of objects in it as it arrives. It only knows strings and brackets: it finds where each element of
 * the list ends, and `JSON.parse` reads that. Of long lists in an element it counts all but the first items. A name that occurs twice is
 * refused, as either could be meant: beside the list, in an element and in the objects directly in it, unless bytes of names are lost there.
 */
export class JsonList {
  readonly #options: JsonListOptions;
  readonly #visit: (element: JsonElement) => void;
  readonly #listStart: RegExp;
  readonly #rest = new Bytes(maxRestBytes);
  readonly #kept: Bytes;
  readonly #raw: Bytes;
  /** By depth, whether it is a list. */
  readonly #isList: boolean[] = [];
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  #list: "ahead" | "open" | "behind" = "ahead";
  /** What may come between two elements. */
  #next: "first" | "comma" | "element" = "first";
  #count = 0;
  /** Names at the first two depths, of the current element and of what is not in the list. */
  #names = 0;
  #restNames = 0;
  /** In the current long list. */
  #items = 0;
  #omitsItems = false;
  #omitsList = false;

  /** @param visit what it was given counts only once `end` has returned */
  constructor(options: JsonListOptions, visit: (element: JsonElement) => void) {
    this.#options = options;
    this.#visit = visit;
    this.#listStart = new RegExp(`"${options.name}"\\s*:\\s*\\[$`);
    this.#kept = new Bytes(options.maxElementBytes);
    this.#raw = new Bytes(options.maxElementBytes);
  }

  /** @throws {@link JsonError}, {@link JsonShapeError}, and what `visit` throws; then no more may be written. */
  write(chunk: Buffer): void {
    const { length } = chunk;
    /** Where the bytes begin that have not been added to the rest, the element and its raw bytes yet. */
    const from = { kept: 0, raw: 0 };
    let isBetween = this.#isBetween();
    for (let at = this.#isInString ? this.#skipString(chunk, 0) + 1 : 0; at < length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (byte === openingBrace || byte === openingBracket) {
        this.#open(byte === openingBracket, chunk, at, from);
        isBetween = this.#isBetween();
      } else if (byte === closingBrace || byte === closingBracket) {
        this.#close(byte === closingBracket, chunk, at, from);
        isBetween = this.#isBetween();
      } else {
        if (isBetween) {
          this.#separate(byte);
          isBetween = this.#isBetween();
        }
        if (byte === quote) at = this.#skipString(chunk, at + 1);
        else if (byte === colon) this.#countName();
      }
    }
    if (this.#list !== "open") this.#rest.add(chunk, from.kept);
    else if (!this.#isBetween()) {
      if (!this.#omitsItems) this.#kept.add(chunk, from.kept);
      this.#raw.add(chunk, from.raw);
    }
  }

  /**
   * @returns the object, with an empty list if it was one of objects
   * @throws {@link JsonError} if something is missing, {@link JsonShapeError}
   */
  end(): unknown {
    if (this.#rest.isTooLong()) throw new JsonShapeError(`too much is beside "${this.#options.name}"`);
    const rest = parse(this.#rest);
    if (isJsonObject(rest) && countNames(rest) !== this.#restNames) throw twice();
    return rest;
  }

  /** @returns where the string ends: at its quote, or at the end of the chunk */
  #skipString(chunk: Buffer, start: number): number {
    const { length } = chunk;
    let at = this.#isEscaped ? start + 1 : start;
    for (;;) {
      // Most of the time is spent in this one line.
      while (at < length && endsPlainText[chunk[at] ?? 0] === 0) at += 1;
      this.#isInString = at >= length || chunk[at] !== quote;
      this.#isEscaped = at > length;
      if (at >= length || !this.#isInString) return Math.min(at, length);
      at += 2;
    }
  }

  #isBetween(): boolean {
    return this.#list === "open" && this.#depth === this.#options.depth + 1;
  }

  #open(isList: boolean, chunk: Buffer, at: number, from: { kept: number; raw: number }): void {
    const { depth: objects, keptItems } = this.#options;
    if (this.#depth === maxDepth) throw new JsonError("nested too deeply");
    if (this.#depth === 0 && this.#isList.length > 0) throw new JsonError("more than one value");
    if (this.#isBetween() && isList) this.#endWithoutObjects();
    if (this.#isBetween()) {
      if (this.#next === "comma") throw new JsonError("no comma between two elements");
      from.kept = at;
      from.raw = at;
    } else if (this.#list === "open") {
      if (this.#depth === itemsDepth) this.#items = 0;
      else if (this.#depth === itemsDepth + 1 && this.#isList[itemsDepth + 1] === true) {
        this.#items += 1;
        if (this.#items === keptItems + 1) {
          this.#kept.add(chunk, from.kept, at);
          this.#omitsItems = true;
          this.#omitsList = false;
        }
      } else if (this.#depth === itemsDepth + 2 && isList) this.#omitsList = true;
    }
    this.#depth += 1;
    this.#isList[this.#depth] = isList;
    if (isList && this.#list !== "open" && this.#depth === objects + 1) {
      this.#rest.add(chunk, from.kept, at + 1);
      from.kept = at + 1;
      if (this.#listStart.test(this.#rest.end(100))) this.#beginList();
    }
  }

  #beginList(): void {
    if (this.#list === "behind") throw twice(this.#options.name);
    this.#list = "open";
  }

  #close(isList: boolean, chunk: Buffer, at: number, from: { kept: number; raw: number }): void {
    if (this.#depth === 0 || this.#isList[this.#depth] !== isList)
      throw new JsonError("brackets do not match");
    this.#depth -= 1;
    if (this.#list !== "open") return;
    if (this.#depth === this.#options.depth) {
      if (this.#next === "element") throw new JsonError("a comma after the last element");
      this.#list = "behind";
      from.kept = at;
    } else if (this.#isBetween()) {
      this.#kept.add(chunk, from.kept, at + 1);
      this.#raw.add(chunk, from.raw, at + 1);
      this.#endElement();
    } else if (this.#omitsItems && this.#depth === itemsDepth) {
      const omitted = this.#items - this.#options.keptItems;
      this.#kept.add(Buffer.from((this.#omitsList ? "[]" : "0") + ",0".repeat(omitted - 1)));
      this.#omitsItems = false;
      from.kept = at;
    }
  }

  #endElement(): void {
    const [kept, raw] = [this.#kept, this.#raw];
    const value = kept.isTooLong() ? undefined : parse(kept);
    if (isJsonObject(value) && countNames(value) !== this.#names && !Object.keys(value).some(isDamaged))
      throw twice();
    this.#visit({ value, sizeBytes: raw.size, raw: () => (raw.isTooLong() ? null : Buffer.from(raw.all())) });
    kept.clear();
    raw.clear();
    this.#names = 0;
    this.#count += 1;
    this.#next = "comma";
  }

  #separate(byte: number): void {
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) return;
    if (byte !== comma) this.#endWithoutObjects();
    else if (this.#next !== "comma") throw new JsonError("a comma without an element");
    else this.#next = "element";
  }

  /** A list of something else is read with the rest. @throws {@link JsonShapeError} if it had objects */
  #endWithoutObjects(): void {
    if (this.#next !== "first")
      throw new JsonShapeError(`${this.#options.name}[${this.#count}] cannot be read`);
    this.#list = "ahead";
  }

  #countName(): void {
    if (this.#list === "open") {
      if (this.#depth <= this.#options.depth + 3) this.#names += 1;
    } else if (this.#depth <= 2) this.#restNames += 1;
  }
}

function parse(bytes: Bytes): unknown {
  const all = bytes.all();
  if (!isUtf8(all)) throw new JsonError("not UTF-8");
  try {
    return JSON.parse(all.toString("utf8"));
  } catch (error) {
    throw new JsonError(String(error));
  }
}

/**
 * Go writes U+FFFD for bytes that are not UTF-8, so that two names of metrics may look alike. Pushers can choose such names (seen on
 * 1.5.1 and 1.11), and no decision depends on them.
 */
function isDamaged(name: string): boolean {
  return name.includes("\uFFFD");
}

/** In an object and in the objects directly in it. */
function countNames(object: object): number {
  let count = 0;
  for (const value of Object.values(object)) count += isJsonObject(value) ? 1 + Object.keys(value).length : 1;
  return count;
}

function twice(name?: string): JsonShapeError {
  const what = name === undefined ? "a name" : `"${name}"`;
  return new JsonShapeError(`${what} is there twice in one object: which one counts is not known`);
}

/** Collects bytes, up to a size. It copies them: a part of a chunk would keep all of it in memory. */
class Bytes {
  readonly #maxSize: number;
  #buffer = Buffer.allocUnsafeSlow(16 * 1024);
  #size = 0;

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  /** Of all that was added since `clear`, kept or not. */
  get size(): number {
    return this.#size;
  }

  isTooLong(): boolean {
    return this.#size > this.#maxSize;
  }

  add(chunk: Buffer, start = 0, end = chunk.length): void {
    const at = this.#size;
    this.#size += end - start;
    if (this.isTooLong()) return;
    if (this.#size > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(2 * this.#size);
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
    }
    chunk.copy(this.#buffer, at, start, end);
  }

  /** Valid until the next `add`. */
  all(): Buffer {
    return this.#buffer.subarray(0, this.#size);
  }

  /** The last bytes. */
  end(length: number): string {
    return this.isTooLong()
      ? ""
      : this.#buffer.toString("latin1", Math.max(0, this.#size - length), this.#size);
  }

  clear(): void {
    this.#size = 0;
  }
}
