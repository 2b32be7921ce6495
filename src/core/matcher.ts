import { RE2JS, RE2JSSyntaxException } from "re2js";

import { isLegacyLabelName, quote, type Labels } from "./labels.ts";
import { ParseError } from "./errors.ts";

type MatcherOperator = "=" | "!=" | "=~" | "!~";

/** A matcher as it is written; a regular expression in it has not been compiled. */
export interface MatcherText {
  readonly name: string;
  readonly operator: MatcherOperator;
  readonly value: string;
}

/** One anchored test of one label. */
export interface Matcher extends MatcherText {
  /** Whether the label passes; an absent label counts as `""`, as everywhere in Prometheus. */
  matches(labels: Labels): boolean;
}

/**
 * Compiles a matcher. Regular expressions are RE2, anchored on both ends, and `.` matches a newline, as in Prometheus 3.
 * @throws {@link ParseError} for an invalid regular expression
 */
export function createMatcher(name: string, operator: MatcherOperator, value: string): Matcher {
  const test = createTest(operator, value);
  return { name, operator, value, matches: (labels) => test(labels.get(name) ?? "") };
}

function createTest(operator: MatcherOperator, value: string): (text: string) => boolean {
  switch (operator) {
    case "=":
      return (text) => text === value;
    case "!=":
      return (text) => text !== value;
    case "=~":
      return compileRegExp(value);
    case "!~": {
      const matches = compileRegExp(value);
      return (text) => !matches(text);
    }
  }
}

function compileRegExp(pattern: string): (text: string) => boolean {
  const compiled = compileRe2(pattern);
  return (text) => compiled.testExact(text);
}

function compileRe2(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL);
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    throw new ParseError(explainBadRegExp(pattern, error.message));
  }
}

/** Finds a part of a label value. */
export interface LabelPattern {
  /** As it is written. */
  readonly pattern: string;
  /** What the first group matches in the value; the value itself if the pattern does not match. */
  partOf(value: string): string;
}

/**
 * Compiles a pattern: RE2, anchored on both ends, with exactly one group.
 * @throws {@link ParseError}
 */
export function createLabelPattern(pattern: string): LabelPattern {
  const compiled = compileRe2(pattern);
  const groups = compiled.groupCount();
  if (groups !== 1) {
    throw new ParseError(
      groups === 0
        ? `${quote(pattern)} has no group: put the part of the value that counts in parentheses`
        : `${quote(pattern)} has ${groups} groups, so it is not clear which part of the value counts: write (?:…) for all but one`,
    );
  }
  return {
    pattern,
    partOf(value) {
      const match = compiled.matcher(value);
      return match.matches() ? (match.group(1) ?? "") : value;
    },
  };
}

/** @param message as RE2 gives it: it repeats that it is an error, and shows the pattern with its flags */
export function explainBadRegExp(pattern: string, message: string): string {
  const reason = message.replace(/^error parsing regexp: /, "").replace("`(?s)", "`");
  return `${quote(pattern)} is not a regular expression (RE2): ${reason}`;
}

/** Renders a matcher so that {@link parseMatchers} reads it back. */
export function formatMatcher({ name, operator, value }: MatcherText): string {
  return `${isLegacyLabelName(name) ? name : quote(name)}${operator}${quote(value)}`;
}

/**
 * Parses Alertmanager's grammar: `{job="a", instance=~"b.*"}`, braces and quotes optional, a trailing comma allowed;
 * unquoted names and values hold no white space and none of ``{}!=~,\"'` ``; quoted ones are Go strings.
 * @throws {@link ParseError} with the offset of what was not expected
 */
export function parseMatchers(text: string): Matcher[] {
  return parseMatcherTexts(text).map(({ name, operator, value, offset }) => {
    try {
      return createMatcher(name, operator, value);
    } catch (error) {
      if (error instanceof ParseError) throw new ParseError(error.message, offset);
      throw error;
    }
  });
}

/**
 * Parses as {@link parseMatchers} does, but compiles nothing: regular expressions in text from outside may take long.
 * @returns each with the offset of its value
 */
export function parseMatcherTexts(text: string): (MatcherText & { readonly offset: number })[] {
  const scanner = new Scanner(text);
  const open = scanner.take("{");
  const matchers = [];
  while (!scanner.atEnd() && !scanner.peek("}")) {
    matchers.push(parseOne(scanner));
    if (!scanner.take(",")) break;
  }
  if (open && !scanner.take("}")) throw scanner.unexpected('a comma or "}"');
  if (!scanner.atEnd()) throw scanner.unexpected(open ? "the end" : "a comma or the end");
  return matchers;
}

/** Parses exactly one matcher, as one entry of a rule's `matchers`. */
export function parseMatcher(text: string): Matcher {
  const matchers = parseMatchers(text);
  const [matcher] = matchers;
  if (matcher === undefined) throw new ParseError('expected a matcher like job="batch", found none');
  if (matchers.length > 1) {
    throw new ParseError(`expected one matcher, found ${matchers.length}: make each an entry of its own`);
  }
  return matcher;
}

function parseOne(scanner: Scanner): MatcherText & { readonly offset: number } {
  const name = scanner.word("a label name");
  if (name === "") throw new ParseError("a label name cannot be empty", scanner.wordOffset);
  const operator = scanner.operator();
  const value = scanner.word("a label value");
  return { name, operator, value, offset: scanner.wordOffset };
}

const operators = ["=~", "!~", "!=", "="] as const;

/** Reads tokens from left to right; white space before a token does not count. */
class Scanner {
  /** Where the last word started. */
  wordOffset = 0;
  readonly #text: string;
  #offset = 0;

  constructor(text: string) {
    this.#text = text;
  }

  atEnd(): boolean {
    this.#skipSpace();
    return this.#offset === this.#text.length;
  }

  peek(token: string): boolean {
    this.#skipSpace();
    return this.#text.startsWith(token, this.#offset);
  }

  take(token: string): boolean {
    const found = this.peek(token);
    if (found) this.#offset += token.length;
    return found;
  }

  operator(): MatcherOperator {
    for (const operator of operators) if (this.take(operator)) return operator;
    throw this.unexpected("one of = != =~ !~");
  }

  word(what: string): string {
    this.#skipSpace();
    this.wordOffset = this.#offset;
    if (this.peek('"')) return this.#quoted();
    const [word = ""] = this.#match(/[^\s{}!=~,\\"'`]*/y);
    if (word === "") throw this.unexpected(what);
    return word;
  }

  unexpected(expected: string): ParseError {
    this.#skipSpace();
    const [found] = this.#text.slice(this.#offset);
    const seen = found === undefined ? "the text ends" : `found ${found === '"' ? "'\"'" : quote(found)}`;
    return new ParseError(`expected ${expected}, but ${seen}`, this.#offset);
  }

  #quoted(): string {
    const [literal] = this.#match(/"(?:[^"\\]|\\[^])*"/y);
    if (literal === undefined) throw new ParseError('the quote " is never closed', this.wordOffset);
    return unquote(literal, this.wordOffset);
  }

  #skipSpace(): void {
    this.#match(/\s*/y);
  }

  #match(pattern: RegExp): readonly string[] {
    pattern.lastIndex = this.#offset;
    const match = pattern.exec(this.#text) ?? [];
    this.#offset += match[0]?.length ?? 0;
    return match;
  }
}

const simpleEscapes: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
};

/** Reads a Go string literal. Byte escapes (`\xff`, `\377`) must stay ASCII: labels are text, not bytes. */
function unquote(literal: string, offset: number): string {
  const body = literal.slice(1, -1);
  return body.replaceAll(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([^]))/g,
    (escape, hex?: string, short?: string, long?: string, octal?: string, simple?: string, at = 0) => {
      if (simple !== undefined) {
        const character = Object.hasOwn(simpleEscapes, simple) ? simpleEscapes[simple] : undefined;
        if (character !== undefined) return character;
        throw new ParseError(
          `${escape} is not an escape: write \\${escape} for a literal backslash`,
          offset + 1 + at,
        );
      }
      const byte = hex ?? octal;
      const codePoint = Number.parseInt(byte ?? short ?? long ?? "", octal === undefined ? 16 : 8);
      if ((byte !== undefined && codePoint > 0x7f) || codePoint > 0x10ffff || isSurrogate(codePoint)) {
        throw new ParseError(`${escape} is not a character`, offset + 1 + at);
      }
      return String.fromCodePoint(codePoint);
    },
  );
}

function isSurrogate(codePoint: number): boolean {
  return codePoint >= 0xd800 && codePoint <= 0xdfff;
}
