import type { JsonObject } from "../../core/json.ts";
import { maxGroupBytes } from "../budget.ts";

/** Collects the bytes of one group, which may begin in an earlier chunk than it ends in. */
export class GroupBytes {
  readonly #keeps: boolean;
  readonly #parts: Buffer[] = [];
  #size = 0;

  /** @param keeps whether more than the size is asked for */
  constructor(keeps: boolean) {
    this.#keeps = keeps;
  }

  /** Of the parts since the last `clear`. */
  get size(): number {
    return this.#size;
  }

  add(part: Buffer): void {
    this.#size += part.length;
    if (this.#size > maxGroupBytes) this.#parts.length = 0;
    else if (this.#keeps) this.#parts.push(part);
  }

  /** A copy: a part of a chunk that is kept would keep all of it. null: it is over its budget. */
  whole(): Buffer | null {
    if (!this.#keeps) throw new Error("whole groups were not asked for");
    return this.#size > maxGroupBytes ? null : Buffer.concat(this.#parts);
  }

  clear(): void {
    this.#parts.length = 0;
    this.#size = 0;
  }
}

/** The group as the API told it: the grouping key and, as its siblings, every family by name. */
export function parseWhole(bytes: Buffer): JsonObject {
  return JSON.parse(bytes.toString("utf8")) as JsonObject;
}
