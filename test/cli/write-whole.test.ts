import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { writeWhole } from "../../src/cli/write-whole.ts";
import { temporaryFolder } from "../support/archived-groups.ts";

describe("a file that is written whole", () => {
  it("has the text and the mode, whatever was there, and nothing is left beside it", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "janitor.prom");
    writeFileSync(path, "old and longer", { mode: 0o600 });
    const umask = process.umask(0o077);
    try {
      expect(await writeWhole(path, "new", 0o644)).toBeNull();
    } finally {
      process.umask(umask);
    }
    expect(readFileSync(path, "utf8")).toBe("new");
    expect((statSync(path).mode & 0o777).toString(8)).toBe("644");
    expect(readdirSync(folder)).toEqual(["janitor.prom"]);
  });

  it("takes the place of a link, and leaves what it points to alone", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "precious"), "kept");
    symlinkSync(join(folder, "precious"), join(folder, "link"));
    expect(await writeWhole(join(folder, "link"), "new", 0o644)).toBeNull();
    expect(readFileSync(join(folder, "precious"), "utf8")).toBe("kept");
    expect(readFileSync(join(folder, "link"), "utf8")).toBe("new");
  });

  it.each<[string, (folder: string) => string, string]>([
    ["into a folder that is not there", (folder) => join(folder, "a/b.prom"), "there is no folder "],
    ["below a file", (folder) => join(folder, "file/b.prom"), "is not a folder"],
    ["over a folder", (folder) => join(folder, "folder"), "is a folder, not a file"],
    ["where nobody may", () => "/proc/janitor.prom", "/proc"],
  ])("%s is not, and says why", async (_, pathIn, problem) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "");
    mkdirSync(join(folder, "folder"));
    const path = pathIn(folder);
    const told = await writeWhole(path, "new", 0o644);
    expect(told).toContain(`${path}: `);
    expect(told).toContain(problem);
    expect(readdirSync(folder).toSorted()).toEqual(["file", "folder"]);
  });
});
