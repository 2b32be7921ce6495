import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";

import { describe, expect, it } from "vitest";

import { anchorsOf, pages, readPage, root } from "./pages.ts";

/** The relative links of a page: where they lead to in the project. */
function linksOf(page: string): readonly { readonly file: string; readonly anchor: string }[] {
  return [...readPage(page).matchAll(/\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)/g)].map(
    ([, target = "", anchor = ""]) => ({
      file: target === "" ? page : relative(root, join(root, dirname(page), target)),
      anchor,
    }),
  );
}

/** Comments of other files lead nowhere. */
const markdown = pages
  .map(({ path }) => path)
  .filter((path) => path.endsWith(".md") && !path.startsWith("config/"));

describe.each(markdown)("%s", (page) => {
  it("links only to files that are there, and to headings that they have", () => {
    const dead = linksOf(page).filter(
      ({ file, anchor }) =>
        !existsSync(join(root, file)) || (anchor !== "" && !anchorsOf(file).includes(anchor)),
    );
    expect(dead).toEqual([]);
  });

  it("names only files of config/ that are there", () => {
    const named = [...readPage(page).matchAll(/(?<![\w./])config\/[\w./-]*\w/g)].map(([path]) => path);
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

it("every page of docs/ is reached from the README", () => {
  const reached = new Set(["README.md"]);
  for (const page of reached) {
    for (const { file } of linksOf(page))
      if (file.endsWith(".md") && existsSync(join(root, file))) reached.add(file);
  }
  expect([...reached]).toEqual(expect.arrayContaining(markdown));
});
