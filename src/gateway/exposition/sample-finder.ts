/** One series of the text exposition. */
export interface Sample {
  readonly name: string;
  readonly labels: readonly (readonly [name: string, value: string])[];
  /** As it is written there. */
  readonly value: string;
}

/** A line that is no sample, though it begins like one. */
export class BadLine extends Error {
  override readonly name = "BadLine";
}

/** Longer lines are of no use: no path names a group with such labels. */
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
  #rest: Buffer = Buffer.from("\n");
  #isTooLong = false;

  constructor(names: readonly string[], found: (sample: Sample) => void) {
    this.#starts = names.flatMap((name) => [Buffer.from(`\n${name}{`), Buffer.from(`\n${name} `)]);
    this.#found = found;
  }

  /** @throws {@link BadLine} */
  write(chunk: Buffer): void {
    const end = chunk.lastIndexOf(lineFeed);
    if (end === -1) {
      this.#keep(Buffer.concat([this.#rest, chunk]));
      return;
    }
    const lines = Buffer.concat([this.#rest, chunk.subarray(0, end)]);
    // The beginning of what was too long is gone: it ends with the first line feed.
    this.#scan(this.#isTooLong ? lines.subarray(lines.indexOf(lineFeed, 1)) : lines);
    this.#isTooLong = false;
    this.#keep(chunk.subarray(end));
  }

  /** Whether the last line was complete: an exposition ends with a line feed. */
  isComplete(): boolean {
    return this.#rest.length === 1 && !this.#isTooLong;
  }

  #keep(rest: Buffer): void {
    this.#isTooLong ||= rest.length > maxLineLength;
    this.#rest = this.#isTooLong ? Buffer.from("\n") : Buffer.from(rest);
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

const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\.)*",?)*)\})? (\S+)$/;

function parseSample(line: string): Sample {
  const match = sample.exec(line);
  if (match === null) throw new BadLine(`a line of the exposition cannot be read: ${line.slice(0, 200)}…`);
  const [, name = "", labelText = "", value = ""] = match;
  const labels = [...labelText.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g)].map(
    ([, label = "", escaped = ""]) => [label, unescapeValue(escaped)] as const,
  );
  return { name, labels, value };
}

function unescapeValue(escaped: string): string {
  if (!escaped.includes("\\")) return escaped;
  return escaped.replaceAll(/\\(.)/g, (_, character: string) => (character === "n" ? "\n" : character));
}
