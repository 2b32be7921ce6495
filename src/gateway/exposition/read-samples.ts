import { RequestError } from "../../http/request-error.ts";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { type Clock, clocksAtStart } from "../../core/time.ts";
import { breathe } from "../breathe.ts";
import type { HttpClient, OpenResponse } from "../../http/client.ts";
import { parseFiniteNumber } from "../../core/numbers.ts";
import { expectFreshSuccess, freshHeaders } from "../../http/expect-success.ts";
import { createLabels, isLegacyLabelName, type Labels } from "../../core/labels.ts";
import { cutText } from "../../core/printable.ts";
import type { OpenSnapshot, ProcessFacts } from "../snapshot.ts";

/** An exposition whose answer has begun. */
interface OpenExposition extends Omit<OpenSnapshot, "source" | "read"> {
  /**
   * Visits every sample of the wanted families; may be called once.
   * @throws {@link RequestError} then samples that were visited before must not be acted on
   */
  read(visit: (sample: Sample) => void): Promise<{
    /** As they came over the wire. */
    readonly sizeBytes: number;
    readonly process: ProcessFacts;
  }>;
}

/** Text, compressed. */
export const expositionHeaders = { accept: "text/plain;version=0.0.4", "accept-encoding": "gzip" } as const;

export interface ExpositionRequest {
  /** From the gateway's status. */
  readonly path: string;
  /** Of the families to read. */
  readonly names: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

const startName = "process_start_time_seconds";
const allocationsName = "go_memstats_mallocs_total";
const requestsName = "pushgateway_http_requests_total";
/** Families are ordered by name: the push times come before this one. */
const completeName = "pushgateway_build_info";
/** The last one is asked for in between: a server that heeds only the first or the last name gives an incomplete answer. */
const ownNames = [completeName, startName, allocationsName, requestsName];
/** Longer request lines may be more than a proxy allows. */
const maxAskedNames = 50;

/**
 * Opens the gateway's exposition, to read some families of it: half the bytes of the API, compressed a thirtieth, at less cost for
 * the gateway.
 * @throws {@link RequestError} also while the gateway is inconsistent: then it answers 500
 */
export async function openExposition(
  client: HttpClient,
  clock: Clock,
  { path, names, signal }: ExpositionRequest,
): Promise<OpenExposition> {
  const request = { method: "GET", url: client.urlOf(path) };
  const requestedAt = clock.monotonic();
  const localNow = clock.now();
  const wanted = [...new Set([...names, ...ownNames])];
  const headers = { ...freshHeaders, ...expositionHeaders };
  const response = await client.open({ method: "GET", path: path + queryFor(wanted), headers, signal });
  const clocks = clocksAtStart(response.headers.date, clock.monotonic() - requestedAt, localNow);
  await expectFreshSuccess(response);
  let sizeBytes = 0;

  async function* count(): AsyncGenerator<Buffer> {
    for await (const chunk of response.body) {
      sizeBytes += chunk.length;
      yield chunk;
    }
  }

  return {
    request,
    requestedAt,
    clocks,
    async read(visit) {
      let facts: ProcessFacts = { startedAt: null, allocations: null, deletions: null };
      let complete = false;
      const finder = new SampleFinder(wanted, (sample) => {
        const { name } = sample;
        if (!ownNames.includes(name)) return visit(sample);
        if (sample.labels === null) return;
        if (name === completeName) complete = true;
        const labels = parseLabels(sample.labels);
        // A pushed series always has a job: the gateway adds the grouping key to it.
        if (labels.has("job")) return;
        const number = parseFiniteNumber(sample.value());
        if (name === startName) facts = { ...facts, startedAt: number };
        else if (name === allocationsName) facts = { ...facts, allocations: number };
        // Its counters of DELETEs are there from the first one on.
        else if (name === requestsName) {
          const isDeletion = labels.get("handler") === "delete" && labels.get("code") === "202";
          const counted = isDeletion ? (number ?? 0) : 0;
          facts = { ...facts, deletions: (facts.deletions ?? 0) + counted };
        }
      });
      await readThrough(request, response, count(), finder);
      if (!complete || !finder.isComplete()) {
        throw new RequestError(
          "unexpected_answer",
          request,
          "this is not the complete exposition of a Pushgateway",
        );
      }
      return { sizeBytes, process: facts };
    },
  };
}

/**
 * Asks for these families only: handlers of client_golang from 1.24 on then answer nothing else, older ones ignore it and answer
 * everything.
 */
function queryFor(names: readonly string[]): string {
  if (names.length > maxAskedNames) return "";
  return `?${names.map((name) => `name%5B%5D=${encodeURIComponent(name)}`).join("&")}`;
}

async function readThrough(
  request: OpenExposition["request"],
  response: OpenResponse,
  body: AsyncIterable<Buffer>,
  finder: SampleFinder,
): Promise<void> {
  try {
    for await (const chunk of breathe(unpack(response, body))) finder.write(chunk);
  } catch (error) {
    if (error instanceof RequestError) throw error;
    if (error instanceof BadLine)
      throw new RequestError("unexpected_answer", request, response.approach.redact(error.message));
    throw new RequestError("truncated", request, "the exposition breaks off or is not valid gzip", error);
  } finally {
    response.close();
  }
}

function unpack({ headers }: OpenResponse, body: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  if (headers["content-encoding"] !== "gzip") return body;
  // If the body breaks off, its error ends the decompression; a plain pipe would ignore it.
  return pipeline(Readable.from(body), createGunzip({ chunkSize: 256 * 1024 }), () => {});
}

/** One series of the text exposition. */
export interface Sample {
  readonly name: string;
  /** Its labels as {@link labelText} writes them; null: the line is longer than any that a group's key can make, and was not kept. */
  readonly labels: string | null;
  /** As it is written there. */
  readonly value: () => string;
}

/** A line that is no sample, though it begins like one. */
export class BadLine extends Error {
  override readonly name = "BadLine";
}

/** Longer lines are not kept: no path names a group with such labels. */
const maxLineLength = 2_000_000;

const lineFeed = 0x0a;
const space = 0x20;
const quote = 0x22;
const comma = 0x2c;
const equals = 0x3d;
const backslash = 0x5c;
const openingBrace = 0x7b;
const closingBrace = 0x7d;

/** What a backslash in a value can precede. */
const isEscaped = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number([quote, backslash, 0x6e].includes(byte)),
);

const isNameByte = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(/\w/.test(String.fromCharCode(byte))),
);
/** In a value between quotes: any but the quote, the backslash and the line feed. */
const isPlainByte = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(/[^"\\\n]/.test(String.fromCharCode(byte))),
);

/**
 * Finds the samples of a few families in an exposition that comes in chunks. All other lines, which are most of it, are
 * skipped without being decoded.
 */
export class SampleFinder {
  /** Each name at the beginning of a line. */
  readonly #starts: readonly (readonly [name: string, start: Buffer])[];
  readonly #found: (sample: Sample) => void;
  /** The line that the last chunk ended in, with the line feed before it. */
  #rest: Buffer[] = [Buffer.from("\n")];
  #restLength = 1;
  #isTooLong = false;

  constructor(names: readonly string[], found: (sample: Sample) => void) {
    this.#starts = names.map((name) => [name, Buffer.from(`\n${name}`)]);
    this.#found = found;
  }

  /** @throws {@link BadLine} */
  write(chunk: Buffer): void {
    const end = chunk.lastIndexOf(lineFeed);
    if (end !== -1) {
      // The beginning of what was too long is gone: it ends with the first line feed.
      const start = this.#isTooLong ? chunk.indexOf(lineFeed) : 0;
      this.#scan(Buffer.concat([...this.#rest.splice(0), chunk.subarray(start, end + 1)]));
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
    for (const [name, start] of this.#starts) {
      const isThis = line.subarray(0, start.length).equals(start) && isNameEnd(line[start.length]);
      if (isThis) this.#found({ name, labels: null, value: () => "" });
    }
  }

  /** @param lines from one line feed to another */
  #scan(lines: Buffer): void {
    for (const [name, start] of this.#starts) {
      for (let at = lines.indexOf(start); at !== -1;) {
        const behind = at + start.length;
        const end = isNameEnd(lines[behind]) ? this.#read(name, lines, behind) : behind;
        at = lines.indexOf(start, end);
      }
    }
  }

  /**
   * @param start behind the name
   * @returns where the line ends
   */
  #read(name: string, lines: Buffer, start: number): number {
    const close = endOfLabels(lines, start);
    const valueAt = close + 2;
    let end = valueAt;
    while ((lines[end] ?? 0) > space) end += 1;
    const isPlain = close !== -1 && lines[close + 1] === space && valueAt < end && lines[end] === lineFeed;
    if (!isPlain) {
      end = lines.indexOf(lineFeed, start);
      const { labels, value } = parseSample(lines.toString("latin1", start, end));
      this.#found({ name, labels: labelText(labels), value: () => value });
    } else {
      const labels = lines.toString("latin1", start + 1, close);
      this.#found({ name, labels, value: () => lines.toString("latin1", valueAt, end) });
    }
    return end;
  }
}

function isNameEnd(byte: number | undefined): boolean {
  return byte === openingBrace || byte === space;
}

/**
 * Where the labels end that begin at `start`, if they are written as {@link labelText} writes them, as by every gateway; -1: they have to be
 * parsed. Most of the time for a read is spent here.
 */
function endOfLabels(bytes: Buffer, start: number): number {
  let at = start;
  for (let previous = -1; ;) {
    const nameAt = at + 1;
    at = nameAt;
    while (isNameByte[bytes[at] ?? 0] === 1) at += 1;
    if (at === nameAt || bytes[at] !== equals || bytes[at + 1] !== quote) return -1;
    if (previous !== -1 && !isBefore(bytes, previous, nameAt)) return -1;
    previous = nameAt;
    at += 2;
    for (; bytes[at] !== quote; at += 2) {
      while (isPlainByte[bytes[at] ?? lineFeed] === 1) at += 1;
      if (bytes[at] === quote) break;
      if (bytes[at] !== backslash || isEscaped[bytes[at + 1] ?? 0] !== 1) return -1;
    }
    at += 1;
    if (bytes[at] === closingBrace) return at;
    if (bytes[at] !== comma) return -1;
  }
}

/** Whether one name comes before the other; both end with `=`. */
function isBefore(bytes: Buffer, a: number, b: number): boolean {
  let length = 0;
  while (bytes[a + length] === bytes[b + length] && bytes[a + length] !== equals) length += 1;
  const [next, other] = [bytes[a + length] ?? 0, bytes[b + length] ?? 0];
  return other !== equals && (next === equals || next < other);
}

/**
 * Labels as gateways write them in the exposition: in the order of their names. One string per set of labels, a character for each byte
 * of its UTF-8.
 */
export function labelText(labels: Labels): string {
  const text = [...labels]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${isLegacyLabelName(name) ? name : quoteText(name)}=${quoteText(value)}`)
    .join(",");
  return Buffer.from(text, "utf8").toString("latin1");
}

function quoteText(text: string): string {
  return `"${text.replaceAll(/["\\\n]/g, escapeCharacter)}"`;
}

function escapeCharacter(character: string): string {
  return character === "\n" ? "\\n" : `\\${character}`;
}

/** Reads what {@link labelText} writes of legacy label names. */
export function parseLabels(text: string): Labels {
  return text === "" ? createLabels([]) : parseSample(`{${text}} 0`).labels;
}

/** Matches one label, as an expression for the line would need a stack that grows with it. */
const labelHere = /([a-zA-Z_][a-zA-Z0-9_]*)="([^"\\]*(?:\\.[^"\\]*)*)",?/y;

/** @param latin1 the line behind the name, one character a byte */
function parseSample(latin1: string): { readonly labels: Labels; readonly value: string } {
  const line = Buffer.from(latin1, "latin1").toString("utf8");
  const labels: (readonly [string, string])[] = [];
  let at = 0;
  if (line.startsWith("{")) {
    for (at = 1; line[at] !== "}"; at = labelHere.lastIndex) {
      labelHere.lastIndex = at;
      const label = labelHere.exec(line);
      if (label === null) throw badLine(line);
      labels.push([label[1] ?? "", unescapeValue(label[2] ?? "")]);
    }
    at += 1;
  }
  const value = /^ (\S+)$/.exec(line.slice(at))?.[1];
  if (value === undefined) throw badLine(line);
  return { labels: createLabels(labels), value };
}

function badLine(line: string): BadLine {
  return new BadLine(`a line of the exposition cannot be read: ${cutText(line, 200)}`);
}

function unescapeValue(escaped: string): string {
  if (!escaped.includes("\\")) return escaped;
  return escaped.replaceAll(/\\(.)/g, (_, character: string) => (character === "n" ? "\n" : character));
}
