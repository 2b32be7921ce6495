import { cutText } from "./printable.ts";

/** A grouping key: label names to values, `job` first, then by name. A `Map` is one, too, in its own order. */
export interface Labels extends Iterable<[name: string, value: string]> {
  readonly size: number;
  get(name: string): string | undefined;
  has(name: string): boolean;
}

/** Sorts pairs into a grouping key. Of a repeated name the last value counts. */
export function createLabels(pairs: Iterable<readonly [name: string, value: string]>): Labels {
  const list: string[] = [];
  for (const [name, value] of [...pairs].toSorted(byLabelName)) {
    // Sorting is stable: of equal names the last one comes last.
    if (list.at(-2) === name) list[list.length - 1] = value;
    else list.push(name, value);
  }
  // A copy has no spare capacity.
  return new LabelList(list.slice());
}

/**
 * Keeps names and values in turn in one list: a sweep holds one of these for every group of a gateway, and a Map takes four times the
 * memory. A linear search is enough, as a grouping key has a handful of labels.
 */
class LabelList implements Labels {
  readonly #list: readonly string[];

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

  /** Of a list of its own, which is quicker than a generator. */
  [Symbol.iterator](): IterableIterator<[string, string]> {
    const pairs: [string, string][] = [];
    for (let at = 0; at < this.#list.length; at += 2)
      pairs.push([this.#list[at] ?? "", this.#list[at + 1] ?? ""]);
    return pairs.values();
  }
}

function byLabelName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  if (a === b) return 0;
  if (a === "job") return -1;
  if (b === "job") return 1;
  return a < b ? -1 : 1;
}

/**
 * One string per grouping key, equal if and only if the keys are: the JSON of the pairs, built by hand, as every snapshot needs one
 * for every group. Not for people; see {@link formatLabels}.
 */
export function labelsKey(labels: Labels): string {
  const parts: string[] = [];
  for (const [name, value] of labels)
    parts.push(parts.length === 0 ? "[[" : "],[", toJson(name), ",", toJson(value));
  // Joined, not concatenated: V8 keeps all parts of a concatenation in memory.
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

/** How much of labels is shown to people: of one name, one value, and all of a group's, in UTF-16 units; and how many labels. */
const shown = { name: 200, value: 1000, labels: 4000, count: 50 };

/** Labels cut to a length that people can read. */
interface ShortLabels {
  readonly pairs: readonly {
    readonly name: string;
    readonly value: string;
    /** Of a value that is cut; null: it is not. */
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
