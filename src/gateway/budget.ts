import { type RequestName, RequestError } from "../http/request-error.ts";
import { createHash } from "node:crypto";
import { getHeapStatistics } from "node:v8";
import type { Group } from "../core/group.ts";
import { createLabels, type Labels } from "../core/labels.ts";
import { cutText } from "../core/printable.ts";

/*
 * Pushers decide how many groups there are and how long their labels are. The memory for an answer is bounded, so that no pusher can
 * exhaust it. A group over its budget stays on the gateway, and is shown with cut labels.
 */

/** Characters of a group's key. At half of that the request line of its DELETE, in base64, already exceeds what proxies allow. */
export const maxKeyLength = 16 * 1024;

/** Shorter keys are never dropped. If there are too many, the answer is refused. */
const minKeyLength = 512;

const heapBytes = getHeapStatistics().heap_size_limit;

/**
 * The largest group, as JSON, that is deleted, some 40,000 series: archiving a larger one would block the process for seconds.
 */
export const maxGroupBytes = 8 * 1024 * 1024;

/** A sweep holds three answers: those of the page, of the plan, and of the last read. */
const maxAnswerBytes = Math.floor(heapBytes / 4);

/** The budget of one answer. While it takes too much memory, the longest keys are dropped. */
export class AnswerBudget {
  readonly #request: RequestName;
  readonly #evict: (maxKeyLength: number) => number;
  #keptBytes = 0;
  #maxKeyLength = maxKeyLength;

  /** @param evict drops all longer keys; returns how many bytes that frees, by {@link costOf} */
  constructor(request: RequestName, evict: (maxKeyLength: number) => number) {
    this.#request = request;
    this.#evict = evict;
  }

  /** Longer keys are dropped. Does not depend on the order in which groups arrive. */
  get maxKeyLength(): number {
    return this.#maxKeyLength;
  }

  /** The key, or its hash if it is too long: the same for the same labels. */
  shorten(key: string): string {
    return key.length <= this.#maxKeyLength ? key : `#${createHash("sha256").update(key).digest("base64")}`;
  }

  /** @throws {@link RequestError} if there are too many groups even with the shortest keys */
  spend(bytes: number): void {
    this.#keptBytes += bytes;
    while (this.#keptBytes > maxAnswerBytes) {
      if (this.#maxKeyLength <= minKeyLength) throw this.#tooLarge();
      this.#maxKeyLength /= 2;
      this.#keptBytes -= this.#evict(this.#maxKeyLength);
    }
  }

  #tooLarge(): RequestError {
    return new RequestError(
      "too_large",
      this.#request,
      `it has more groups than fit into ${megabytes(maxAnswerBytes)} MiB, a quarter of the heap: give this process more memory ` +
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

/** Roughly the memory of an entry with this key. */
export function costOf(key: string): number {
  return 100 + key.length * (/[^\0-\xff]/.test(key) ? 2 : 1);
}

/** Roughly the memory of a group with its decision. */
export function costOfGroup(key: string, labels: Labels): number {
  let characters = key.length + 50 * labels.size;
  for (const [name, value] of labels) characters += name.length + value.length;
  return 450 + characters * (/[^\0-\xff]/.test(key) ? 2 : 1);
}

/** Reduces a group that is over its budget. @param id distinguishes it from others, as its labels no longer do */
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

/** Cuts labels to a few characters, for display. */
export function cutLabels(labels: Labels): Labels {
  const shown = [...labels].slice(0, shownLabels);
  return createLabels(shown.map(([name, value]) => [cut(name), cut(value)] as const));
}

/** As {@link cutLabels}, for one text. */
export function cut(text: string): string {
  return copyOf(cutText(text, shownCharacters));
}

/** Copies a text: a substring would keep all of the original in V8's memory. */
export function copyOf(text: string): string {
  return Buffer.from(text, "utf8").toString("utf8");
}
