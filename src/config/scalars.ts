import { formatDuration, parseDuration } from "../core/duration.ts";
import type { Cursor } from "./cursor.ts";

/**
 * Decoders of single values. As everywhere among the decoders, a value that is `undefined` has been reported already,
 * and what is returned together with a problem is never used.
 */

/** Seconds, at least 0; NaN with a problem, so that comparisons with it say nothing more. */
export function decodeDuration(text: string | undefined, at: Cursor): number {
  return text === undefined ? Number.NaN : at.parse(text, parseDuration, Number.NaN);
}

/** Seconds over 0. */
export function decodePositiveDuration(text: string | undefined, at: Cursor, why: string): number {
  const seconds = decodeDuration(text, at);
  if (seconds === 0) at.error(`${at.key} must be over 0: ${why}`);
  return seconds;
}

/** Timers of Node fire at once when they are set to more than 24.8 days. */
const maxTimeoutSeconds = 86_400;

export function decodeTimeout(text: string | undefined, at: Cursor): number {
  const seconds = decodePositiveDuration(text, at, "with it every request fails at once");
  if (seconds > maxTimeoutSeconds) at.error(`a timeout may be ${formatDuration(maxTimeoutSeconds)} at most`);
  return seconds;
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
