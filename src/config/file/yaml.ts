import { Composer, Lexer, Parser, type CST, type Document, type YAMLError } from "yaml";
import { ParseError } from "../../core/errors.ts";
import type { FileValue } from "./file-value.ts";
import { ProblemList } from "./problem.ts";
import { SourceText } from "./source-text.ts";
import { readTree } from "./yaml-tree.ts";

/** How the values of a file are read, and how much of it there may be. */
interface YamlBounds {
  /** core: numbers and booleans are such. failsafe: all is text. */
  readonly schema: "core" | "failsafe";
  readonly maxValues: number;
}

/** A rule takes about ten values. */
export const configBounds: YamlBounds = { schema: "core", maxValues: 100_000 };

/**
 * Parses YAML 1.2, whatever version the file claims. null: nothing more can be said about the file.
 * @param needed what a file must hold at least
 */
export function readYaml(
  problems: ProblemList,
  needed: string,
  { schema, maxValues }: YamlBounds,
): FileValue | null {
  const [document, second] = parseWithinBounds(problems.source.text, schema, problems) ?? [];
  if (document === undefined) return null;
  const broken = reportErrors([...document.errors, ...document.warnings], problems);
  if (broken) return null;
  if (second !== undefined) {
    const message = "a second document starts here: one file holds one configuration";
    problems.error(message, { offset: second.range[0], length: second.range[1] - second.range[0] });
  }
  if (document.contents !== null) {
    const root = readTree(document.contents, problems, maxValues);
    if (root === null || root.content !== null) return root;
  }
  problems.error(`the file is empty: it needs at least ${needed}`, null);
  return null;
}

/**
 * Parses YAML of lists, mappings and texts: a number is one, too.
 * @throws {@link ParseError} with the line and what is wrong there
 */
export function parseYamlTexts(text: string): unknown {
  const list = new ProblemList("", new SourceText(text));
  const root = readYaml(list, "[]", { schema: "failsafe", maxValues: 200_000 });
  const [problem] = list.problems;
  if (root !== null && problem === undefined) return toPlain(root);
  const { message = "", location = null } = problem ?? {};
  throw new ParseError(location === null ? message : `line ${location.line}: ${message}`);
}

/** Mappings become objects without a prototype. */
function toPlain({ content, entries, items }: FileValue): unknown {
  if (content instanceof Map) {
    const object = Object.create(null) as Record<string, unknown>;
    for (const [key, value] of entries) object[key] = toPlain(value);
    return object;
  }
  return Array.isArray(content) ? items.map(toPlain) : content;
}

/** No file needs a tenth of it. */
const maxDepth = 100;
/** Ten thousand rules take about 600,000. */
const maxLexemes = 800_000;

/**
 * The documents of a text, or null and a problem if it is nested too deeply. The yaml package's own `parseDocument` takes a
 * minute and two gigabytes to find that out about a few megabytes of `[`; here the depth is checked before anything is built.
 */
function parseWithinBounds(
  text: string,
  schema: YamlBounds["schema"],
  problems: ProblemList,
): readonly Document.Parsed[] | null {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let lexemes = 0;
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    lexemes++;
    if (parser.stack.length <= maxDepth && lexemes <= maxLexemes) continue;
    const message =
      lexemes > maxLexemes
        ? `more than ${maxLexemes.toLocaleString("en")} words and signs: no such file is that large`
        : `nested more than ${maxDepth} levels deep`;
    problems.error(message, { offset: parser.offset, length: 1 });
    return null;
  }
  tokens.push(...parser.end());
  const composer = new Composer({
    version: "1.2",
    schema,
    merge: false,
    resolveKnownTags: false,
    // readTree reports them, with the line of the first one.
    uniqueKeys: false,
    stringKeys: true,
    prettyErrors: false,
    logLevel: "error",
  });
  const { stackTraceLimit } = Error;
  // There may be an error for every character: their stacks would take most of the time and memory.
  Error.stackTraceLimit = 0;
  try {
    return [...composer.compose(tokens, true, text.length)];
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Mistakes after which the rest of the file is still clear. */
const harmless: ReadonlySet<YAMLError["code"]> = new Set(["NON_STRING_KEY", "TAG_RESOLVE_FAILED"]);

/** Returns whether the structure is in doubt. One mistake causes others: each line is reported once. */
function reportErrors(errors: readonly YAMLError[], problems: ProblemList): boolean {
  const { source } = problems;
  const broken = errors.filter(({ code }) => !harmless.has(code));
  // Without its structure, nobody knows which parts of the text are secrets.
  if (broken.length > 0) source.hide({ offset: 0, length: source.text.length });
  const lines = new Set<number>();
  for (const error of broken.length > 0 ? broken : errors) {
    // Something missing at the end of the file is missing after its last word.
    const start = Math.min(error.pos[0], Math.max(0, source.text.trimEnd().length - 1));
    const end = error.pos[1];
    const line = source.lineOf(start);
    if (lines.has(line)) continue;
    lines.add(line);
    problems.error(explain(error, source), { offset: start, length: Math.max(1, end - start) });
    if (lines.size === maxBrokenLines) break;
  }
  return broken.length > 0;
}

const maxBrokenLines = 10;

function explain({ code, message, pos: [start, end] }: YAMLError, source: SourceText): string {
  switch (code) {
    case "NON_STRING_KEY":
      return "a key must be plain text";
    case "TAG_RESOLVE_FAILED":
      return `the tag ${source.text.slice(start, end)} means nothing here: remove it`;
    case "TAB_AS_INDENT":
      return "a tab cannot indent YAML: use spaces";
    case "BLOCK_AS_IMPLICIT_KEY":
      return "not valid YAML: a value that holds a colon and a space needs quotes, and keys need equal indentation";
    default:
      return `not valid YAML: ${message}`;
  }
}
