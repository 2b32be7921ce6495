import type { Family } from "./family.ts";
import { createFamilyBuilder } from "./family-builder.ts";
import { isMetricName } from "./names.ts";
import { parseFloat64, parseLabels, quoted, readName, TextFormatError } from "./text-tokens.ts";

/**
 * Parses the body of a push in Prometheus' text format, version 0.0.4, as strictly as the gateway does: no other
 * white space than blanks and tabs, and a line feed at the end of every line, the last one too.
 * @returns the text of the gateway's 400 if it is malformed.
 */
export function parseTextFormat(
  text: string,
  utf8Names: boolean,
): { readonly families: readonly Family[] } | { readonly error: string } {
  const builder = createFamilyBuilder(utf8Names);
  const lines = text.split("\n");
  let line = 0;
  try {
    for (line = 0; line < lines.length; line += 1) {
      const content = (lines[line] ?? "").replace(/^[ \t]+/, "");
      if (content === "") continue;
      if (line === lines.length - 1) throw new TextFormatError("unexpected end of input stream");
      if (content.startsWith("#")) parseComment(content.slice(1), builder);
      else parseSample(content, builder, utf8Names);
    }
  } catch (error) {
    if (!(error instanceof TextFormatError)) throw error;
    return { error: `text format parsing error in line ${line + 1}: ${error.message}` };
  }
  return { families: builder.finish() };
}

type Builder = ReturnType<typeof createFamilyBuilder>;

function parseComment(comment: string, builder: Builder): void {
  const [, keyword, rest = ""] = /^[ \t]*(HELP|TYPE)[ \t]+(.*)$/s.exec(comment) ?? [];
  if (keyword === undefined) return;
  const name = readName(rest, 0, /[a-zA-Z_:][\w:]*/y);
  const after = rest.slice(name?.end ?? 0);
  if (after === "" && name !== undefined) return;
  if (name === undefined || !/^[ \t]/.test(after))
    throw new TextFormatError("invalid metric name in comment");
  const value = after.replace(/^[ \t]+/, "");
  builder.select(name.text);
  if (value === "") return;
  if (keyword === "HELP") builder.help(value.replace(/\\(.)/gs, unescapeHelp));
  else builder.type(value);
}

function unescapeHelp(_: string, character: string): string {
  if (character === "n") return "\n";
  if (character === "\\" || character === '"') return character;
  throw new TextFormatError(`invalid escape sequence '\\${character}'`);
}

function parseSample(line: string, builder: Builder, utf8Names: boolean): void {
  const name = line.startsWith("{") ? undefined : readName(line, 0, /[a-zA-Z_:][\w:]*/y);
  let at = skipBlanks(line, name?.end ?? 0);
  if (name === undefined && !line.startsWith("{")) throw new TextFormatError("invalid metric name");
  if (name !== undefined) builder.select(name.text);

  let labels: readonly (readonly [string, string])[] = [];
  if (line[at] === "{") {
    const parsed = parseLabels(line, at, name?.text, utf8Names);
    if (name === undefined) {
      if (parsed.name === undefined || !isMetricName(parsed.name, utf8Names)) {
        throw new TextFormatError("invalid metric name");
      }
      builder.select(parsed.name);
    }
    labels = parsed.labels;
    at = skipBlanks(line, parsed.end);
  }

  const [, token = "", timestamp] = /^([^ \t]*)(?:[ \t]+(.*))?$/s.exec(line.slice(at)) ?? [];
  const value = parseFloat64(token);
  if (value === undefined) throw new TextFormatError(`expected float as value, got ${quoted(token)}`);
  builder.sample(labels, value);
  if (timestamp !== undefined) {
    checkTimestamp(timestamp);
    builder.timestamped();
  }
}

function checkTimestamp(text: string): void {
  const [, token = "", spurious = ""] = /^([^ \t]*)(.*)$/s.exec(text) ?? [];
  if (!/^[+-]?\d+$/.test(token))
    throw new TextFormatError(`expected integer as timestamp, got ${quoted(token)}`);
  if (spurious !== "") throw new TextFormatError(`spurious string after timestamp: ${quoted(spurious)}`);
}

function skipBlanks(line: string, from: number): number {
  let at = from;
  while (line[at] === " " || line[at] === "\t") at += 1;
  return at;
}
