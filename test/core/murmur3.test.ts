import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { murmur3 } from "../../src/core/shard.ts";

const text = (value: string): number[] => [...new TextEncoder().encode(value)];

describe("murmur3", () => {
  // Vectors that implementations in other languages publish.
  it.each<[string, readonly number[], number, number]>([
    ["nothing", [], 0, 0],
    ["nothing, seed 1", [], 1, 0x514e28b7],
    ["nothing, the highest seed", [], 0xffffffff, 0x81f16f39],
    ["bytes over 127", [0xff, 0xff, 0xff, 0xff], 0, 0x76293b50],
    ["a block", [0x21, 0x43, 0x65, 0x87], 0, 0xf55b516b],
    ["a block, seeded", [0x21, 0x43, 0x65, 0x87], 0x5082edee, 0x2362f9de],
    ["a tail of 3", [0x21, 0x43, 0x65], 0, 0x7e4a8634],
    ["a tail of 2", [0x21, 0x43], 0, 0xa0f7b07a],
    ["a tail of 1", [0x21], 0, 0x72661cf4],
    ["four zeros", [0, 0, 0, 0], 0, 0x2362f9de],
    ["three zeros", [0, 0, 0], 0, 0x85f0b427],
    ["two zeros", [0, 0], 0, 0x30f4c306],
    ["a zero", [0], 0, 0x514e28b7],
    ["letters", text("abc"), 0x9747b28c, 0xc84a62dd],
    ["a greeting", text("Hello, world!"), 0x9747b28c, 0x24884cba],
    ["UTF-8", text("ππππππππ"), 0x9747b28c, 0xd58063c1],
    ["the fox", text("The quick brown fox jumps over the lazy dog"), 0x9747b28c, 0x2fa826cd],
    ["256 letters", text("a".repeat(256)), 0x9747b28c, 0x37405bdc],
  ])("has the published hash of %s", (_, bytes, seed, hash) => {
    expect(murmur3(Uint8Array.from(bytes), seed)).toBe(hash);
  });

  it("has the verification value of its authors' test", () => {
    const hashes = new Uint8Array(1024);
    const view = new DataView(hashes.buffer);
    for (let length = 0; length < 256; length += 1) {
      const bytes = Uint8Array.from({ length }, (_, index) => index);
      view.setUint32(4 * length, murmur3(bytes, 256 - length), true);
    }
    expect(murmur3(hashes, 0)).toBe(0xb0f57ee3);
  });

  it("never has the same hash of the same bytes with another seed", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const hashes = Array.from({ length: 200 }, (_, seed) => murmur3(bytes, seed));
        expect(new Set(hashes).size).toBe(200);
      }),
    );
  });
});
