import { quote } from "../core/labels.ts";
import { ParseError } from "../core/parse-error.ts";

/** A cron expression that fires when it says, and what may surprise about it. */
export interface Schedule {
  readonly warnings: readonly string[];
  /** Whether it names hours of the day, so that a change of the clock moves or drops it. */
  readonly namesHours: boolean;
}

interface Field {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
  /** What node-cron knows beyond cron in this field. */
  readonly special?: RegExp;
}

const months = "january february march april may june july august september october november december".split(
  " ",
);
const weekdays = "sunday monday tuesday wednesday thursday friday saturday".split(" ");

const fields: readonly Field[] = [
  { label: "second", min: 0, max: 59 },
  { label: "minute", min: 0, max: 59 },
  { label: "hour", min: 0, max: 23 },
  {
    label: "day of month",
    min: 1,
    max: 31,
    special: /^(?:\?|L|L-(?:[1-9]|[12]\d|30)|(?:[1-9]|[12]\d|3[01]|L)W)$/i,
  },
  { label: "month", min: 1, max: 12, names: months },
  { label: "day of week", min: 0, max: 7, names: weekdays, special: /^(?:\?|[0-7]L|[0-7]#[1-5])$/i },
];

const nicknames = /^@(?:yearly|annually|monthly|weekly|daily|midnight|hourly)$/i;
const daysOfMonths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Checks a cron expression as node-cron reads it, and refuses what node-cron accepts but reads in a way nobody
 * means: a step beyond the field, a range that runs backwards.
 * @throws {@link ParseError}
 */
export function parseSchedule(text: string): Schedule {
  if (nicknames.test(text)) return { warnings: [], namesHours: !/^@hourly$/i.test(text) };
  const words = [...text.matchAll(/[^ ]+/g)];
  if (words.length !== 5 && words.length !== 6) {
    throw new ParseError(`a schedule has 5 fields, or 6 with seconds first; this one has ${words.length}`);
  }
  const used = fields.slice(fields.length - words.length);
  const values = used.map((field, index) =>
    parseField(words[index]?.[0] ?? "", field, words[index]?.index ?? 0),
  );
  const [days, monthValues, weekdayValues] = values.slice(-3);
  checkDates(days ?? null, monthValues ?? null, words.at(-3)?.index ?? 0);
  return {
    warnings: [
      ...words.flatMap(([word], index) => warnOfUnevenStep(word, used[index])),
      ...warnOfSeconds(words.length === 6 ? values[0] : undefined),
      ...(days !== null && weekdayValues !== null
        ? ["sweeps only on days that match both day of month and day of week, where cron takes either"]
        : []),
    ],
    namesHours: values.at(-4) !== null,
  };
}

/** The values of a field; null: any. Special words count as restricting, without values. */
function parseField(word: string, field: Field, offset: number): readonly number[] | null {
  if (word === "*" || word === "?" || word === "*/1") {
    if (word === "?" && field.special === undefined) throw notUnderstood(word, field, offset);
    return null;
  }
  let at = offset;
  return word.split(",").flatMap((part) => {
    const start = at;
    at += part.length + 1;
    return field.special?.test(part) === true ? [] : parsePart(part, field, start);
  });
}

function parsePart(part: string, field: Field, offset: number): readonly number[] {
  const match = /^(?:\*|([a-z]+|\d+)(?:-([a-z]+|\d+))?)(?:\/(\d+))?$/i.exec(part);
  if (match === null) throw notUnderstood(part, field, offset);
  const [, from, to, stepText] = match;
  const everything = from === undefined;
  if (!everything && to === undefined && stepText !== undefined) {
    throw new ParseError(
      `${quote(part)}: a step needs a range, as in */${stepText} or ${from}-${field.max}/${stepText}`,
      offset,
    );
  }
  const first = everything ? field.min : parseValue(from, part, field, offset);
  const last = everything ? field.max : to === undefined ? first : parseValue(to, part, field, offset);
  if (first > last) {
    const instead =
      field.names === undefined ? `${from}-${field.max},${field.min}-${to}` : wrapAround(field, first, last);
    throw new ParseError(
      `${quote(part)} runs backwards, and node-cron would swap its ends: write ${instead}`,
      offset,
    );
  }
  const step = stepText === undefined ? 1 : Number(stepText);
  if (step < 1 || step > last - first) {
    if (stepText !== undefined) throw new ParseError(explainStep(part, step, field, first), offset);
  }
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => first + index * step);
}

/** `fri,sat,sun` */
function wrapAround({ names = [], min }: Field, first: number, last: number): string {
  return [...names.slice(first - min), ...names.slice(0, last - min + 1)]
    .map((name) => name.slice(0, 3))
    .join(",");
}

function parseValue(word: string, part: string, field: Field, offset: number): number {
  const name = word.toLowerCase();
  const named = /^\d/.test(word)
    ? -1
    : (field.names ?? []).findIndex((full) => name === full || name === full.slice(0, 3));
  if (named >= 0) return named + field.min;
  if (!/^\d+$/.test(word)) throw notUnderstood(part, field, offset);
  const value = Number(word);
  if (value < field.min || value > field.max) {
    throw new ParseError(`${word} is no ${field.label}: ${field.min} to ${field.max}`, offset);
  }
  return value;
}

function notUnderstood(word: string, field: Field, offset: number): ParseError {
  return new ParseError(
    `${quote(word)} means nothing as ${field.label}: ${field.min} to ${field.max}, *, a-b, */n`,
    offset,
  );
}

function explainStep(part: string, step: number, { label, min, max }: Field, first: number): string {
  const why = step < 1 ? "a step is at least 1" : `only ${label} ${first} would match`;
  const instead =
    label === "minute" && step > max ? `; for a longer period restrict the hours, as in 0 */2 * * *` : "";
  return `${quote(part)}: ${why}, as a ${label} is ${min} to ${max}${instead}`;
}

/** A date like February 30 never comes. */
function checkDates(days: readonly number[] | null, months: readonly number[] | null, offset: number): void {
  if (days === null || days.length === 0 || months === null) return;
  const longest = Math.max(...months.map((month) => daysOfMonths[month - 1] ?? 31));
  if (Math.min(...days) > longest) {
    throw new ParseError("this date never comes: none of these months has such a day", offset);
  }
}

/** A step that does not divide the field starts anew when the field wraps around. */
function warnOfUnevenStep(word: string, field: Field | undefined): readonly string[] {
  const step = Number(/^\*\/(\d+)$/.exec(word)?.[1]);
  if (field === undefined || !["second", "minute", "hour"].includes(field.label)) return [];
  const count = field.max + 1;
  if (Number.isNaN(step) || count % step === 0) return [];
  const values = Array.from({ length: Math.ceil(count / step) }, (_, index) => index * step);
  const shown = values.length > 5 ? `${values.slice(0, 4).join(", ")} … ${values.at(-1)}` : values.join(", ");
  return [`${word} is not every ${step} ${field.label}s: it means ${field.label} ${shown}, then 0 again`];
}

function warnOfSeconds(seconds: readonly number[] | null | undefined): readonly string[] {
  if (seconds === undefined || seconds?.length === 1) return [];
  return ["sweeps more than once a minute: with 6 fields the first one is the second"];
}
