import { murmur3 } from "./murmur3.ts";
import { ParseError } from "./parse-error.ts";

/** One of several janitors that share the gateways out among them, without talking to each other. */
export interface Shard {
  /** From 0. */
  readonly index: number;
  readonly count: number;
}

/** More would each have less to do than to start. */
const maxShards = 1000;

/**
 * Parses `2/10`, the third of ten, or `auto/10`, whose index stands elsewhere: null.
 * @throws {@link ParseError}
 */
export function parseShard(text: string): { readonly index: number | null; readonly count: number } {
  const [, index = "", digits = ""] = /^(\d{1,9}|auto)\/(\d{1,9})$/.exec(text) ?? [];
  if (digits === "")
    throw new ParseError(`expected INDEX/COUNT like 0/10, or auto/10, got ${JSON.stringify(text)}`);
  const count = Number(digits);
  if (count < 1 || count > maxShards)
    throw new ParseError(`the count must be from 1 to ${maxShards}, got ${count}`);
  return { index: index === "auto" ? null : parseShardIndex(index, count), count };
}

/** @throws {@link ParseError} */
export function parseShardIndex(text: string, count: number): number {
  const index = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (index < count) return index;
  throw new ParseError(
    `the index must be from 0 to ${count - 1}, as there are ${count}, got ${JSON.stringify(text)}`,
  );
}

/**
 * Which shard a gateway belongs to: rendezvous hashing. Every shard has a score for the name, and the highest has it. So with
 * one shard more, only those gateways move that the new one takes; with one less, only those that it had.
 */
export function shardOf(name: string, count: number): number {
  const bytes = new TextEncoder().encode(name);
  let [best, bestScore] = [0, -1];
  for (let index = 0; index < count; index += 1) {
    // No two shards have the same score for a name: one seed more is another hash.
    const score = murmur3(bytes, index);
    if (score > bestScore) [best, bestScore] = [index, score];
  }
  return best;
}
