import { type RequestName, RequestError } from "../http/request-error.ts";
import { createHash } from "node:crypto";
import { getHeapStatistics } from "node:v8";
import type { Group } from "../core/group.ts";
import { createLabels, type Labels } from "../core/labels.ts";
import { cutText } from "../core/printable.ts";
import { maxTextLength } from "../http/json-scanner.ts";

/*
 * Pushers decide how long labels are and how many groups there are. What is kept of an answer is bounded, so that none of them can
 * take the memory that all others are swept with. A group over its budget is kept on the gateway, and shown with cut labels.
 */

/** Characters of a group's key. The request line of its DELETE, in base64, would be longer than proxies allow at half of that. */
export const maxKeyLength = maxTextLength;

/** Shorter keys never give way. If they are too many, the answer is refused. */
const minKeyLength = 512;

const heapBytes = getHeapStatistics().heap_size_limit;

/**
 * A larger group, as JSON, could not be archived without keeping the process from everything else for seconds, and is not deleted. These
 * are some 40,000 series.
 */
export const maxGroupBytes = 8 * 1024 * 1024;

/** A sweep holds three answers: the one of the page, the one of the plan, and what was read last. */
const maxAnswerBytes = Math.floor(heapBytes / 4);

/** The budget of one answer. While all of it takes too much memory, the longest keys give way. */
export class AnswerBudget {
  readonly #request: RequestName;
  readonly #evict: (maxKeyLength: number) => number;
  readonly #maxBytes: number;
  #keptBytes = 0;
  #maxKeyLength = maxKeyLength;

  /** @param evict no longer keeps what has a longer key than this; returns how many bytes that frees, by {@link costOf} */
  constructor(
    request: RequestName,
    evict: (maxKeyLength: number) => number,
    maxBytes: number = maxAnswerBytes,
  ) {
    this.#request = request;
    this.#evict = evict;
    this.#maxBytes = maxBytes;
  }

  /** What has a longer key is not kept. It does not depend on the order in which groups arrive. */
  get maxKeyLength(): number {
    return this.#maxKeyLength;
  }

  /** The key, or of one that is not kept its hash: that stands for the same labels again. */
  shorten(key: string): string {
    return key.length <= this.#maxKeyLength ? key : `#${createHash("sha256").update(key).digest("base64")}`;
  }

  /** @throws {@link RequestError} if there is too much even of what has the shortest keys */
  spend(bytes: number): void {
    this.#keptBytes += bytes;
    while (this.#keptBytes > this.#maxBytes) {
      if (this.#maxKeyLength <= minKeyLength) throw this.#tooLarge();
      this.#maxKeyLength /= 2;
      this.#keptBytes -= this.#evict(this.#maxKeyLength);
    }
  }

  #tooLarge(): RequestError {
    return new RequestError(
      "too_large",
      this.#request,
      `it has more groups than fit into ${megabytes(this.#maxBytes)} MiB, a quarter of the heap: give this process more memory ` +
        `(NODE_OPTIONS=--max-old-space-size=${megabytes(4 * heapBytes)}), or delete groups by hand`,
    );
  }
}

function megabytes(bytes: number): number {
  return Math.floor(bytes / 1024 / 1024);
}

export function isShortened(key: string): boolean {
  return key.startsWith("#");
}

/** About what an entry with this key takes in memory. */
export function costOf(key: string): number {
  return 100 + key.length * (/[^\0-\xff]/.test(key) ? 2 : 1);
}

/** About what a group takes in memory, with its decision. */
export function costOfGroup(key: string, labels: Labels): number {
  let characters = key.length + 50 * labels.size;
  for (const [name, value] of labels) characters += name.length + value.length;
  return 450 + characters * (/[^\0-\xff]/.test(key) ? 2 : 1);
}

/** What is kept of a group that is over its budget. @param id tells it from others, as its labels do not any more */
export function toOverBudget(group: Group, id: number | string): Group {
  return {
    ...group,
    key: `over_budget:${id}`,
    labels: cutLabels(group.labels),
    obstacle: "over_budget",
    nativeHistograms: [],
    gauges: noGauges,
  };
}

const noGauges: ReadonlyMap<string, number> = new Map();
const shownLabels = 10;
const shownCharacters = 64;

/** What is shown to people of labels that are not kept. */
export function cutLabels(labels: Labels): Labels {
  const shown = [...labels].slice(0, shownLabels);
  return createLabels(shown.map(([name, value]) => [cut(name), cut(value)] as const));
}

/** For people, too. */
export function cut(text: string): string {
  return copyOf(cutText(text, shownCharacters));
}

/** In memory of its own: V8 keeps all of a text for a part of it. */
export function copyOf(text: string): string {
  return Buffer.from(text, "utf8").toString("utf8");
}
