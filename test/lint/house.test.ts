import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";

import { expect, it } from "vitest";

import { groupBy } from "../../src/core/group-by.ts";

const src = join(import.meta.dirname, "../../src");
const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .toSorted()
  .map((path) => ({ path, text: readFileSync(join(src, path), "utf8") }));

/** The keys that several files share, with these files. */
function sharedBy(pairs: readonly (readonly [key: string, path: string])[]): Record<string, string[]> {
  const byKey = groupBy(pairs, ([key]) => key);
  return Object.fromEntries(
    [...byKey].flatMap(([key, same]) => (same.length < 2 ? [] : [[key, same.map(([, path]) => path)]])),
  );
}

it("has no two types of one name", () => {
  const types = files.flatMap(({ path, text }) =>
    [...text.matchAll(/^(?:export )?(?:interface|type|class) (\w+)/gm)].map(
      ([, name = ""]) => [name, path] as const,
    ),
  );
  expect(sharedBy(types)).toEqual({});
});

it("has no two files of one name, unless a room shows or does what the other one is about", () => {
  expect(sharedBy(files.map(({ path }) => [basename(path), path]))).toEqual({
    "ages.ts": ["core/ages.ts", "report/ages.ts"],
    "explain.ts": ["cli/explain.ts", "core/explain.ts"],
    "liveness.ts": ["core/liveness.ts", "fleet/liveness.ts"],
    "report.ts": ["cli/report.ts", "core/report.ts"],
    "restore.ts": ["cli/restore.ts", "fleet/restore.ts"],
  });
});

it("has no circle of imports, not even of types", () => {
  const imports = new Map(
    files.map(({ path, text }) => [
      path,
      [...text.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)].map(([, to = ""]) =>
        relative(src, join(src, path, "..", to)),
      ),
    ]),
  );
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): void => {
    expect(way).not.toContain(path);
    if (done.has(path)) return;
    for (const next of imports.get(path) ?? []) visit(next, [...way, path]);
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
});

it("has one file for each command, and few beside them", () => {
  expect(files.filter(({ path }) => path.startsWith("cli/")).length).toBeLessThanOrEqual(30);
});
