/**
 * A small read-only map of texts, kept as one list of names and values in turn: a sweep holds one for every group of a gateway, and a
 * Map takes four times the memory. Names are looked for one by one, as a grouping key has a handful.
 */
export class LabelList implements ReadonlyMap<string, string> {
  readonly #list: readonly string[];

  /** @param list names and values in turn; every name once */
  constructor(list: readonly string[]) {
    this.#list = list;
  }

  get size(): number {
    return this.#list.length / 2;
  }

  get(name: string): string | undefined {
    for (let at = 0; at < this.#list.length; at += 2) if (this.#list[at] === name) return this.#list[at + 1];
    return undefined;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  forEach(visit: (value: string, name: string, map: ReadonlyMap<string, string>) => void): void {
    for (const [name, value] of this) visit(value, name, this);
  }

  /** Of a list of its own, which is quicker than a generator. */
  [Symbol.iterator](): MapIterator<[string, string]> {
    const pairs: [string, string][] = [];
    for (let at = 0; at < this.#list.length; at += 2)
      pairs.push([this.#list[at] ?? "", this.#list[at + 1] ?? ""]);
    return pairs.values();
  }

  entries(): MapIterator<[string, string]> {
    return this[Symbol.iterator]();
  }

  *keys(): MapIterator<string> {
    for (const [name] of this) yield name;
  }

  *values(): MapIterator<string> {
    for (const [, value] of this) yield value;
  }
}
