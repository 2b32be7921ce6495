import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { renderProblem } from "../../src/config/file/problem.ts";

/**
 * Each NAME.bad.yml makes one mistake (`many` makes many); NAME.bad.txt next to it is what the operator reads, to the
 * letter. `npx vitest run test/config/bad-config.test.ts -u` writes it anew.
 */
const folder = new URL("../fixtures/config/", import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith(".bad.yml"));

describe("a configuration with a mistake", () => {
  test.each(names)("%s is refused with this message", async (name) => {
    const result = await loadConfig(name, {
      readFile: (path) => readFile(new URL(path, folder)),
      fileExists: () => Promise.resolve(true),
    });
    expect(result.ok).toBe(false);
    const problems = result.ok ? [] : result.problems;
    expect(problems.some(({ severity }) => severity === "error")).toBe(true);
    const rendered = problems.map((problem) => `${renderProblem(problem)}\n`).join("\n");
    await expect(rendered).toMatchFileSnapshot(new URL(name.replace(/yml$/, "txt"), folder).pathname);
  });

  test("never shows its secrets", () => {
    const texts = readdirSync(folder).filter((name) => name.endsWith(".txt"));
    const leaking = texts.filter((name) => readFileSync(new URL(name, folder), "utf8").includes("hunter2"));
    expect(leaking).toStrictEqual([]);
  });

  test("has a message for each mistake and a mistake for each message", () => {
    const texts = readdirSync(folder).filter((name) => name.endsWith(".bad.txt"));
    expect(texts).toStrictEqual(names.map((name) => name.replace(/yml$/, "txt")));
  });
});
