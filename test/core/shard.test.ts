import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { parseShard, parseShardIndex, shardOf } from "../../src/core/shard.ts";

const anyName = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 });
const anyCount = fc.integer({ min: 1, max: 60 });

/** Names as they are in the field: much alike. */
const families: readonly [string, (index: number) => string][] = [
  ["hosts with a number", (index) => `pushgateway-${index}.example.org:9091`],
  ["addresses", (index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}:9091`],
  ["short names", (index) => `${index}`],
  ["teams", (index) => `team-${String(index).padStart(5, "0")}/batch`],
];
const names = (name: (index: number) => string, length = 10_000): string[] =>
  Array.from({ length }, (_, index) => name(index));

/** How far shares are from equal, by chi-square, in standard deviations of what chance would give. */
function imbalance(shares: readonly number[]): number {
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  const chiSquare = shares.reduce((sum, share) => sum + (share - mean) ** 2 / mean, 0);
  const freedom = shares.length - 1;
  return (chiSquare - freedom) / Math.sqrt(2 * freedom);
}

describe("a gateway's shard", () => {
  it("is exactly one of those there are, whoever asks", () => {
    fc.assert(
      fc.property(anyName, anyCount, (name, count) => {
        const shard = shardOf(name, count);
        expect(Number.isInteger(shard) && shard >= 0 && shard < count).toBe(true);
        expect(shardOf(name, count)).toBe(shard);
      }),
    );
  });

  it("stays when another is added, unless the gateway moves to the new one; the same in reverse", () => {
    fc.assert(
      fc.property(anyName, anyCount, (name, count) => {
        const [before, after] = [shardOf(name, count), shardOf(name, count + 1)];
        expect(after === before || after === count).toBe(true);
      }),
    );
  });

  it("never changes from one version of the janitor to the next", () => {
    const shards = names((index) => `pushgateway-${index}`, 20).map((name) => shardOf(name, 10));
    expect(shards).toMatchInlineSnapshot(`
      [
        6,
        7,
        6,
        8,
        3,
        5,
        0,
        0,
        7,
        7,
        7,
        8,
        4,
        9,
        6,
        0,
        1,
        4,
        5,
        1,
      ]
    `);
  });

  it.each(families)("is as good as drawn by lot: %s", (_, name) => {
    for (const count of [2, 3, 7, 10, 16, 50, 100]) {
      const shares = Array.from({ length: count }, () => 0);
      for (const one of names(name)) shares[shardOf(one, count)]! += 1;
      expect(imbalance(shares)).toBeLessThan(5);
    }
  });

  it.each(families)("changes for one in n when a shard is added: %s", (_, name) => {
    for (const count of [1, 4, 9, 49]) {
      const moved = names(name).filter((one) => shardOf(one, count) !== shardOf(one, count + 1)).length;
      const expected = 10_000 / (count + 1);
      expect(Math.abs(moved - expected)).toBeLessThan(5 * Math.sqrt(expected));
    }
  });
});

describe("--shard", () => {
  it.each([
    ["0/1", { index: 0, count: 1 }],
    ["9/10", { index: 9, count: 10 }],
    ["auto/10", { index: null, count: 10 }],
    ["999/1000", { index: 999, count: 1000 }],
  ])("%s is understood", (text, shard) => {
    expect(parseShard(text)).toEqual(shard);
  });

  it.each([
    ["10/10", 'the index must be from 0 to 9, as there are 10, got "10"'],
    ["0/0", "the count must be from 1 to 1000, got 0"],
    ["0/1001", "the count must be from 1 to 1000, got 1001"],
    ["3", 'expected INDEX/COUNT like 0/10, or auto/10, got "3"'],
    ["-1/3", "expected INDEX/COUNT"],
    ["1/3/5", "expected INDEX/COUNT"],
    ["1.5/3", "expected INDEX/COUNT"],
    ["/3", "expected INDEX/COUNT"],
    ["1/", "expected INDEX/COUNT"],
    ["AUTO/3", "expected INDEX/COUNT"],
    ["", "expected INDEX/COUNT"],
  ])("%s is refused", (text, message) => {
    expect(() => parseShard(text)).toThrow(message);
  });

  it.each(["", "x", "-1", "3", "0x1", "1e0", " 1", "99999999999"])("index %j of 3 is refused", (text) => {
    expect(() => parseShardIndex(text, 3)).toThrow("the index must be from 0 to 2");
  });
});
