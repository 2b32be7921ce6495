import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseConfig } from "../../src/config/load.ts";
import { renderProblem } from "../../src/config/file/problem.ts";

import * as fc from "fast-check";

const text = readFileSync(new URL("../fixtures/config/complete.yml", import.meta.url), "utf8");

const edit = fc.record({
  at: fc.nat(text.length),
  remove: fc.nat(30),
  insert: fc.oneof(
    fc.constantFrom(
      "\n",
      "\t",
      "  ",
      ":",
      "- ",
      "[",
      "}",
      '"',
      "'",
      "&a ",
      "*a",
      "!x ",
      "|\n",
      "---\n",
      "~",
      "\u0000",
      "__proto__: 1",
    ),
    fc.string({ unit: "binary", maxLength: 5 }),
  ),
});

function apply(edits: readonly { at: number; remove: number; insert: string }[]): string {
  return edits.reduce(
    (edited, { at, remove, insert }) => edited.slice(0, at) + insert + edited.slice(at + remove),
    text,
  );
}

test("any damage to a file is a result, with carets inside of what is shown", () => {
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
      const result = parseConfig(apply(edits), "janitor.yml");
      for (const problem of result.ok ? result.warnings : result.problems) {
        expect(renderProblem(problem)).toMatch(/^janitor\.yml:[^\n]*(?:\n[^\n]*\n *\^+)?$/);
        if (problem.location === null) continue;
        const { line, column, excerpt } = problem.location;
        expect(line).toBeGreaterThan(0);
        expect(column).toBeGreaterThan(0);
        expect((excerpt?.caretIndent ?? 0) + (excerpt?.caretLength ?? 0)).toBeLessThan(125);
      }
    }),
    { numRuns: 300 },
  );
});
