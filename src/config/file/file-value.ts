import type { Scalar } from "yaml";
import { ParseError } from "../../core/errors.ts";
import { hideSecret, type Path } from "./find-secret.ts";
import type { ProblemList } from "./problem.ts";
import type { Span } from "./source-text.ts";

export type Content =
  string | number | boolean | null | undefined | readonly FileValue[] | Map<string, FileValue>;

interface Position {
  /** null: it has no key. */
  readonly key: Span | null;
  /** Of a mapping or list, its key or first word. */
  readonly value: Span;
  readonly scalar?: Scalar;
}

/** One value of a file, which knows its position: mistakes are reported to it. */
export class FileValue {
  /** undefined: what is wrong with it has been reported. */
  readonly content: Content;
  readonly path: Path;
  readonly #position: Position;
  readonly #problems: ProblemList;
  readonly #defaults = new Map<string, unknown>();

  constructor(content: Content, path: Path, position: Position, problems: ProblemList) {
    this.content = content;
    this.path = path;
    this.#position = position;
    this.#problems = problems;
  }

  /** The value of a key, if this is a mapping that has it. */
  get(key: string): FileValue | undefined {
    return this.content instanceof Map ? this.content.get(key) : undefined;
  }

  /** Whether this is a mapping with the key, be its value right or wrong. */
  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** The value of a key, or this one, so that a mistake can be shown where the key should be. */
  to(key: string): FileValue {
    return this.get(key) ?? this;
  }

  get items(): readonly FileValue[] {
    return Array.isArray(this.content) ? (this.content as readonly FileValue[]) : [];
  }

  get entries(): readonly (readonly [string, FileValue])[] {
    return this.content instanceof Map ? [...this.content] : [];
  }

  /** Of a key that is not there, for {@link show}; undefined: none. */
  setDefault(key: string, value: unknown): void {
    this.#defaults.set(key, value);
  }

  /** The plain value for people: with defaults, without secrets. */
  show(): unknown {
    const { content } = this;
    if (Array.isArray(content)) return this.items.map((item) => item.show());
    if (!(content instanceof Map)) return hideSecret(this.path, content);
    const own = this.entries.map(([key, value]) => [key, value.show()] as const);
    return Object.fromEntries([...own, ...this.#defaults]);
  }

  /** Treats the key, which is not there, as one whose value has been reported. */
  markReported(key: string): void {
    if (this.content instanceof Map && !this.content.has(key)) {
      this.content.set(key, new FileValue(undefined, [...this.path, key], this.#position, this.#problems));
    }
  }

  /** From 1. */
  get line(): number {
    return this.#problems.source.lineOf(this.#position.value.offset);
  }

  /** The value itself is wrong. */
  error(message: string): void {
    this.#problems.error(message, this.#position.value);
  }

  /** That it is there at all is wrong. */
  errorAtKey(message: string): void {
    this.#problems.error(message, this.#position.key ?? this.#position.value);
  }

  warn(message: string): void {
    this.#problems.warn(message, this.#position.value);
  }

  /** The result of `parse`; undefined, and a problem at the very character, if the text here is not of its grammar. */
  parse<T>(text: string, parse: (text: string) => T): T | undefined {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      this.#problems.error(error.message, this.#characterAt(error.offset) ?? this.#position.value);
      return undefined;
    }
  }

  /** The absolute path of the file that is named here. */
  resolve(name: string): string {
    return this.#problems.resolve(name);
  }

  /** As {@link resolve}; the file has to exist. */
  resolveExisting(name: string): string {
    return this.#problems.resolveExisting(name, this.#position.value);
  }

  #characterAt(offset: number): Span | null {
    const { scalar } = this.#position;
    const at =
      scalar === undefined || offset === 0
        ? null
        : offsetInScalar(scalar, this.#problems.source.text, offset);
    return at === null ? null : { offset: at, length: 1 };
  }
}

/**
 * Where the character `offset` of a scalar's value is in the file; null if the scalar is folded or spans lines, so that value and text do
 * not run side by side.
 */
function offsetInScalar({ type, range, value }: Scalar, text: string, offset: number): number | null {
  if (range === null || range === undefined || typeof value !== "string") return null;
  const [start, end] = range;
  if (text.slice(start, end).includes("\n")) return null;
  switch (type) {
    case "PLAIN":
      return start + offset;
    case "QUOTE_SINGLE":
      return skipTokens(text, start + 1, offset, /''|[^]/y);
    case "QUOTE_DOUBLE":
      return skipTokens(text, start + 1, offset, /\\(?:x[^]{2}|u[^]{4}|U[^]{8}|[^])|[^]/y);
    default:
      return null;
  }
}

/** Steps over `count` UTF-16 units of the value, each written as one match of `token`. */
function skipTokens(text: string, start: number, count: number, token: RegExp): number {
  let at = start;
  for (let done = 0; done < count; done++) {
    token.lastIndex = at;
    const [written = ""] = token.exec(text) ?? [];
    at += written.length;
    // The only escape that can mean two units.
    if (written.startsWith("\\U") && Number.parseInt(written.slice(2), 16) > 0xffff) done++;
  }
  return at;
}
