import { parseDocument, type YAMLError } from "yaml";

import type { Findings } from "./findings.ts";
import { findSecretInLine, opensSecretSection } from "./hidden.ts";
import type { SourceText } from "./source-text.ts";
import { readTree, type YamlTree } from "./yaml-tree.ts";

/**
 * Parses YAML 1.2, whatever version the file claims, into plain values and their places. Problems go to `findings`;
 * null: there is nothing to look at further.
 * @param needed what a file must hold at least
 */
export function readYaml(source: SourceText, findings: Findings, needed: string): YamlTree | null {
  const document = parseDocument(source.text, {
    version: "1.2",
    schema: "core",
    merge: false,
    resolveKnownTags: false,
    // The walk over the tree sees them too, and knows where the first one stands.
    uniqueKeys: false,
    stringKeys: true,
    prettyErrors: false,
    logLevel: "error",
  });
  const broken = reportErrors([...document.errors, ...document.warnings], source, findings);
  if (broken) return null;
  const tree = document.contents === null ? null : readTree(document.contents, source, findings);
  if (tree !== null && tree.value !== null) return tree;
  findings.error(`the file is empty: it needs at least ${needed}`, null);
  return null;
}

/** Mistakes that leave no doubt about what the rest of the file says. */
const harmless: ReadonlySet<YAMLError["code"]> = new Set([
  "MULTIPLE_DOCS",
  "NON_STRING_KEY",
  "TAG_RESOLVE_FAILED",
]);

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
    case "MULTIPLE_DOCS":
      return "a second document starts here: one file holds one configuration";
    case "NON_STRING_KEY":
      return "a key must be plain text";
    case "TAG_RESOLVE_FAILED":
      return `the tag ${source.text.slice(start, end)} means nothing here: remove it`;
    case "TAB_AS_INDENT":
      return "a tab cannot indent YAML: use spaces";
    case "RESOURCE_EXHAUSTION":
      return "the file is nested too deeply";
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
