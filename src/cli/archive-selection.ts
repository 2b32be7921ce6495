import { ParseError } from "../core/errors.ts";
import { parseMatchers } from "../core/matcher.ts";
import { matchesAll } from "../core/rule.ts";
import type { Labels } from "../core/labels.ts";
import { parseTimestamp } from "../core/time.ts";
import { parseFlag } from "./parse-flag.ts";

/** Which part of an archive a command is about. */
export interface SelectionFlags {
  readonly match?: string;
  readonly from?: string;
  readonly since?: string;
  readonly until?: string;
}

/** Whether the flags select anything: `{}` matches everything. */
export function isSelective({ match, from, since, until }: SelectionFlags): boolean {
  const matchers = match === undefined ? [] : parseFlag("--match", match, parseMatchers);
  return matchers.length > 0 || from !== undefined || since !== undefined || until !== undefined;
}

/** What every record about a group has. */
export interface Selectable {
  readonly at: number;
  readonly gateway: string;
  readonly labels: Labels;
}

/**
 * @returns whether a record is meant by all of the flags
 * @throws {@link ConfigError}
 */
export function parseSelection(flags: SelectionFlags): (record: Selectable) => boolean {
  const { match, from, since, until } = flags;
  const matchers = match === undefined ? [] : parseFlag("--match", match, parseMatchers);
  const first = since === undefined ? Number.NEGATIVE_INFINITY : parseFlag("--since", since, parseTime);
  const last = until === undefined ? Number.POSITIVE_INFINITY : parseFlag("--until", until, parseTime);
  return ({ at, gateway, labels }) =>
    at >= first && at <= last && (from === undefined || gateway === from) && matchesAll(matchers, labels);
}

function parseTime(text: string): number {
  const time = parseTimestamp(text);
  if (time === null) {
    throw new ParseError(
      `${JSON.stringify(text)} is not a time: write it as in RFC 3339, for example 2026-11-24T13:00:00Z`,
    );
  }
  return time;
}
