import { isAlias, isMap, isScalar, type Node, type Pair, type YAMLMap, type YAMLSeq } from "yaml";

import { quote } from "../../core/labels.ts";
import { FileValue, type Content } from "./file-value.ts";
import { mayBeSecret, type Path } from "./find-secret.ts";
import type { ProblemList } from "./problem.ts";
import type { Span } from "./source-text.ts";

/** Reads at most `maxValues` values; null: there are more, which has been reported. */
export function readTree(root: Node, problems: ProblemList, maxValues: number): FileValue | null {
  const reader = new TreeReader(problems, maxValues);
  const value = reader.read(root, [], { key: null, around: { offset: 0, length: 1 } });
  return reader.values > maxValues ? null : value;
}

interface Surroundings {
  readonly key: Span | null;
  /** Shown for a value that has no character in the file. */
  readonly around: Span;
}

/**
 * Reads nodes in the order of the file. It resolves aliases itself: the yaml package reports a bad one without its
 * position, and counts what they expand to only while it builds the values.
 */
class TreeReader {
  values = 0;
  readonly #maxValues: number;
  readonly #problems: ProblemList;
  readonly #anchors = new Map<string, Node>();
  readonly #open = new Set<Node>();

  constructor(problems: ProblemList, maxValues: number) {
    this.#problems = problems;
    this.#maxValues = maxValues;
  }

  read(node: Node | null, path: Path, { key, around }: Surroundings): FileValue {
    const valueOf = (content: Content, value: Span): FileValue =>
      new FileValue(
        content,
        path,
        { key, value, ...(isScalar(node) ? { scalar: node } : {}) },
        this.#problems,
      );
    this.values++;
    if (this.values > this.#maxValues) {
      if (this.values === this.#maxValues + 1) {
        const message = `more than ${this.#maxValues.toLocaleString("en")} values, those that aliases repeat included: no such file is that large`;
        this.#problems.error(message, node === null ? key : spanOf(node));
      }
      return valueOf(undefined, around);
    }
    // Nothing after the colon or the dash.
    if (node === null) return valueOf(null, key ?? around);
    const span = spanOf(node);
    if (isAlias(node)) {
      return this.#readAlias(node.source, span, path, key) ?? valueOf(undefined, span);
    }
    if ("anchor" in node && node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isScalar(node)) {
      const content = node.value as Content;
      if (mayBeSecret(path, content)) this.#problems.source.hide(span);
      return valueOf(content, span);
    }
    const shown = key ?? this.#firstWord(span);
    this.#open.add(node);
    const content = isMap(node)
      ? this.#readMap(node, path, shown)
      : (node as YAMLSeq<Node | null>).items.map((item, index) =>
          this.read(item, [...path, index], { key: null, around: shown }),
        );
    this.#open.delete(node);
    return valueOf(content, shown);
  }

  /** null: it has been reported. */
  #readAlias(name: string, span: Span, path: Path, key: Span | null): FileValue | null {
    const target = this.#anchors.get(name);
    if (target === undefined) {
      this.#problems.error(`*${name} refers to nothing: no &${name} comes before it`, span);
      return null;
    }
    if (this.#open.has(target)) {
      this.#problems.error(`*${name} is inside of what it refers to`, span);
      return null;
    }
    // Aliases of aliases grow exponentially: what they repeat counts as values, too.
    return this.read(target, path, { key, around: span });
  }

  #readMap(map: YAMLMap, path: Path, around: Span): Map<string, FileValue> {
    const content = new Map<string, FileValue>();
    const keys = new Map<string, Span>();
    for (const { key, value } of map.items as Pair<Node, Node | null>[]) {
      // The parser has reported a key that is a list or a mapping.
      if (!isScalar(key)) continue;
      const name = String(key.value);
      const span = spanOf(key);
      const first = keys.get(name);
      if (first !== undefined) {
        const line = this.#problems.source.lineOf(first.offset);
        this.#problems.error(`${quote(name)} is given twice, first on line ${line}`, span);
      }
      keys.set(name, first ?? span);
      content.set(name, this.read(value, [...path, name], { key: span, around }));
    }
    return content;
  }

  #firstWord({ offset, length }: Span): Span {
    const [word = " "] = /^[^\s:]+/.exec(this.#problems.source.text.slice(offset, offset + length)) ?? [];
    return { offset, length: word.length };
  }
}

function spanOf(node: Node): Span {
  const [start, end] = node.range ?? [0, 0];
  return { offset: start, length: Math.max(1, end - start) };
}
