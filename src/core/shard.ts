import { ParseError } from "./errors.ts";

/** One of several janitors that divide the gateways among themselves without communicating. */
export interface Shard {
  /** From 0. */
  readonly index: number;
  readonly count: number;
}

/** The share of a janitor that is alone. */
export const allGateways: Shard = { index: 0, count: 1 };

/** A bound against typing errors. */
const maxShards = 1000;

/** Parses `2/10`, the third of ten, or `auto/10`, whose index comes from elsewhere: null. */
export function parseShard(text: string): { readonly index: number | null; readonly count: number } {
  const [, index = "", digits = ""] = /^(\d{1,9}|auto)\/(\d{1,9})$/.exec(text) ?? [];
  if (digits === "")
    throw new ParseError(`expected INDEX/COUNT like 0/10, or auto/10, got ${JSON.stringify(text)}`);
  const count = Number(digits);
  if (count < 1 || count > maxShards)
    throw new ParseError(`the count must be from 1 to ${maxShards}, got ${count}`);
  return { index: index === "auto" ? null : parseShardIndex(index, count), count };
}

export function parseShardIndex(text: string, count: number): number {
  const index = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (index < count) return index;
  throw new ParseError(
    `the index must be from 0 to ${count - 1}, as there are ${count}, got ${JSON.stringify(text)}`,
  );
}

/**
 * The shard of a gateway, by rendezvous hashing: each shard has a score for the name, and the highest wins. If a shard is added, only
 * the gateways that it takes move; if one is removed, only those that it had.
 */
export function shardOf(name: string, count: number): number {
  const bytes = new TextEncoder().encode(name);
  let [best, bestScore] = [0, -1];
  for (let index = 0; index < count; index += 1) {
    // Scores never tie: hashes of the same bytes with different seeds differ.
    const score = murmur3(bytes, index);
    if (score > bestScore) [best, bestScore] = [index, score];
  }
  return best;
}

/**
 * MurmurHash3, x86, 32 bits: fast, evenly distributed, and the same on every machine. Collisions are of no use to an attacker.
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
