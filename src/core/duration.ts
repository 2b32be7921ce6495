import { ParseError } from "./errors.ts";

/** Prometheus' units, biggest first, in milliseconds: integers, so that sums stay exact. */
const units = [
  ["y", 365 * 86_400_000],
  ["w", 7 * 86_400_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
] as const;

const grammar = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** Prometheus keeps durations in 64 bits of nanoseconds: a little over 292 years. */
const maxMilliseconds = 9_223_372_036_854;

/**
 * Parses a duration in Prometheus' grammar (`1w2d`, `90m`, `500ms`, `0`): biggest unit first, each at most once,
 * no fraction, no sign, no spaces.
 * @returns seconds, with milliseconds as the fraction
 */
export function parseDuration(text: string): number {
  if (text === "0") return 0;
  const match = grammar.exec(text);
  if (match === null || text === "") {
    throw new ParseError(
      `${JSON.stringify(text)} is not a duration: write it like 30d, 1h30m or 500ms (units y w d h m s ms, biggest first, no fractions)`,
    );
  }
  const milliseconds = units.reduce((sum, [, size], index) => sum + Number(match[index + 1] ?? 0) * size, 0);
  if (milliseconds > maxMilliseconds) {
    throw new ParseError(`${JSON.stringify(text)} is too long: Prometheus' durations end at 292 years`);
  }
  return milliseconds / 1000;
}

/**
 * As {@link parseDuration}, over 0.
 * @param why what 0 would do
 */
export function parsePositiveDuration(text: string, why: string): number {
  const seconds = parseDuration(text);
  if (seconds === 0) throw new ParseError(`must be over 0: ${why}`);
  return seconds;
}

/** Node's timers fire at once when they are set to more than 24.8 days. */
const maxTimerSeconds = 86_400;

/** As {@link parseDuration}, for what becomes a timer: a day at most. */
export function parseTimer(text: string): number {
  const seconds = parseDuration(text);
  if (seconds > maxTimerSeconds) throw new ParseError(`must be ${formatDuration(maxTimerSeconds)} at most`);
  return seconds;
}

/**
 * Parses the TTL of a rule.
 * @returns seconds over 0
 */
export function parseTtl(text: string): number {
  return parsePositiveDuration(text, "groups would expire as they are pushed");
}

/**
 * Renders seconds in Prometheus' grammar, exact to the millisecond; {@link parseDuration} reads it back.
 * Years and weeks are used only where the duration is whole in them, as Prometheus does.
 */
export function formatDuration(seconds: number): string {
  let rest = Math.round(seconds * 1000);
  if (rest === 0) return "0s";
  let text = "";
  for (const [unit, size] of units) {
    if ((unit === "y" || unit === "w") && rest % size !== 0) continue;
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}

const unitsOfAge = [
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
  ["s", 1],
] as const;

/** Renders an age for people: the two biggest units, `3d4h`, rounded down. Seconds may be fractional or negative. */
export function formatAge(seconds: number): string {
  if (seconds <= -1) return `-${formatAge(-seconds)}`;
  const whole = Math.floor(seconds);
  if (whole < 1) return "0s";
  const first = unitsOfAge.findIndex(([, size]) => whole >= size);
  let rest = whole;
  let text = "";
  for (const [unit, size] of unitsOfAge.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}
