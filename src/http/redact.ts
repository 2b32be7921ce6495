/** Strikes secrets out of a text that a server wrote. */
export type Redact = (text: string) => string;

const mask = "<secret>";

/**
 * Servers and proxies may repeat what was sent to them: debug pages, firewalls, redirects. Their words pass this before anybody sees
 * them. A secret is found plain, in base64 and in hexadecimal, also as a part of a longer text that was encoded, and under
 * escapes of URLs, JSON and HTML, also several of them on top of each other. Where a text was cut off, the beginning of a secret is
 * struck out, too.
 * @param secrets empty ones do not count
 */
export function createRedact(secrets: readonly string[]): Redact {
  let needles: readonly Needle[] | null = null;
  return (text) => {
    // Most clients never show a word of their server.
    needles ??= findNeedles(secrets);
    if (needles.length === 0) return text;
    return strikeOut(text, findSecrets(text, needles));
  };
}

/** Shorter encodings would be found by chance. */
const shortestEncoding = 6;

function spellings(secret: string): readonly string[] {
  // Headers are sent in Latin-1, all else in UTF-8.
  const encodings = [Buffer.from(secret, "utf8"), Buffer.from(secret, "latin1")];
  const encoded = encodings.flatMap((bytes) => [
    bytes.toString("hex"),
    bytes.toString("hex").toUpperCase(),
    bytes.toString("base64"),
    ...[0, 1, 2].map((offset) => base64Part(bytes, offset)),
  ]);
  return [
    secret,
    ...encodings.flatMap((bytes) => [bytes.toString("utf8"), bytes.toString("latin1")]),
    ...encoded.filter((text) => text.length >= shortestEncoding),
  ];
}

/** The characters that depend on these bytes alone if so many others precede them. */
function base64Part(bytes: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
  return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
}

/** Of a secret that was cut off, so many characters are no chance. */
const shortestBeginning = 4;

/** The characters in which spellings of base64 differ, those for a space in forms, and line breaks. */
const fillings = /[\s+/_=-]+/g;
/** These, and what may have been sent in one encoding and read in another; the ellipsis marks a cut. */
const fillingsAndForeign = /[^!-~…]+|[+/_=-]+/g;

/** A spelling of a secret, without what is ignored in it and in the texts that are searched. */
interface Needle {
  readonly text: string;
  /** null: it is so short that it only counts as a word of its own. */
  readonly ignored: RegExp | null;
  /** Whether something that is ignored belongs to it, before and after the rest. */
  readonly opens: boolean;
  readonly closes: boolean;
}

function findNeedles(secrets: readonly string[]): readonly Needle[] {
  const needles = new Map<string, Needle>();
  for (const spelling of secrets.flatMap(spellings)) {
    // The line break keeps its end from being taken for an escape that was cut off.
    for (const { text } of levels(`${spelling}\n`)) {
      const needle = toNeedle(text.trim());
      if (needle.text !== "") needles.set(Object.values(needle).join(" "), needle);
    }
  }
  return [...needles.values()];
}

function toNeedle(spelling: string): Needle {
  for (const ignored of [fillingsAndForeign, fillings]) {
    const text = spelling.replaceAll(ignored, "");
    if (text.length < shortestBeginning) continue;
    return {
      text,
      ignored,
      opens: !spelling.startsWith(text.charAt(0)),
      closes: !spelling.endsWith(text.slice(-1)),
    };
  }
  return { text: spelling, ignored: null, opens: false, closes: false };
}

function findSecrets(text: string, needles: readonly Needle[]): readonly Range[] {
  return levels(text).flatMap((level) =>
    [null, fillings, fillingsAndForeign].flatMap((ignored) => {
      const sought = needles.filter((needle) => needle.ignored === ignored);
      if (ignored === null) return sought.flatMap(({ text: word }) => wordsIn(level, word));
      const reading = replaceIn(level, ignored, () => "");
      return sought.flatMap((needle) => occurrences(text, reading, needle));
    }),
  );
}

/** A text, and where each of its characters comes from in the original. */
interface Reading {
  readonly text: string;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

const maxLevels = 5;
/** One that was cut off means nothing. */
const escapes =
  /(?:%[\da-f]?|&(?:#x?)?\w{0,7}|\\(?:u[\da-f]{0,3}|x[\da-f]?)?)(?=…|$)|(?<percent>%[0-7][\da-f]|(?:%[89a-f][\da-f])+)|&(?:#(?<decimal>\d{1,7})|#x(?<hex>[\da-f]{1,6})|(?<name>amp|lt|gt|quot|apos));|\\(?:u(?<unit>[\da-f]{4})|x(?<byte>[\da-f]{2})|(?<character>.))/gisu;

/** The text as it is, without one level of escapes, without two, … */
function levels(original: string): readonly Reading[] {
  const all: Reading[] = [];
  let reading: Reading = {
    text: original,
    starts: Array.from({ length: original.length }, (_, at) => at),
    ends: Array.from({ length: original.length }, (_, at) => at + 1),
  };
  while (all.length <= maxLevels) {
    all.push(reading);
    const next = replaceIn(reading, escapes, unescape);
    if (next.text === reading.text) break;
    reading = next;
  }
  return all;
}

function replaceIn(
  { text, starts, ends }: Reading,
  pattern: RegExp,
  replacement: (match: RegExpExecArray) => string,
): Reading {
  const parts: string[] = [];
  const next = { starts: [] as number[], ends: [] as number[] };
  let at = 0;
  const copyUntil = (end: number): void => {
    parts.push(text.slice(at, end));
    for (; at < end; at += 1) {
      next.starts.push(starts[at] ?? 0);
      next.ends.push(ends[at] ?? 0);
    }
  };
  for (const match of text.matchAll(pattern)) {
    copyUntil(match.index);
    const instead = replacement(match);
    const end = match.index + match[0].length;
    for (let unit = 0; unit < instead.length; unit += 1) {
      next.starts.push(starts[at] ?? 0);
      next.ends.push(ends[end - 1] ?? 0);
    }
    parts.push(instead);
    at = end;
  }
  copyUntil(text.length);
  return { text: parts.join(""), ...next };
}

const named: ReadonlyMap<string, string> = new Map(
  Object.entries({ amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" }),
);
const controls: ReadonlyMap<string, string> = new Map(
  Object.entries({ b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" }),
);

function unescape({ groups = {} }: RegExpExecArray): string {
  const { percent, decimal, hex, name, unit, byte, character = "" } = groups;
  if (percent !== undefined) return Buffer.from(percent.replaceAll("%", ""), "hex").toString("utf8");
  if (name !== undefined) return named.get(name.toLowerCase()) ?? "";
  const code = decimal === undefined ? Number.parseInt(hex ?? unit ?? byte ?? "", 16) : Number(decimal);
  if (!Number.isNaN(code)) return code > 0x10_ff_ff ? "" : String.fromCodePoint(code);
  return controls.get(character) ?? character;
}

type Range = readonly [start: number, end: number];

function wordsIn({ text, starts, ends }: Reading, word: string): readonly Range[] {
  const found: Range[] = [];
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
    const end = at + word.length;
    const isPart = /\w/.test(text.charAt(at - 1)) || /\w/.test(text.charAt(end));
    if (!isPart) found.push([starts[at] ?? 0, ends[end - 1] ?? 0]);
  }
  return found;
}

/** Messages have few, and only a hostile server has more. */
const maxCuts = 8;

function occurrences(
  original: string,
  { text, starts, ends }: Reading,
  { text: needle, opens, closes }: Needle,
): readonly Range[] {
  const found: Range[] = [];
  const add = (at: number, end: number, isCut: boolean): void => {
    const [from, to] = [starts[at] ?? 0, ends[end - 1] ?? 0];
    const before = opens ? original.slice(ends[at - 1] ?? 0, from) : "";
    const after = closes || isCut ? original.slice(to, starts[end] ?? original.length) : "";
    found.push([from - (/\S*$/.exec(before)?.[0].length ?? 0), to + (/^\S*/.exec(after)?.[0].length ?? 0)]);
  };
  for (let at = text.indexOf(needle); at !== -1; at = text.indexOf(needle, at + 1)) {
    add(at, at + needle.length, false);
  }
  const cuts = Array.from(text.matchAll(/…|$/g), ({ index }) => index);
  for (const end of [...cuts.slice(0, maxCuts), text.length]) {
    const longest = Math.min(needle.length - 1, end);
    for (let length = longest; length >= shortestBeginning; length -= 1) {
      if (!text.startsWith(needle.slice(0, length), end - length)) continue;
      add(end - length, end, true);
      break;
    }
  }
  return found;
}

function strikeOut(text: string, found: readonly Range[]): string {
  let struck = "";
  let at = 0;
  let maskedUntil = -1;
  for (const [start, end] of found.toSorted((a, b) => a[0] - b[0])) {
    if (end <= at) continue;
    // Ranges that overlap or adjoin are one secret to the reader.
    if (start > maskedUntil) struck += text.slice(at, start) + mask;
    at = Math.max(at, end);
    maskedUntil = at;
  }
  return struck + text.slice(at);
}
