import { describe, expect, test } from "vitest";
import { renderProblem } from "../../src/config/file/problem.ts";
import { SourceText } from "../../src/config/file/source-text.ts";

function show(text: string, marked: string, secret?: string): string {
  const source = new SourceText(text);
  if (secret !== undefined) source.hide({ offset: text.indexOf(secret), length: secret.length });
  const location = source.locate({ offset: text.indexOf(marked), length: marked.length });
  return renderProblem({ severity: "error", path: "f", message: "m", location });
}

describe("the caret", () => {
  test.each([
    ["is under what it marks", "a\nb: cc d\ne", "cc", "f:2:4: m\n  b: cc d\n     ^^"],
    ["is one column at least", "ab", "", "f:1:1: m\n  ab\n  ^"],
    ["takes the columns of a wide character", "日本: 語", "語", "f:1:5: m\n  日本: 語\n        ^^"],
    ["takes none for a combining mark", "e\u0301: x", "x", "f:1:5: m\n  e\u0301: x\n     ^"],
    ["counts an emoji as two units and two columns", "😀: x", "x", "f:1:5: m\n  😀: x\n      ^"],
    ["takes a tab for a space", "\ta:\tx", "x", "f:1:5: m\n   a: x\n      ^"],
    ["ignores the return before a line feed", "a: x\r\nb", "x\r\nb", "f:1:4: m\n  a: x\n     ^"],
    ["stays on the first line of what it marks", "a: 'b\n  c'", "'b\n  c'", "f:1:4: m\n  a: 'b\n     ^^"],
  ])("%s", (_, text, marked, expected) => {
    expect(show(text, marked)).toBe(expected);
  });

  test("control characters and marks that turn text around are not printed", () => {
    expect(show("a: \u001b[31m\u202e\u0085\u2028x", "x")).toBe(
      "f:1:12: m\n  a: \ufffd[31m\ufffd\ufffd\ufffdx\n             ^",
    );
  });

  test("a long line is cut on both sides", () => {
    const [, excerpt = "", caret = ""] = show(`${"a".repeat(1_000_000)}HERE${"b".repeat(500)}`, "HERE").split(
      "\n",
    );
    expect(excerpt).toMatch(/^ {2}…a+HERE…?b*…$/);
    expect(excerpt.length).toBeLessThan(120);
    expect(excerpt.slice(caret.indexOf("^"), caret.length)).toBe("HERE");
  });

  test("no line of a secret is shown", () => {
    const text = "key: |\n  BEGIN\n  END\nx";
    const secret = "BEGIN\n  END";
    expect([show(text, "BEGIN", secret), show(text, "END", secret)]).toEqual(["f:2:3: m", "f:3:3: m"]);
    expect(show(text, "x", secret)).toBe("f:4:1: m\n  x\n  ^");
  });
});

describe("the line of an offset", () => {
  test.each([
    [0, 1],
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 3],
    [9, 3],
  ])("%i is on line %i", (offset, line) => {
    expect(new SourceText("a\n\nb").lineOf(offset)).toBe(line);
  });
});
