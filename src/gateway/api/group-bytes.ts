import type { JsonObject } from "../../core/json.ts";

/** Collects the bytes of one group that begins in an earlier chunk than it ends in. */
export class GroupBytes {
  readonly #parts: Buffer[] = [];

  add(part: Buffer): void {
    this.#parts.push(part);
  }

  /** A copy: a part of a chunk that is kept would keep all of it. */
  whole(last: Buffer): Buffer {
    return Buffer.concat([...this.#parts, last]);
  }

  clear(): void {
    this.#parts.length = 0;
  }
}

/** The group as the API told it: the grouping key and, as its siblings, every family by name. */
export function parseWhole(bytes: Buffer): JsonObject {
  return JSON.parse(bytes.toString("utf8")) as JsonObject;
}
