import { Composer, Lexer, Parser, type CST, type Document, type YAMLError } from "yaml";

import { ParseError } from "../core/errors.ts";
import { Findings } from "./findings.ts";
import { findSecretInLine, opensSecretSection } from "./hidden.ts";
import { SourceText } from "./source-text.ts";
import { readTree, type YamlTree } from "./yaml-tree.ts";

/** What the values of a file are, and how much of it there may be. */
export interface YamlBounds {
  /** core: numbers and booleans are such. failsafe: all is text. */
  readonly schema: "core" | "failsafe";
  readonly maxValues: number;
}

/** A rule takes about six values. zod stops working beyond 120,000 problems, and a value can have two or three. */
export const configBounds: YamlBounds = { schema: "core", maxValues: 40_000 };

/**
 * Parses YAML 1.2, whatever version the file claims, into plain values and their places. Problems go to `findings`;
 * null: the values are not worth a further look.
 * @param needed what a file must hold at least
 */
export function readYaml(
  source: SourceText,
  findings: Findings,
  needed: string,
  { schema, maxValues }: YamlBounds,
): YamlTree | null {
  const [document, second] = parseWithinBounds(source.text, schema, findings) ?? [];
  if (document === undefined) return null;
  const broken = reportErrors([...document.errors, ...document.warnings], source, findings);
  if (broken) return null;
  if (second !== undefined) {
    const message = "a second document starts here: one file holds one configuration";
    findings.error(message, { offset: second.range[0], length: second.range[1] - second.range[0] });
  }
  if (document.contents !== null) {
    const tree = readTree(document.contents, source, findings, maxValues);
    if (tree === null || tree.value !== null) return tree;
  }
  findings.error(`the file is empty: it needs at least ${needed}`, null);
  return null;
}

/**
 * Parses YAML of lists, mappings and texts: a number is one, too.
 * @throws {@link ParseError} with the line and what is wrong there
 */
export function parseYamlTexts(text: string): unknown {
  const source = new SourceText(text);
  const findings = new Findings("", source);
  const tree = readYaml(source, findings, "[]", { schema: "failsafe", maxValues: 200_000 });
  const [problem] = findings.problems;
  if (tree !== null && problem === undefined) return tree.value;
  const { message = "", location = null } = problem ?? {};
  throw new ParseError(location === null ? message : `line ${location.line}: ${message}`);
}

/** No file needs a tenth of it. */
const maxDepth = 100;

/**
 * The documents of a text, or null and a problem if it is nested too deeply. The yaml package's own `parseDocument` takes a
 * minute and two gigabytes to find that out about a few megabytes of `[`; here it is found out before anything is built.
 */
function parseWithinBounds(
  text: string,
  schema: YamlBounds["schema"],
  findings: Findings,
): readonly Document.Parsed[] | null {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length <= maxDepth) continue;
    findings.error(`nested more than ${maxDepth} levels deep`, { offset: parser.offset, length: 1 });
    return null;
  }
  tokens.push(...parser.end());
  const composer = new Composer({
    version: "1.2",
    schema,
    merge: false,
    resolveKnownTags: false,
    // The walk over the tree sees them too, and knows where the first one stands.
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

/** Mistakes that leave no doubt about what the rest of the file says. */
const harmless: ReadonlySet<YAMLError["code"]> = new Set(["NON_STRING_KEY", "TAG_RESOLVE_FAILED"]);

/** Says whether the structure is in doubt. One mistake brings others along: each line speaks once. */
function reportErrors(errors: readonly YAMLError[], source: SourceText, findings: Findings): boolean {
  const broken = errors.filter(({ code }) => !harmless.has(code));
  const lines = new Set<number>();
  for (const error of broken.length > 0 ? broken : errors) {
    // What is missing at the end of the file is missing after its last word.
    const start = Math.min(error.pos[0], Math.max(0, source.text.trimEnd().length - 1));
    const end = error.pos[1];
    const line = source.lineOf(start);
    if (lines.has(line)) continue;
    lines.add(line);
    if (broken.length > 0) hideSecretOf(line, source);
    findings.error(explain(error, source), { offset: start, length: Math.max(1, end - start) });
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

/** In a file that cannot be read as YAML, what may be a secret is found by the look of its line and of those around it. */
function hideSecretOf(line: number, source: SourceText): void {
  const { text, start } = source.lineAt(line);
  const inSection = isInSecretSection(line, source);
  const from = inSection
    ? (/:\s*|^\s*(?:-\s+)*/d.exec(text)?.indices?.[0]?.[1] ?? 0)
    : findSecretInLine(text);
  if (from === null) return;
  source.hide({ offset: start + from, length: text.length - from });
}

/** Looks at the lines that this one is indented below. */
function isInSecretSection(line: number, source: SourceText): boolean {
  let indent = indentOf(source.lineAt(line).text);
  for (let above = line - 1; above > 0 && indent > 0; above--) {
    const { text } = source.lineAt(above);
    if (text.trim() === "" || indentOf(text) >= indent) continue;
    if (opensSecretSection(text)) return true;
    indent = indentOf(text);
  }
  return false;
}

function indentOf(text: string): number {
  return text.search(/\S|$/);
}
