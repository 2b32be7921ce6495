import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { mergeGateways } from "../../src/discovery/discovery.ts";

const gateway = (name: string, url: string) => ({ name, url });

describe("gateways of several lists", () => {
  it("come together in the order of the lists", () => {
    const merged = mergeGateways([
      [gateway("a", "http://a")],
      [],
      [gateway("b", "http://b"), gateway("c", "http://c")],
    ]);
    expect(merged.gateways.map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect(merged).toMatchObject({ repeated: [], leftOut: [] });
  });

  it("are swept once, under the first name, and that is said once for each", () => {
    const again = gateway("again", "http://a");
    expect(mergeGateways([[gateway("a", "http://a")], [again, again]])).toEqual({
      gateways: [gateway("a", "http://a")],
      repeated: ["http://a is named more than once; it is swept once, as a"],
      leftOut: [],
    });
  });

  it("are left out when their name belongs to another one", () => {
    expect(mergeGateways([[gateway("a", "http://a")], [gateway("a", "http://b")]])).toEqual({
      gateways: [gateway("a", "http://a")],
      repeated: [],
      leftOut: ["http://b is not swept: its name a belongs to http://a"],
    });
  });

  it("never hold a name or a URL twice, and lose no URL silently", () => {
    const one = fc.record({
      name: fc.constantFrom("a", "b", "c"),
      url: fc.constantFrom("http://1", "http://2", "http://3"),
    });
    fc.assert(
      fc.property(fc.array(fc.array(one)), (lists) => {
        const { gateways, leftOut } = mergeGateways(lists);
        expect(new Set(gateways.map(({ name }) => name)).size).toBe(gateways.length);
        expect(new Set(gateways.map(({ url }) => url)).size).toBe(gateways.length);
        const told = new Set(leftOut.map((sentence) => sentence.split(" ")[0]));
        for (const { url } of lists.flat())
          expect(gateways.some((kept) => kept.url === url) || told.has(url)).toBe(true);
      }),
    );
  });
});
