import { parseMatcherTexts, type MatcherText } from "../core/matcher.ts";
import { ParseError } from "../core/errors.ts";
import { formatTime, parseTimestamp } from "../core/time.ts";
import { verdictNames, type Verdict, type VerdictName } from "../core/verdict.ts";
import { reasonWords } from "./advice.ts";

/** The groups of a report to show, and their order: shared by the page's form, its links and the API. */
export interface ReportQuery {
  /** As it was written; `matchers` is its meaning. */
  readonly match: string;
  /** Each with the offset of its value in `match`. */
  readonly matchers: readonly (MatcherText & { readonly offset: number })[];
  /** null: any, as for the next three. */
  readonly verdict: VerdictName | null;
  readonly reason: Verdict["reason"] | null;
  readonly gateway: string | null;
  readonly rule: string | null;
  /** Groups that expire at this moment or later, Unix seconds; null: whenever. */
  readonly expiresFrom: number | null;
  /** Groups that expire before it. */
  readonly expiresUntil: number | null;
  readonly sort: Sort;
  /** 1 is the first. */
  readonly page: number;
  readonly perPage: number;
}

/** `expiry`: the next to expire first, groups that are gone last; `age`: the oldest first. */
export type Sort = (typeof sorts)[number];

/** Why a query cannot be answered, and which parameter of the URL is the reason. */
export interface QueryProblem {
  /** `bad_query`: it cannot be understood. The others: the filter takes too long; too many are being worked on. */
  readonly code: "bad_query" | "filter_too_slow" | "busy";
  readonly parameter: string;
  /** Its value, if that is known. */
  readonly text: string;
  readonly message: string;
  /** Where it goes wrong, UTF-16 units from the start of `text`; null: all of it. */
  readonly offset: number | null;
}

/** `query` holds the parameters that could be read, so that the page can still show its form. */
export type QueryResult =
  | { readonly ok: true; readonly query: ReportQuery }
  | { readonly ok: false; readonly query: ReportQuery; readonly problem: QueryProblem };

export const reasonNames = Object.keys(reasonWords) as Verdict["reason"][];

export const sorts = ["expiry", "age", "labels"] as const;

export const maxPerPage = 1000;

/** Of a parameter, in UTF-16 units: every link of the page repeats them. */
const maxParameterLength = 1000;

export const noFilter = {
  match: "",
  verdict: null,
  reason: null,
  gateway: null,
  rule: null,
  expiresFrom: null,
  expiresUntil: null,
  page: 1,
} as const;

export const defaultQuery: ReportQuery = { ...noFilter, matchers: [], sort: "expiry", perPage: 100 };

export function isFiltered(query: ReportQuery): boolean {
  const keys = Object.keys(noFilter) as (keyof typeof noFilter)[];
  return keys.some((key) => key !== "page" && query[key] !== noFilter[key]);
}

class BadParameter extends Error {}

const readers: Readonly<Record<string, (text: string) => Partial<ReportQuery>>> = {
  match: (text) => ({ matchers: parseMatcherTexts(text) }),
  verdict: (text) => ({ verdict: readOneOf(verdictNames, text) }),
  reason: (text) => ({ reason: readOneOf(reasonNames, text) }),
  gateway: (text) => ({ gateway: text }),
  rule: (text) => ({ rule: text }),
  expires_from: (text) => ({ expiresFrom: readTime(text) }),
  expires_until: (text) => ({ expiresUntil: readTime(text) }),
  sort: (text) => ({ sort: readOneOf(sorts, text) }),
  page: (text) => ({ page: readCount(text, Number.MAX_SAFE_INTEGER) }),
  per_page: (text) => ({ perPage: readCount(text, maxPerPage) }),
};

/** Reads the query of a URL. An empty value, as a form sends it, is none; an unknown parameter is a problem. */
export function parseReportQuery(parameters: URLSearchParams): QueryResult {
  const query = { ...defaultQuery, match: parameters.get("match")?.slice(0, maxParameterLength) ?? "" };
  let problem: QueryProblem | null = null;
  const seen = new Set<string>();
  for (const [parameter, text] of parameters) {
    if (text === "") continue;
    try {
      Object.assign(query, readParameter(parameter, text, seen));
    } catch (error) {
      if (!(error instanceof ParseError || error instanceof BadParameter)) throw error;
      const offset = error instanceof ParseError ? error.offset : null;
      const message = `${parameter}: ${error.message}`;
      problem ??= { code: "bad_query", parameter, text, message, offset };
    }
  }
  return problem === null ? { ok: true, query } : { ok: false, query, problem };
}

function readParameter(parameter: string, text: string, seen: Set<string>): Partial<ReportQuery> {
  const read = Object.hasOwn(readers, parameter) ? readers[parameter] : undefined;
  if (read === undefined)
    throw new BadParameter(`no such parameter; there are ${Object.keys(readers).join(", ")}`);
  if (seen.has(parameter)) throw new BadParameter("given twice");
  seen.add(parameter);
  if (text.length > maxParameterLength)
    throw new BadParameter(`longer than ${maxParameterLength} characters`);
  return read(text);
}

function readOneOf<T extends string>(choices: readonly T[], text: string): T {
  const choice = choices.find((one) => one === text);
  if (choice !== undefined) return choice;
  throw new BadParameter(`${JSON.stringify(text)} is none of ${choices.join(", ")}`);
}

function readTime(text: string): number {
  const time = parseTimestamp(text);
  if (time !== null) return time;
  throw new BadParameter(`${JSON.stringify(text)} is not a time like 2027-01-15T08:00:00Z (RFC 3339)`);
}

function readCount(text: string, max: number): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= max) return count;
  const upTo = max === Number.MAX_SAFE_INTEGER ? "from 1 on" : `from 1 to ${max}`;
  throw new BadParameter(`expected a whole number ${upTo}, got ${JSON.stringify(text)}`);
}

/** Renders a query for a link, without what is at its default: `?match=…&page=2`, or `?` alone. */
export function formatReportQuery(query: ReportQuery): string {
  const parameters = new URLSearchParams();
  for (const [parameter, key] of keys) {
    const value = query[key];
    if (value === defaultQuery[key] || value === null) continue;
    const isTime = key === "expiresFrom" || key === "expiresUntil";
    parameters.set(parameter, isTime ? formatTime(Number(value)).replace(".000Z", "Z") : String(value));
  }
  return `?${parameters.toString()}`;
}

const keys = [
  ["match", "match"],
  ["verdict", "verdict"],
  ["reason", "reason"],
  ["gateway", "gateway"],
  ["rule", "rule"],
  ["expires_from", "expiresFrom"],
  ["expires_until", "expiresUntil"],
  ["sort", "sort"],
  ["page", "page"],
  ["per_page", "perPage"],
] as const;
