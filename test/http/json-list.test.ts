import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { JsonError, JsonList, JsonShapeError, maxDepth } from "../../src/http/json-list.ts";
import { cutAnywhere } from "../support/chunks.ts";

interface Found {
  readonly rest: unknown;
  readonly elements: readonly unknown[];
  readonly raw: readonly (string | null)[];
  readonly sizes: readonly number[];
}

function read(chunks: Iterable<Buffer>, depth = 1, keptItems = 2, maxElementBytes = 100_000): Found {
  const found = { elements: [] as unknown[], raw: [] as (string | null)[], sizes: [] as number[] };
  const list = new JsonList(
    { name: "list", depth, keptItems, maxElementBytes },
    ({ value, raw, sizeBytes }) => {
      found.elements.push(value);
      found.raw.push(raw()?.toString() ?? null);
      found.sizes.push(sizeBytes);
    },
  );
  for (const chunk of chunks) list.write(chunk);
  return { rest: list.end(), ...found };
}

const readText = (text: string): Found => read([Buffer.from(text)]);

const json = fc.jsonValue({ maxDepth: 2, stringUnit: "binary" });
const elements = fc.array(fc.dictionary(fc.string({ unit: "binary" }), json));
const document = fc.tuple(
  fc.dictionary(fc.string({ unit: "binary", maxLength: 3 }), json),
  elements,
  fc.constantFrom(undefined, 1, "\t", " \r\n"),
);

const toText = (rest: object, list: unknown, space?: string | number): Buffer =>
  Buffer.from(JSON.stringify({ ...rest, list, behind: 1 }, null, space));

describe("a list in JSON", () => {
  it("has the elements that JSON.parse finds, wherever the chunks are cut, and nothing else is lost", () => {
    fc.assert(
      fc.property(document, fc.infiniteStream(fc.nat(20)), ([rest, list, space], sizes) => {
        const bytes = toText(rest, list, space);
        const parsed = JSON.parse(bytes.toString()) as { list: unknown[] };
        const found = read(cutAnywhere(bytes, sizes));
        expect(found.elements).toEqual(parsed.list);
        expect(found.raw.map((raw) => JSON.parse(raw ?? "") as unknown)).toEqual(parsed.list);
        expect(found.sizes).toEqual(found.raw.map((raw) => Buffer.from(raw ?? "").length));
        expect(found.rest).toEqual({ ...parsed, list: [] });
      }),
      { numRuns: 1000 },
    );
  });

  it("is refused, or read as by JSON.parse, if bytes are changed", () => {
    const change = fc.tuple(
      fc.nat(),
      fc.oneof(fc.nat(255), fc.constantFrom('"', "\\", "[", "]", "{", "}", ",", ":")),
    );
    fc.assert(
      fc.property(
        document,
        fc.array(change, { minLength: 1, maxLength: 3 }),
        ([rest, list, space], changes) => {
          const bytes = toText(rest, list, space);
          for (const [at, byte] of changes)
            bytes[at % bytes.length] = typeof byte === "number" ? byte : byte.charCodeAt(0);
          let found: Found;
          try {
            found = read([bytes]);
          } catch (error) {
            if (error instanceof JsonError || error instanceof JsonShapeError) return;
            throw error;
          }
          const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
          const parsed = JSON.parse(text) as { list?: unknown };
          const isRead = found.elements.length > 0;
          expect([found.elements, found.rest]).toEqual(
            isRead ? [parsed.list, { ...parsed, list: [] }] : [[], parsed],
          );
        },
      ),
      { numRuns: 3000 },
    );
  });

  it("can be in an object in the object", () => {
    const bytes = Buffer.from('{"list":[{"a":1}],"data":{"list":[{"b":2}],"type":"x"}}');
    expect(read([bytes], 2)).toMatchObject({
      elements: [{ b: 2 }],
      rest: { list: [{ a: 1 }], data: { list: [], type: "x" } },
    });
  });

  it.each([
    ['{"list":["a"],"b":1}', { list: ["a"], b: 1 }],
    ['{"list":[[{"a":1}]]}', { list: [[{ a: 1 }]] }],
    ['{"list":{"a":[]}}', { list: { a: [] } }],
    ['{"\\"list":[{"a":1}]}', { '"list': [] }],
    ["5", 5],
  ])("is not %s", (text, rest) => {
    expect(readText(text).rest).toEqual(rest);
  });

  it.each([
    ['{"list":[{"a":1,"a":2}]}', "a name is there twice"],
    ['{"list":[{"a":{"b":1,"b":2}}]}', "a name is there twice"],
    ['{"a":1,"a":2,"list":[]}', "a name is there twice"],
    ['{"list":[{}],"list":[{}]}', '"list" is there twice'],
    ['{"list":[{},5]}', "list[1] cannot be read"],
    [`{"a":"${"x".repeat(2_000_000)}","list":[]}`, 'too much is beside "list"'],
  ])("is refused in %s", (text, message) => {
    expect(() => readText(text)).toThrow(new RegExp(message.replaceAll(/[[\]]/g, String.raw`\$&`)));
  });

  it("may hold names that lost their bytes, and so look alike", () => {
    const { elements } = readText('{"list":[{"\uFFFD":{"b":1},"\uFFFD":{"b":2},"c":3}]}');
    expect(elements).toEqual([{ "\uFFFD": { b: 2 }, c: 3 }]);
  });

  it.each(['{"list":[{}{}]}', '{"list":[{},]}', '{"list":[,{}]}', '{"list":[{}', '{"list":[]}{"a":1}', ""])(
    "is no JSON in %s",
    (text) => {
      expect(() => readText(text)).toThrow(JsonError);
    },
  );

  it("is not read deeper than anything that is known", () => {
    const nested = (depth: number): string => `{"list":[],"a":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    expect(readText(nested(maxDepth - 1)).rest).toBeDefined();
    expect(() => readText(nested(maxDepth))).toThrow("nested too deeply");
  });
});

describe("an element with a long list", () => {
  const items = (count: number, item = '{"v":[1]}'): string =>
    Array.from({ length: count }, () => item).join(" , ");
  const withItems = (text: string): Buffer => Buffer.from(`{"list":[{"a":{"items":[${text}]},"b":1}]}`);

  it.each([
    [2, [{ v: [1] }, { v: [1] }]],
    [3, [{ v: [1] }, { v: [1] }, []]],
    [5, [{ v: [1] }, { v: [1] }, [], 0, 0]],
  ])("of %d items has the first ones, and the number of all", (count, expected) => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat(20)), (sizes) => {
        const found = read(cutAnywhere(withItems(items(count)), sizes));
        expect(found.elements).toEqual([{ a: { items: expected }, b: 1 }]);
        expect(found.raw).toEqual([withItems(items(count)).toString().slice(9, -2)]);
      }),
    );
    const plain = read([withItems(items(count, '{"v":"]}"}'))]).elements;
    expect(plain).toEqual([
      { a: { items: expected.map((one) => (Array.isArray(one) ? 0 : one === 0 ? 0 : { v: "]}" })) }, b: 1 },
    ]);
  });

  it("is too large only if what is kept of it is", () => {
    const large = read([withItems(items(100_000))], 1, 2, 300_000);
    expect(large.raw).toEqual([null]);
    expect(large.elements).toMatchObject([{ b: 1 }]);
    expect(read([withItems(items(2, `{"v":"${"x".repeat(200_000)}"}`))], 1, 2, 300_000)).toMatchObject({
      elements: [undefined],
      raw: [null],
    });
  });
});
