import { cutText } from "../../core/printable.ts";

/** One series of the text exposition. */
export interface Sample {
  readonly name: string;
  /** null: the line is longer than any that a group's key can make, and was not kept. */
  readonly labels: readonly (readonly [name: string, value: string])[] | null;
  /** As it is written there. */
  readonly value: string;
}

/** A line that is no sample, though it begins like one. */
export class BadLine extends Error {
  override readonly name = "BadLine";
}

/** Longer lines are not kept: no path names a group with such labels. */
const maxLineLength = 2_000_000;

const lineFeed = 0x0a;

/**
 * Finds the samples of a few families in an exposition that comes in chunks. All other lines, which are most of it, are
 * leapt over without being decoded.
 */
export class SampleFinder {
  /** Each name with what it can be followed by, at the beginning of a line. */
  readonly #starts: readonly Buffer[];
  readonly #found: (sample: Sample) => void;
  /** The line that the last chunk ended in, with the line feed before it. */
  #rest: Buffer[] = [Buffer.from("\n")];
  #restLength = 1;
  #isTooLong = false;

  constructor(names: readonly string[], found: (sample: Sample) => void) {
    this.#starts = names.flatMap((name) => [Buffer.from(`\n${name}{`), Buffer.from(`\n${name} `)]);
    this.#found = found;
  }

  /** @throws {@link BadLine} */
  write(chunk: Buffer): void {
    const end = chunk.lastIndexOf(lineFeed);
    if (end !== -1) {
      // The beginning of what was too long is gone: it ends with the first line feed.
      const start = this.#isTooLong ? chunk.indexOf(lineFeed) : 0;
      this.#scan(Buffer.concat([...this.#rest.splice(0), chunk.subarray(start, end)]));
      this.#restLength = 0;
      this.#isTooLong = false;
    }
    this.#keep(chunk.subarray(Math.max(0, end)));
  }

  /** Whether the last line was complete: an exposition ends with a line feed. */
  isComplete(): boolean {
    return this.#restLength === 1 && !this.#isTooLong;
  }

  #keep(part: Buffer): void {
    if (this.#isTooLong) return;
    this.#rest.push(Buffer.from(part));
    this.#restLength += part.length;
    if (this.#restLength <= maxLineLength) return;
    this.#isTooLong = true;
    const line = Buffer.concat(this.#rest.splice(0));
    const start = this.#starts.find((start) => line.subarray(0, start.length).equals(start));
    if (start !== undefined)
      this.#found({ name: start.toString("utf8", 1, start.length - 1), labels: null, value: "" });
  }

  #scan(lines: Buffer): void {
    for (const start of this.#starts) {
      for (let at = lines.indexOf(start); at !== -1;) {
        const end = lines.indexOf(lineFeed, at + 1);
        const line = lines.toString("utf8", at + 1, end === -1 ? lines.length : end);
        this.#found(parseSample(line));
        if (end === -1) break;
        at = lines.indexOf(start, end);
      }
    }
  }
}

const nameAtStart = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
/** Not one expression for the whole line, which would take a stack that grows with it. */
const labelHere = /([a-zA-Z_][a-zA-Z0-9_]*)="([^"\\]*(?:\\.[^"\\]*)*)",?/y;

function parseSample(line: string): Sample {
  const name = nameAtStart.exec(line)?.[0] ?? "";
  const labels: (readonly [string, string])[] = [];
  let at = name.length;
  if (line[at] === "{") {
    for (at += 1; line[at] !== "}"; at = labelHere.lastIndex) {
      labelHere.lastIndex = at;
      const label = labelHere.exec(line);
      if (label === null) throw badLine(line);
      labels.push([label[1] ?? "", unescapeValue(label[2] ?? "")]);
    }
    at += 1;
  }
  const value = /^ (\S+)$/.exec(line.slice(at))?.[1];
  if (name === "" || value === undefined) throw badLine(line);
  return { name, labels, value };
}

function badLine(line: string): BadLine {
  return new BadLine(`a line of the exposition cannot be read: ${cutText(line, 200)}`);
}

function unescapeValue(escaped: string): string {
  if (!escaped.includes("\\")) return escaped;
  return escaped.replaceAll(/\\(.)/g, (_, character: string) => (character === "n" ? "\n" : character));
}
