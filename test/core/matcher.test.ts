import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createLabels } from "../../src/core/labels.ts";
import {
  createLabelPattern,
  createMatcher,
  formatMatcher,
  parseMatcher,
  parseMatchers,
} from "../../src/core/matcher.ts";
import { ParseError } from "../../src/core/errors.ts";

const shape = (text: string): unknown =>
  parseMatchers(text).map(({ name, operator, value }) => [name, operator, value]);

describe("the part of a label that a pattern finds", () => {
  it.each([
    ["(.+)-[0-9a-f]{4}", "wordcount-00ff", "wordcount"],
    ["(.+)-[0-9a-f]{4}", "wordcount-00ffx", "wordcount-00ffx"],
    ["(.+)-[0-9a-f]{4}", "", ""],
    ["(a)|b", "b", ""],
    ["(a.c)", "a\nc", "a\nc"],
    ["(?:x)(y)z", "xyz", "y"],
  ])("%s in %j: %j", (pattern, value, part) => {
    expect(createLabelPattern(pattern).partOf(value)).toBe(part);
  });

  it.each([
    ["job-.*", /has no group/],
    ["(?:job)-.*", /has no group/],
    ["(a)-(b)", /has 2 groups/],
    ["(.+", /is not a regular expression/],
    ["(.+)(?=x)", /is not a regular expression/],
  ])("%s is refused", (pattern, message) => {
    expect(() => createLabelPattern(pattern)).toThrow(message);
  });
});

describe("the matcher grammar", () => {
  it.each([
    ["", []],
    ["{}", []],
    ["job=ci", [["job", "=", "ci"]]],
    ['job="ci"', [["job", "=", "ci"]]],
    ['{job="ci"}', [["job", "=", "ci"]]],
    ['{ job = "ci" , }', [["job", "=", "ci"]]],
    [
      'a="1",b!="2",c=~"3",d!~"4"',
      [
        ["a", "=", "1"],
        ["b", "!=", "2"],
        ["c", "=~", "3"],
        ["d", "!~", "4"],
      ],
    ],
    ['instance!=""', [["instance", "!=", ""]]],
    ['"my label"="x"', [["my label", "=", "x"]]],
    ['"Ж.label"=~"п.*"', [["Ж.label", "=~", "п.*"]]],
    ["Ж=п", [["Ж", "=", "п"]]],
    ['a="\\"\\\\\\n\\t\\x41\\u00e9\\U0001F600\\101"', [["a", "=", '"\\\n\tAé😀A']]],
    ['a="{},=~"', [["a", "=", "{},=~"]]],
    ["constructor=__proto__", [["constructor", "=", "__proto__"]]],
  ])("reads %s", (text, expected) => {
    expect(shape(text)).toEqual(expected);
  });

  it.each([
    ["job", "expected one of = != =~ !~, but the text ends", 3],
    ["=ci", 'expected a label name, but found "="', 0],
    ["job=", "expected a label value, but the text ends", 4],
    ["job==ci", 'expected a label value, but found "="', 4],
    ["job=~", "expected a label value, but the text ends", 5],
    ['job="ci', 'the quote " is never closed', 4],
    ["{job=ci", 'expected a comma or "}", but the text ends', 7],
    ["job=ci}", 'expected a comma or the end, but found "}"', 6],
    ["{job=ci}x", 'expected the end, but found "x"', 8],
    ["job=ci instance=x", 'expected a comma or the end, but found "i"', 7],
    ["job='ci'", `expected a label value, but found "'"`, 4],
    ['""=x', "a label name cannot be empty", 0],
    ['a="\\d"', "\\d is not an escape: write \\\\d for a literal backslash", 3],
    ['a="\\xff"', "\\xff is not a character", 3],
    ['a="\\ud800"', "\\ud800 is not a character", 3],
    [",", 'expected a label name, but found ","', 0],
  ])("refuses %s with the position", (text, message, offset) => {
    const error = thrownBy(() => parseMatchers(text));
    expect(error).toBeInstanceOf(ParseError);
    expect(error).toMatchObject({ message, offset });
  });

  it("refuses expressions that RE2 refuses, at the value", () => {
    for (const pattern of ["(", "a(?=b)", "(a)\\\\1", "*"]) {
      expect(thrownBy(() => parseMatchers(`job=~"${pattern}"`))).toMatchObject({
        name: "ParseError",
        offset: 5,
      });
    }
  });

  it("accepts exactly one matcher where one is expected", () => {
    expect(() => parseMatcher("")).toThrow("found none");
    expect(() => parseMatcher("a=b,c=d")).toThrow("make each an entry of its own");
  });

  it("parses what it renders, whatever name and value", () => {
    const text = fc.string({ unit: "binary", minLength: 0 });
    fc.assert(
      fc.property(
        text.filter((name) => name !== ""),
        text,
        (name, value) => {
          expect(shape(formatMatcher(createMatcher(name, "=", value)))).toEqual([[name, "=", value]]);
        },
      ),
    );
  });
});

describe("a matcher", () => {
  const labels = createLabels(Object.entries({ job: "ci", text: "a\nb", constructor: "x" }));

  it.each([
    ['job="ci"', true],
    ['job="c"', false],
    ['job!="ci"', false],
    ['job=~"c"', false],
    ['job=~"c."', true],
    ['job=~"ci|build"', true],
    ['job=~"b|c"', false],
    ['job!~"c"', true],
    ['job!~"c."', false],
    ['text=~"a.b"', true],
    ['text=~"a"', false],
    ['constructor="x"', true],
    ['absent=""', true],
    ['absent!=""', false],
    ['absent=~".*"', true],
    ['absent=~".+"', false],
    ['toString=""', true],
    ['__proto__=""', true],
  ])("%s on {job=ci, text=a\\nb, constructor=x} is %s", (text, expected) => {
    expect(parseMatcher(text).matches(labels)).toBe(expected);
  });

  it("stays quick on a pattern that makes backtracking engines hang", () => {
    const long = createLabels([["job", `${"a".repeat(5000)}!`]]);
    expect(parseMatcher('job=~"(a+)+b"').matches(long)).toBe(false);
  });
});

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("expected it to throw");
}
