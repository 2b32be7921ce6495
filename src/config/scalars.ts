import { parseDuration, parsePositiveDuration, parseTimer } from "../core/duration.ts";
import type { Cursor } from "./cursor.ts";

/**
 * Decoders of single values. As everywhere among the decoders, a value that is `undefined` has been reported already,
 * and what is returned together with a problem is never used.
 */

/** Seconds, at least 0; NaN with a problem, so that comparisons with it say nothing more. */
export function decodeDuration(text: string | undefined, at: Cursor): number {
  return text === undefined ? Number.NaN : at.parse(text, parseDuration, Number.NaN);
}

/** Seconds over 0; NaN with a problem. */
export function decodePositiveDuration(text: string | undefined, at: Cursor, why: string): number {
  return text === undefined
    ? Number.NaN
    : at.parse(text, (duration) => parsePositiveDuration(duration, why), Number.NaN);
}

/** Seconds over 0 and up to a day; NaN with a problem. */
export function decodeTimer(text: string | undefined, at: Cursor, why: string): number {
  const parse = (duration: string): number =>
    Math.min(parsePositiveDuration(duration, why), parseTimer(duration));
  return text === undefined ? Number.NaN : at.parse(text, parse, Number.NaN);
}

export function decodeTimeout(text: string | undefined, at: Cursor): number {
  return decodeTimer(text, at, "with it every request fails at once");
}

const maxNameLength = 128;

/** A name that becomes a label value of metrics. `""` with a problem. */
export function decodeName(text: string | undefined, at: Cursor): string {
  if (text === undefined) return "";
  const length = Array.from(text).length;
  if (length > maxNameLength)
    at.error(`a name may have ${maxNameLength} characters at most, this one has ${length}`);
  if (!text.isWellFormed())
    at.error("a name must be valid Unicode: Prometheus takes nothing else as a label value");
  return text;
}

/** Reports names that come twice, at the later one. */
export function checkUnique(
  names: readonly (string | undefined)[],
  message: (earlierLine: number) => string,
  place: (index: number) => Cursor,
): void {
  const first = new Map<string, number>();
  for (const [index, name] of names.entries()) {
    if (name === undefined || name === "") continue;
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, index);
    else place(index).error(message(place(earlier).line));
  }
}
