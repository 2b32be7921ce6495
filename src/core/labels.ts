import { cutText } from "./printable.ts";

/**
 * A grouping key: label names to values, `job` first, then by name, so that the same key always reads the same.
 * A map, because a label may be called `constructor` or `__proto__`.
 */
export type Labels = ReadonlyMap<string, string>;

/** Sorts `pairs` into a grouping key. A repeated name keeps its last value. */
export function createLabels(pairs: Iterable<readonly [name: string, value: string]>): Labels {
  const list: string[] = [];
  for (const [name, value] of [...pairs].toSorted(byLabelName)) {
    // Sorting keeps the order of equals, so that the last value comes last.
    if (list.at(-2) === name) list[list.length - 1] = value;
    else list.push(name, value);
  }
  // A list that has grown has room for more; a copy has not.
  return new LabelList(list.slice());
}

function byLabelName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return compareLabelNames(a, b);
}

function compareLabelNames(a: string, b: string): number {
  if (a === b) return 0;
  if (a === "job") return -1;
  if (b === "job") return 1;
  return a < b ? -1 : 1;
}

/**
 * One string per grouping key: equal if and only if the keys are. Not for people; see {@link formatLabels}. It is the JSON of
 * the pairs, put together by hand: there is one for every group of every look.
 */
export function labelsKey(labels: Labels): string {
  const parts: string[] = [];
  for (const [name, value] of labels)
    parts.push(parts.length === 0 ? "[[" : "],[", toJson(name), ",", toJson(value));
  // Joined, not added up: a text that is made of others keeps all of them in memory.
  if (parts.length === 0) return "[]";
  parts.push("]]");
  return parts.join("");
}

function toJson(text: string): string {
  return /["\\\p{Cc}\p{Cs}]/u.test(text) ? JSON.stringify(text) : `"${text}"`;
}

/** The labels as a plain object for JSON, safe with a label called `__proto__`. */
export function labelsToObject(labels: Labels): Record<string, string> {
  const object = Object.create(null) as Record<string, string>;
  for (const [name, value] of labels) object[name] = value;
  return object;
}

/**
 * Renders `{job="a", instance="b"}`, which the matcher grammar reads back. Control characters and marks that
 * change the direction of text are escaped, so that a hostile label cannot drive a terminal.
 */
export function formatLabels(labels: Labels): string {
  return `{${[...labels].map(([name, value]) => `${formatName(name)}=${quote(value)}`).join(", ")}}`;
}

/** The most that people are shown of one name, of one value, and of all of a group's, in UTF-16 units; and how many labels. */
const shown = { name: 200, value: 1000, labels: 4000, count: 50 };

/** Labels cut to what people can read, whatever their pusher wrote. */
export interface ShortLabels {
  readonly pairs: readonly {
    readonly name: string;
    readonly value: string;
    /** Of the whole value, if it is cut. */
    readonly fullLength: number | null;
  }[];
  /** How many labels are left out. */
  readonly omitted: number;
}

export function shortenLabels(labels: Labels): ShortLabels {
  const pairs: ShortLabels["pairs"][number][] = [];
  let room = shown.labels;
  for (const [name, whole] of labels) {
    if (room <= 0 || pairs.length === shown.count) break;
    const value = whole.slice(0, Math.min(shown.value, room));
    pairs.push({
      name: cutText(name, shown.name),
      value,
      fullLength: value.length < whole.length ? whole.length : null,
    });
    room -= Math.min(name.length, shown.name) + value.length;
  }
  return { pairs, omitted: labels.size - pairs.length };
}

/** As {@link formatLabels}, for people: a value of a megabyte is cut, and says how long it is. */
export function formatShortLabels(labels: Labels): string {
  const { pairs, omitted } = shortenLabels(labels);
  const parts = pairs.map(({ name, value, fullLength }) => {
    const cut = fullLength === null ? "" : `… (${fullLength} characters)`;
    return `${formatName(name)}=${quote(value)}${cut}`;
  });
  if (omitted > 0) parts.push(`… (${omitted} more labels)`);
  return `{${parts.join(", ")}}`;
}

function formatName(name: string): string {
  return isLegacyLabelName(name) ? name : quote(name);
}

/** A label name as Prometheus knew them before UTF-8 names. */
export function isLegacyLabelName(name: string): boolean {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name);
}

const shortEscapes: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  '"': '\\"',
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

const plainText = /^[ !#-[\]-~]*$/;

/** Quotes as Go does: what is neither printable nor a plain space becomes an escape. */
export function quote(text: string): string {
  if (plainText.test(text)) return `"${text}"`;
  return `"${text.replaceAll(/["\\]|\p{C}|\p{Zl}|\p{Zp}|(?! )\p{Zs}/gu, escapeCharacter)}"`;
}

function escapeCharacter(character: string): string {
  const short = shortEscapes[character];
  if (short !== undefined) return short;
  const codePoint = character.codePointAt(0) ?? 0;
  return codePoint > 0xffff
    ? `\\U${codePoint.toString(16).padStart(8, "0")}`
    : `\\u${codePoint.toString(16).padStart(4, "0")}`;
}

/**
 * A small read-only map of texts, kept as one list of names and values in turn: a sweep holds one for every group of a gateway, and a
 * Map takes four times the memory. Names are looked for one by one, as a grouping key has a handful.
 */
export class LabelList implements ReadonlyMap<string, string> {
  readonly #list: readonly string[];

  /** @param list names and values in turn; every name once */
  constructor(list: readonly string[]) {
    this.#list = list;
  }

  get size(): number {
    return this.#list.length / 2;
  }

  get(name: string): string | undefined {
    for (let at = 0; at < this.#list.length; at += 2) if (this.#list[at] === name) return this.#list[at + 1];
    return undefined;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  forEach(visit: (value: string, name: string, map: ReadonlyMap<string, string>) => void): void {
    for (const [name, value] of this) visit(value, name, this);
  }

  /** Of a list of its own, which is quicker than a generator. */
  [Symbol.iterator](): MapIterator<[string, string]> {
    const pairs: [string, string][] = [];
    for (let at = 0; at < this.#list.length; at += 2)
      pairs.push([this.#list[at] ?? "", this.#list[at + 1] ?? ""]);
    return pairs.values();
  }

  entries(): MapIterator<[string, string]> {
    return this[Symbol.iterator]();
  }

  *keys(): MapIterator<string> {
    for (const [name] of this) yield name;
  }

  *values(): MapIterator<string> {
    for (const [, value] of this) yield value;
  }
}
