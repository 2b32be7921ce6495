import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { pathPlaces } from "../support/program-places.ts";
import { root } from "./pages.ts";
import { renderMan } from "./render-man.ts";
import { renderReference } from "./render-reference.ts";

const page = join(root, "docs/pushgateway-janitor.1");

// `npx vitest run test/docs -u` writes them anew.
it.each([
  ["docs/reference.md", renderReference],
  ["docs/pushgateway-janitor.1", renderMan],
])("%s is what the code says", async (path, render) => {
  await expect(render()).toMatchFileSnapshot(join(root, path));
});

const formatters = [
  ["man", "--warnings", "-l", page],
  ["mandoc", "-T", "utf8", "-W", "error,stop", page],
];

it.each(formatters.filter(([program = ""]) => pathPlaces(program).some((path) => existsSync(path))))(
  "%s can format the man page",
  (program, ...words) => {
    const { status, stdout, stderr } = spawnSync(program, words, {
      encoding: "utf8",
      env: { ...process.env, MANWIDTH: "80", LC_ALL: "C.UTF-8" },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("delete_oldest");
  },
);
