import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  createLabels,
  formatLabels,
  formatShortLabels,
  labelsKey,
  labelsToObject,
} from "../../src/core/labels.ts";
import { parseMatchers } from "../../src/core/matcher.ts";

describe("labels", () => {
  it("put job first, the rest by name", () => {
    const labels = createLabels([
      ["z", "1"],
      ["a", "2"],
      ["job", "3"],
    ]);
    expect([...labels].map(([name]) => name)).toEqual(["job", "a", "z"]);
  });

  it("have equal keys exactly if they are equal", () => {
    const key = (object: Record<string, string>): string => labelsKey(createLabels(Object.entries(object)));
    expect(key({ job: "a", x: "b" })).toBe(key({ x: "b", job: "a" }));
    const distinct = [{ job: "a" }, { job: "a", instance: "" }, { job: "a", x: "b,c" }, { job: 'a","x","b' }];
    expect(new Set(distinct.map(key)).size).toBe(distinct.length);
  });

  it("called __proto__ and constructor survive in JSON", () => {
    const object = labelsToObject(
      createLabels([
        ["__proto__", "a"],
        ["constructor", "b"],
      ]),
    );
    expect(JSON.stringify(object)).toBe('{"__proto__":"a","constructor":"b"}');
  });

  it.each([
    ["a\u001B[2Jb", '{x="a\\u001b[2Jb"}'],
    ["\u202Egpj", '{x="\\u202egpj"}'],
    ['a\nb\t"\\', '{x="a\\nb\\t\\"\\\\"}'],
    ["\u2028\u00A0", '{x="\\u2028\\u00a0"}'],
    ["Ж é 😀 €", '{x="Ж é 😀 €"}'],
    ["\u{E0001}", '{x="\\U000e0001"}'],
  ])("print %j so that it cannot drive a terminal", (value, expected) => {
    expect(formatLabels(createLabels([["x", value]]))).toBe(expected);
  });

  it.each([
    [{ job: "a", x: "y".repeat(1001) }, /^\{job="a", x="y{1000}"… \(1001 characters\)\}$/],
    [{ ["n".repeat(300)]: "a" }, /^\{"n{200}…"="a"\}$/],
    [
      Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`l${index}`, ""])),
      /, … \(10 more labels\)\}$/,
    ],
    [
      Object.fromEntries(Array.from({ length: 6 }, (_, index) => [`l${index}`, "z".repeat(900)])),
      /l4="z{392}"… \(900 characters\), … \(1 more labels\)\}$/,
    ],
  ])("are cut for people, however long they are", (object: Record<string, string>, expected) => {
    expect(formatShortLabels(createLabels(Object.entries(object)))).toMatch(expected);
  });

  it("print as matchers that find them again", () => {
    const text = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(
        fc.dictionary(
          text.filter((name) => name !== ""),
          text,
        ),
        (object) => {
          const labels = createLabels(Object.entries(object));
          const matchers = parseMatchers(formatLabels(labels));
          expect(matchers.map(({ name, value }) => [name, value])).toEqual([...labels]);
          expect(matchers.every((matcher) => matcher.matches(labels))).toBe(true);
        },
      ),
    );
  });
});
