import { createTask, validateDetailed, type ParsedFields } from "node-cron";
import { quote } from "../core/labels.ts";
import { ParseError } from "../core/errors.ts";
import { didYouMean } from "./file/did-you-mean.ts";

/** The fields that a cron expression restricts, and warnings about its meaning. */
interface CronExpression {
  readonly namesDays: boolean;
  /** Days or hours. It then follows the clock of its time zone, and a change of that clock moves or drops a sweep. */
  readonly namesTimes: boolean;
  readonly warnings: readonly string[];
}

interface Field {
  readonly key: keyof ParsedFields;
  readonly label: string;
  readonly min: number;
  readonly max: number;
  /** How many different values it has. */
  readonly size: number;
}

const fields: readonly Field[] = [
  { key: "second", label: "second", min: 0, max: 59, size: 60 },
  { key: "minute", label: "minute", min: 0, max: 59, size: 60 },
  { key: "hour", label: "hour", min: 0, max: 23, size: 24 },
  { key: "dayOfMonth", label: "day of month", min: 1, max: 31, size: 31 },
  { key: "month", label: "month", min: 1, max: 12, size: 12 },
  { key: "dayOfWeek", label: "day of week", min: 0, max: 7, size: 7 },
];

const names: ReadonlySet<string> = new Set(
  "january february march april may june july august september october november december sunday monday tuesday wednesday thursday friday saturday"
    .split(" ")
    .flatMap((name) => [name, name.slice(0, 3)]),
);

/** Enough for every value of every field. node-cron tries all combinations of minutes and seconds, repeated ones too. */
const maxLength = 500;

export const neverComes =
  "this schedule never fires: no month has such a day, or the clocks skip this time whenever it is due";

/**
 * Reads a cron expression as node-cron does. Also refuses what node-cron accepts but reads in an unexpected way.
 */
export function parseSchedule(text: string): CronExpression {
  const nickname = /^ *@[a-z]+ *$/i.test(text);
  const words = nickname ? [] : splitWords(text);
  const { fields: values, errors } = validateDetailed(text);
  if (values === undefined) {
    if (nickname) throw new ParseError("write @hourly, @daily, @weekly, @monthly, @yearly or 5 fields");
    throw explain(
      text,
      words.find(({ field }) => field.key === errors[0]?.field),
      errors[0]?.message ?? "",
    );
  }
  const restricts = fields.filter(({ key, size }) => new Set<number | string>(values[key]).size < size);
  const restricted = new Set(restricts.map(({ key }) => key));
  const namesDay = restricted.has("dayOfMonth");
  const namesWeekday = restricted.has("dayOfWeek");
  const namesDays = namesDay || namesWeekday || restricted.has("month");
  const warnings = words.flatMap(checkStep);
  if (new Set(values.second).size > 1)
    warnings.push("sweeps more than once a minute: with 6 fields the first one is the second");
  if (namesDay && namesWeekday)
    warnings.push(
      "sweeps only on days that match both day of month and day of week, where cron takes either",
    );
  return { namesDays, namesTimes: namesDays || restricted.has("hour"), warnings };
}

/**
 * The time zone to run a schedule by. One that names neither hours nor days runs by a clock that never changes: node-cron
 * fires once for a time that comes twice, so that the day on which clocks go back would have a gap of an hour.
 */
export function clockOf(schedule: CronExpression, timezone: string): string {
  return schedule.namesTimes ? timezone : steadyTimezone(timezone);
}

/** Whether a schedule ever fires within node-cron's next hundred years. */
export function everComes(text: string, schedule: CronExpression, timezone: string): boolean {
  // On most days every time of day comes.
  if (!schedule.namesDays) return true;
  // Without seconds: they make no difference, but many candidates.
  return nextRuns(text.trim().split(/ +/).slice(-5).join(" "), timezone, 1).length > 0;
}

/** The shortest time between two of its next runs. */
export function shortestIntervalSeconds(text: string, timezone: string): number {
  const times = nextRuns(text, timezone, 10).map((run) => run.getTime() / 1000);
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  return Math.min(...gaps);
}

function nextRuns(expression: string, timezone: string, count: number): readonly Date[] {
  const task = createTask(expression, () => {}, { timezone });
  try {
    return task.getNextRuns(count);
  } catch {
    return [];
  } finally {
    void task.destroy();
  }
}

interface Word {
  readonly text: string;
  readonly offset: number;
  readonly field: Field;
}

function splitWords(text: string): readonly Word[] {
  if (text.length > maxLength) throw new ParseError(`a schedule has ${maxLength} characters at most`);
  const odd = text.search(/[^\w *?/,#-]/);
  if (odd >= 0) throw new ParseError("a schedule has digits, names, * ? / , # - and spaces only", odd);
  const words = [...text.matchAll(/[^ ]+/g)];
  if (words.length !== 5 && words.length !== 6) {
    throw new ParseError(`a schedule has 5 fields, or 6 with seconds first; this one has ${words.length}`);
  }
  // node-cron expands a range before it checks its ends, and finds names within words: janfeb is December to it.
  for (const { 0: word, index } of text.matchAll(/\d{3,}|\w*[a-z]{3}\w*/gi)) {
    if (!names.has(word.toLowerCase())) {
      throw new ParseError(
        `${quote(word)} is neither the name of a month or day nor a number in range`,
        index,
      );
    }
  }
  return words.flatMap(({ 0: word, index }, position) => {
    const field = fields[position + fields.length - words.length];
    return field === undefined ? [] : [{ text: word, offset: index, field }];
  });
}

function explain(text: string, word: Word | undefined, message: string): ParseError {
  if (word === undefined) return new ParseError(`${quote(text)} is not a schedule: ${message}`);
  if (message.includes("impossible")) return new ParseError(neverComes, word.offset);
  const { label, min, max } = word.field;
  return new ParseError(
    `${quote(word.text)} is not a valid ${label}: write ${min} to ${max}, *, a,b, a-b, */n or a-b/n`,
    word.offset,
  );
}

/** Warns of a step that does not divide its field and so restarts when the field wraps around; refuses one beyond it. */
function checkStep({ text, offset, field: { label, min, max, size } }: Word): readonly string[] {
  const step = Number(/^\*\/(\d+)$/.exec(text)?.[1] ?? 1);
  if (step >= size) {
    const instead = label === "minute" ? "; for a longer period restrict the hours, as in 0 */2 * * *" : "";
    throw new ParseError(
      `${quote(text)}: only ${label} ${min} would match, as a ${label} is ${min} to ${max}${instead}`,
      offset,
    );
  }
  if (size % step === 0 || !["second", "minute", "hour"].includes(label)) return [];
  const values = Array.from({ length: Math.ceil(size / step) }, (_, index) => index * step);
  const shown = values.length > 5 ? `${values.slice(0, 4).join(", ")} … ${values.at(-1)}` : values.join(", ");
  return [`${text} is not every ${step} ${label}s: it means ${label} ${shown}, then 0 again`];
}

/** @throws {@link ParseError} unless `text` is the IANA name of a time zone */
export function parseTimezone(text: string): string {
  // Newer Nodes take offsets, too; a schedule in one would follow no country's clocks.
  if (/^[+-]/.test(text) || !isTimezone(text)) {
    const hint = didYouMean(text, Intl.supportedValuesOf("timeZone")) || ": write a name like Europe/Berlin";
    throw new ParseError(`${quote(text)} is not a time zone${hint}`);
  }
  return text;
}

function isTimezone(text: string): boolean {
  // The default. Asking ICU takes longer than reading the rest of the file.
  if (text === "UTC") return true;
  try {
    createFormat(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether the clocks there change within a year. */
export function changesClocks(timezone: string): boolean {
  return timezone !== "UTC" && offsetsOf(timezone).size > 1;
}

/** Zones whose clocks never change, by the minutes that they are off full hours. */
const steadyTimezones: ReadonlyMap<string, string> = new Map([
  ["30", "Asia/Kolkata"],
  ["45", "Asia/Kathmandu"],
]);

/**
 * A time zone that shows the same minutes as this one, and whose clocks never change. UTC where the change itself is no full
 * hour, on Lord Howe Island.
 */
export function steadyTimezone(timezone: string): string {
  if (timezone === "UTC") return timezone;
  const minutes = new Set([...offsetsOf(timezone)].map((offset) => /:(\d\d)$/.exec(offset)?.[1] ?? "00"));
  const [only = "00"] = minutes;
  return (minutes.size === 1 ? steadyTimezones.get(only) : undefined) ?? "UTC";
}

/** `GMT`, `GMT+01:00`: those that hold there in the course of a year. */
function offsetsOf(timezone: string): ReadonlySet<string> {
  const format = createFormat(timezone);
  // Any year that the zone's present rules reach into, so that no clock is needed here.
  const offsets = Array.from({ length: 12 }, (_, month) => {
    const parts = format.formatToParts(new Date(Date.UTC(2030, month, 1)));
    return parts.find(({ type }) => type === "timeZoneName")?.value ?? "GMT";
  });
  return new Set(offsets);
}

function createFormat(timezone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en", { timeZone: timezone, timeZoneName: "longOffset" });
}
