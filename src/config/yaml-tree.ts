import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar, type YAMLMap } from "yaml";

import { quote } from "../core/labels.ts";
import type { Findings, Path, Places } from "./findings.ts";
import { findSecret } from "./hidden.ts";
import { offsetInScalar } from "./scalar-offset.ts";
import type { SourceText, Span } from "./source-text.ts";

/**
 * The content of a file as plain values, and where each stands. Mappings are objects without a prototype; `undefined`
 * stands for what has been reported.
 */
export interface YamlTree {
  readonly value: unknown;
  readonly places: Places;
}

/** More than any real file repeats, and far below what would hurt: aliases of aliases grow exponentially. */
const maxAliasedNodes = 10_000;

/** Reads at most `maxValues` values; null: there are more, which has been reported. */
export function readTree(
  root: Node,
  source: SourceText,
  findings: Findings,
  maxValues: number,
): YamlTree | null {
  const walk = new TreeWalk(source, findings, maxValues);
  const value = walk.read(root, []);
  return walk.values > maxValues ? null : { value, places: walk };
}

interface Place {
  readonly key: Span | null;
  readonly value: Span;
  readonly scalar: Scalar | null;
}

/**
 * Walks nodes in the order of the file. It resolves aliases itself: the yaml package reports a bad one without its
 * position, and counts what they expand to only while it builds the values.
 */
class TreeWalk implements Places {
  values = 0;
  readonly #maxValues: number;
  readonly #source: SourceText;
  readonly #findings: Findings;
  readonly #places = new Map<string, Place>();
  readonly #anchors = new Map<string, Node>();
  readonly #open = new Set<Node>();
  #aliasedNodes = 0;
  #aliasDepth = 0;

  constructor(source: SourceText, findings: Findings, maxValues: number) {
    this.#source = source;
    this.#findings = findings;
    this.#maxValues = maxValues;
  }

  read(node: Node | null, path: Path, key: Span | null = null): unknown {
    this.values++;
    if (this.values > this.#maxValues) {
      if (this.values === this.#maxValues + 1) {
        const message = `more than ${this.#maxValues.toLocaleString("en")} values: no such file is that large`;
        this.#findings.error(message, node === null ? key : spanOf(node));
      }
      return undefined;
    }
    if (node === null || isAlias(node)) return this.#readAlias(node, path, key);
    if (this.#aliasDepth > 0) this.#aliasedNodes++;
    if ("anchor" in node && node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    const span = spanOf(node);
    this.#places.set(JSON.stringify(path), { key, value: span, scalar: isScalar(node) ? node : null });
    this.#open.add(node);
    try {
      if (isMap(node)) return this.#readMap(node, path);
      if (isSeq(node)) {
        return node.items.map((item, index) => this.read(item as Node | null, [...path, index]));
      }
      const value = isScalar(node) ? node.value : null;
      const secret = findSecret(path, value);
      if (secret !== null) {
        const from = secret === 0 ? span.offset : this.characterAt(path, secret).offset;
        this.#source.hide({ offset: from, length: span.offset + span.length - from });
      }
      return value;
    } finally {
      this.#open.delete(node);
    }
  }

  valueAt(path: Path): Span {
    const place = this.#places.get(JSON.stringify(path));
    if (place === undefined)
      return path.length === 0 ? { offset: 0, length: 1 } : this.valueAt(path.slice(0, -1));
    return place.scalar === null ? (place.key ?? this.#firstIn(place)) : place.value;
  }

  keyAt(path: Path): Span {
    return this.#places.get(JSON.stringify(path))?.key ?? this.valueAt(path);
  }

  characterAt(path: Path, offset: number): Span {
    const place = this.#places.get(JSON.stringify(path));
    const at = place?.scalar ? offsetInScalar(place.scalar, this.#source.text, offset) : null;
    return at === null ? this.valueAt(path) : { offset: at, length: 1 };
  }

  #readAlias(alias: Node | null, path: Path, key: Span | null): unknown {
    if (!isAlias(alias)) {
      // Nothing after the colon or the dash.
      if (key !== null) this.#places.set(JSON.stringify(path), { key, value: key, scalar: null });
      return null;
    }
    const span = spanOf(alias);
    const target = this.#anchors.get(alias.source);
    this.#places.set(JSON.stringify(path), { key, value: span, scalar: null });
    if (target === undefined) {
      this.#findings.error(`*${alias.source} refers to nothing: no &${alias.source} comes before it`, span);
      return undefined;
    }
    if (this.#open.has(target)) {
      this.#findings.error(`*${alias.source} is inside of what it refers to`, span);
      return undefined;
    }
    if (this.#aliasedNodes > maxAliasedNodes) return undefined;
    this.#aliasDepth++;
    const value = this.read(target, path, key);
    this.#aliasDepth--;
    if (this.#aliasDepth === 0 && this.#aliasedNodes > maxAliasedNodes) {
      this.#findings.error(`*${alias.source} expands to too much: more than ${maxAliasedNodes} values`, span);
    }
    return value;
  }

  #readMap(map: YAMLMap, path: Path): Record<string, unknown> {
    const object = Object.create(null) as Record<string, unknown>;
    const keys = new Map<string, Span>();
    for (const { key, value } of map.items as Pair<Node, Node | null>[]) {
      // The parser has reported a key that is a list or a mapping.
      if (!isScalar(key)) continue;
      const name = String(key.value);
      const span = spanOf(key);
      const first = keys.get(name);
      if (first !== undefined) {
        this.#findings.error(
          `${quote(name)} is given twice, first on line ${this.#source.lineOf(first.offset)}`,
          span,
        );
      }
      keys.set(name, first ?? span);
      object[name] = this.read(value, [...path, name], span);
    }
    return object;
  }

  #firstIn({ value }: Place): Span {
    const [word = " "] =
      /^[^\s:]+/.exec(this.#source.text.slice(value.offset, value.offset + value.length)) ?? [];
    return { offset: value.offset, length: word.length };
  }
}

function spanOf(node: Node): Span {
  const [start, end] = node.range ?? [0, 0];
  return { offset: start, length: Math.max(1, end - start) };
}
