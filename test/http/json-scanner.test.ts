import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  JsonError,
  JsonScanner,
  maxDepth,
  maxTextLength,
  type JsonVisitor,
} from "../../src/http/json-scanner.ts";
import { cutAnywhere } from "../support/chunks.ts";

/** Builds the value again from the calls of the scanner. */
class Rebuilder implements JsonVisitor {
  readonly #open: unknown[] = [[]];
  readonly #names: string[] = [];

  key(name: string): void {
    this.#names.push(name);
  }
  wantsText(): boolean {
    return true;
  }
  text(text: string): void {
    this.#add(text);
  }
  /** Numbers and literals are announced without their text. */
  scalar(): void {
    this.#add(null);
  }
  open(isList: boolean): boolean {
    const value = isList ? [] : Object.create(null);
    this.#add(value);
    this.#open.push(value);
    return true;
  }
  close(): boolean {
    this.#open.pop();
    return true;
  }
  value(): unknown {
    return (this.#open[0] as unknown[])[0];
  }
  #add(value: unknown): void {
    const parent = this.#open.at(-1);
    if (Array.isArray(parent)) parent.push(value);
    else (parent as Record<string, unknown>)[this.#names.pop() ?? ""] = value;
  }
}

function scan(chunks: Iterable<Buffer>): unknown {
  const rebuilder = new Rebuilder();
  const scanner = new JsonScanner(rebuilder);
  for (const chunk of chunks) scanner.write(chunk);
  scanner.end();
  return rebuilder.value();
}

/** What JSON.parse makes of it, numbers and literals forgotten; undefined: nothing, as it is no UTF-8 or no JSON. */
function parse(bytes: Buffer): unknown {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return JSON.parse(text, (_, value: unknown) =>
      typeof value === "number" || typeof value === "boolean" ? null : value,
    );
  } catch {
    return undefined;
  }
}

function outcome(chunks: Iterable<Buffer>): unknown {
  try {
    return scan(chunks);
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}

/** Documents with every kind of string, number and white space. */
const document = fc
  .tuple(fc.jsonValue({ maxDepth: 6, stringUnit: "binary" }), fc.constantFrom(undefined, 1, "\t", " \r\n"))
  .map(([value, space]) => JSON.stringify(value, null, space));

describe("the scanner of JSON", () => {
  it("finds what JSON.parse reads, wherever the chunks are cut", () => {
    fc.assert(
      fc.property(document, fc.infiniteStream(fc.nat(20)), (text, sizes) => {
        const bytes = Buffer.from(text);
        expect(scan(cutAnywhere(bytes, sizes))).toEqual(parse(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  it("accepts what JSON.parse accepts and refuses what it refuses, however it is corrupted", () => {
    const bytes = fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('{}[]",:\\u0tfnel-+.eE \n')));
    const corruption = fc.record({
      at: fc.nat(),
      remove: fc.nat(3),
      insert: fc.array(bytes, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(
        document,
        fc.array(corruption, { minLength: 1, maxLength: 3 }),
        fc.infiniteStream(fc.nat(20)),
        (text, corruptions, sizes) => {
          let corrupted = Buffer.from(text);
          for (const { at, remove, insert } of corruptions) {
            const place = at % (corrupted.length + 1);
            const rest = corrupted.subarray(place + remove);
            corrupted = Buffer.concat([corrupted.subarray(0, place), Buffer.from(insert), rest]);
          }
          expect(outcome(cutAnywhere(corrupted, sizes))).toEqual(parse(corrupted));
        },
      ),
      { numRuns: 5000 },
    );
  });

  it.each([
    "",
    " ",
    "1",
    "-0",
    "01",
    "1.",
    ".5",
    "1e",
    "1e+5",
    "-",
    "+1",
    "0x1",
    "NaN",
    "nul",
    "nulll",
    "tru e",
    "true false",
    '"',
    '"\\"',
    '"\\x"',
    '"\\u12"',
    '"\\u12g4"',
    '"\\ud800"',
    '"\u0001"',
    '"\u007f\u2028"',
    "[",
    "]",
    "[1,]",
    "[,1]",
    "[1 2]",
    "{",
    "}",
    "[}",
    "{]",
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    "{a:1}",
    "{1:1}",
    '{"a":1 "b":2}',
    '{"a":1}}',
    "[]]",
    "[] []",
    "\uFEFF[]",
    "// comment\n[]",
    "'a'",
    '{"a":1,"a":2}',
    '{"__proto__":[]}',
  ])("agrees with JSON.parse on %j, byte by byte", (text) => {
    const bytes = Buffer.from(text);
    expect(outcome(cutAnywhere(bytes, [1]))).toEqual(parse(bytes));
    expect(outcome([bytes])).toEqual(parse(bytes));
  });

  it.each([
    ["a byte that never begins a character", [0x22, 0xff, 0x22]],
    ["a character without its end", [0x22, 0xe2, 0x82, 0x22]],
    ["a surrogate in UTF-8", [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ["an overlong slash", [0x22, 0xc0, 0xaf, 0x22]],
    ["a character cut off by the end", [0x22, 0xe2, 0x82]],
  ])("refuses %s", (_, bytes) => {
    expect(() => scan([Buffer.from(bytes)])).toThrow(JsonError);
    expect(() => scan(cutAnywhere(Buffer.from(bytes), [1]))).toThrow(JsonError);
  });

  it("refuses what is nested more deeply than anything it is used for", () => {
    expect(scan([Buffer.from("[".repeat(maxDepth) + "]".repeat(maxDepth))])).toBeDefined();
    expect(() => scan([Buffer.from("[".repeat(maxDepth + 1))])).toThrow("nested too deeply");
  });

  it("keeps nothing of an endless number", () => {
    const scanner = new JsonScanner(new Rebuilder());
    const write = (): void => {
      for (let chunk = 0; chunk < 10; chunk += 1) scanner.write(Buffer.alloc(1000, "1"));
    };
    expect(write).toThrow("an endless number");
  });

  it.each(["a", "é", "€", "😀", "\\n", "\\u0061", "\\ud83d\\ude00"])(
    "cuts names and texts that are longer than anything that is kept, between characters: of %s",
    (unit) => {
      for (let shift = 0; shift < 12; shift += 1) {
        const text = `${"a".repeat(shift)}${unit.repeat(200_000 / unit.length)}`;
        const real = JSON.parse(`"${text}"`) as string;
        const chunks = cutAnywhere(Buffer.from(`{"${text}":"${text}"}`), [16 * 1024]);
        const [entry] = Object.entries(scan(chunks) as Record<string, string>);
        for (const cut of entry ?? []) {
          expect(real.startsWith(cut) && cut.length > maxTextLength && cut.length < 110_000).toBe(true);
        }
      }
    },
  );

  it("says where it went wrong", () => {
    expect(() => scan([Buffer.from('{"a":'), Buffer.from("[1,}")])).toThrow('byte 8: "}" cannot be there');
    expect(() => scan([Buffer.from('{"a":')])).toThrow("byte 5: it is cut off");
  });
});
