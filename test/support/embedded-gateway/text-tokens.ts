import { isLabelName } from "./names.ts";

/** What is wrong with a line; the parser adds its number. */
export class TextFormatError extends Error {
  override readonly name = "TextFormatError";
}

/** A name at this place of the line, plain or in quotes, and where it ends. */
export function readName(
  line: string,
  at: number,
  plain: RegExp,
): { readonly text: string; readonly end: number } | undefined {
  if (line[at] === '"') return readQuoted(line, at, "name");
  plain.lastIndex = at;
  const text = plain.exec(line)?.[0];
  return text === undefined ? undefined : { text, end: at + text.length };
}

/** The labels from the brace at `from`; a metric name may stand among them: `{"name", label="value"}`. */
export function parseLabels(line: string, from: number, metric: string | undefined, utf8Names: boolean) {
  let name = metric;
  let at = from;
  const labels: (readonly [string, string])[] = [];
  do {
    at = skip(line, at + 1);
    if (line[at] === "}") break;
    const label = readName(line, at, /[a-zA-Z_]\w*/y);
    if (label === undefined) throw new TextFormatError(`invalid label name for metric "${name ?? ""}"`);
    at = skip(line, label.end);
    if (line[at] !== "=") {
      if (name !== undefined || (line[at] !== "," && line[at] !== "}")) {
        throw new TextFormatError(`expected '=' after label name, found ${character(line, at)}`);
      }
      name = label.text;
      continue;
    }
    checkLabelName(label.text, labels, name, utf8Names);
    at = skip(line, at + 1);
    if (line[at] !== '"') {
      throw new TextFormatError(`expected '"' at start of label value, found ${character(line, at)}`);
    }
    const value = readQuoted(line, at, "label value");
    if (!value.text.isWellFormed()) throw new TextFormatError(`invalid label value ${quoted(value.text)}`);
    labels.push([label.text, value.text]);
    at = skip(line, value.end);
    if (line[at] !== "," && line[at] !== "}") {
      throw new TextFormatError(`unexpected end of label value ${quoted(value.text)}`);
    }
  } while (line[at] === ",");
  return { name, labels, end: at + 1 };
}

function checkLabelName(
  label: string,
  labels: readonly (readonly [string, string])[],
  metric: string | undefined,
  utf8Names: boolean,
): void {
  if (label === "__name__") throw new TextFormatError('label name "__name__" is reserved');
  if (!isLabelName(label, utf8Names)) throw new TextFormatError(`invalid label name ${quoted(label)}`);
  if (labels.some(([name]) => name === label)) {
    throw new TextFormatError(`duplicate label names for metric "${metric ?? ""}"`);
  }
}

function readQuoted(line: string, at: number, what: string): { readonly text: string; readonly end: number } {
  const pattern = /"((?:[^"\\]|\\.)*)"/sy;
  pattern.lastIndex = at;
  const [whole = "", inner] = pattern.exec(line) ?? [];
  if (inner === undefined)
    throw new TextFormatError(`${what} ${quoted(line.slice(at + 1))} contains unescaped new-line`);
  return { text: inner.replace(/\\(.)/gs, unescape), end: at + whole.length };
}

function unescape(_: string, escaped: string): string {
  if (escaped === "n") return "\n";
  if (escaped === '"' || escaped === "\\") return escaped;
  throw new TextFormatError(`invalid escape sequence '\\${escaped}'`);
}

/** As Go's `strconv.ParseFloat`, without the hexadecimal and underscored numbers that Prometheus refuses. */
export function parseFloat64(token: string): number | undefined {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(token)) {
    const value = Number(token);
    return Number.isFinite(value) ? value : undefined;
  }
  if (/^[+-]?inf(?:inity)?$/i.test(token)) return token.startsWith("-") ? -Infinity : Infinity;
  return /^nan$/i.test(token) ? Number.NaN : undefined;
}

/** Close enough to Go's `%q`. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}

function character(line: string, at: number): string {
  return `'${line[at] ?? "\\n"}'`;
}

function skip(line: string, from: number): number {
  let at = from;
  while (line[at] === " " || line[at] === "\t") at += 1;
  return at;
}
