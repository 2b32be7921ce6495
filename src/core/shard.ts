import { ParseError } from "./errors.ts";

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

/**
 * MurmurHash3, x86, 32 bits: fast, well spread, and the same on every machine for ever. Nothing that an attacker could gain
 * from a collision depends on it.
 * @param seed 0 to 2^32-1; other seeds are other hash functions, and never give the same bytes the same hash
 * @returns 0 to 2^32-1
 */
export function murmur3(bytes: Uint8Array, seed: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocksEnd = bytes.length - (bytes.length % 4);
  let hash = seed | 0;
  for (let at = 0; at < blocksEnd; at += 4) {
    hash = rotateLeft(hash ^ scramble(view.getUint32(at, true)), 13);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let at = bytes.length - 1; at >= blocksEnd; at -= 1) tail = (tail << 8) | view.getUint8(at);
  // An empty tail scrambles to 0.
  hash ^= scramble(tail) ^ bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function scramble(word: number): number {
  return Math.imul(rotateLeft(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
