import { execFileSync, spawnSync } from "node:child_process";
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";

import { beforeEach, describe, expect, it } from "vitest";

import { writeOutputFile } from "../../src/cli/output-file.ts";
import { temporaryFolder } from "../support/archived-groups.ts";
import { readOutput } from "../support/output.ts";

let folder: string;
let printed: string;
beforeEach(() => {
  folder = temporaryFolder();
  printed = "";
});

const write = (path: string, text: string | Iterable<string> = "new"): Promise<string | null> =>
  writeOutputFile(path, text, 0o644, {
    stdout: readOutput((part) => void (printed += part)),
    stderr: readOutput(() => {}),
  });

describe("a regular file", () => {
  it("is replaced completely, with the mode, and no other file remains", async () => {
    const path = join(folder, "janitor.prom");
    writeFileSync(path, "old and longer", { mode: 0o600 });
    const umask = process.umask(0o077);
    try {
      expect(await write(path)).toBeNull();
    } finally {
      process.umask(umask);
    }
    expect(readFileSync(path, "utf8")).toBe("new");
    expect((statSync(path).mode & 0o777).toString(8)).toBe("644");
    expect(readdirSync(folder)).toEqual(["janitor.prom"]);
  });

  it.each<[string, readonly (readonly [link: string, target: string])[]]>([
    ["a link", [["link", "real/file"]]],
    [
      "a chain of links",
      [
        ["link", "real/second"],
        ["real/second", "file"],
      ],
    ],
    ["a link to nothing yet", [["link", "real/file"]]],
    [
      "a chain of links to nothing yet",
      [
        ["link", "real/second"],
        ["real/second", "../real/file"],
      ],
    ],
  ])("is replaced behind %s, which stays a link", async (title, links) => {
    mkdirSync(join(folder, "real"));
    if (!title.endsWith("yet")) writeFileSync(join(folder, "real/file"), "old");
    for (const [link, target] of links) symlinkSync(target, join(folder, link));
    // Whoever has the old file open keeps reading the old text.
    const before = title.endsWith("yet") ? null : await open(join(folder, "real/file"));
    expect(await write(join(folder, "link"))).toBeNull();
    expect(readFileSync(join(folder, "real/file"), "utf8")).toBe("new");
    for (const [link, target] of links) expect(readlinkSync(join(folder, link))).toBe(target);
    expect(readdirSync(join(folder, "real")).toSorted()).toEqual(
      links.length === 1 ? ["file"] : ["file", "second"],
    );
    expect(await before?.readFile("utf8")).toBe(before === null ? undefined : "old");
    await before?.close();
  });
});

describe("another kind of file", () => {
  it("is written to, if it is a FIFO", async () => {
    const path = join(folder, "fifo");
    execFileSync("mkfifo", [path]);
    const reading = readFile(path, "utf8");
    expect(await write(path, ["a".repeat(200_000), "b"])).toBeNull();
    expect(await reading).toBe(`${"a".repeat(200_000)}b`);
    expect(lstatSync(path).isFIFO()).toBe(true);
    expect(readdirSync(folder)).toEqual(["fifo"]);
  });

  it("is written to, if it is a device, also through a link", async ({ skip }) => {
    const path = join(folder, "null");
    skip(spawnSync("mknod", [path, "c", "1", "3"]).status !== 0, "only root makes devices");
    symlinkSync("null", join(folder, "link"));
    const { mode } = lstatSync(path);
    for (const name of ["null", "link"]) expect(await write(join(folder, name))).toBeNull();
    expect(lstatSync(path)).toMatchObject({ rdev: 0x103, mode });
    expect(readdirSync(folder).toSorted()).toEqual(["link", "null"]);
  });

  it("is refused, if it is a disk", async ({ skip }) => {
    const path = join(folder, "disk");
    // A number that no driver has.
    skip(spawnSync("mknod", [path, "b", "240", "0"]).status !== 0, "only root makes devices");
    expect(await write(path)).toBe(`${path}: is a block device, not a file`);
  });

  it("goes to this process' own output, if it is that", async () => {
    // A link of the test's own, as /dev/stdout is one: no test may name what the machine needs.
    const path = join(folder, "stdout");
    symlinkSync("/proc/self/fd/1", path);
    expect(await write(path, ["a", "b"])).toBeNull();
    expect(printed).toBe("ab");
    expect(readlinkSync(path)).toBe("/proc/self/fd/1");
  });
});

describe("a file that cannot be written", () => {
  it.each<[string, (folder: string) => string, string]>([
    ["into a folder that is not there", (folder) => join(folder, "a/b.prom"), "there is no folder "],
    ["below a file", (folder) => join(folder, "file/b.prom"), "is not a folder"],
    ["over a folder", (folder) => join(folder, "folder"), "is a folder, not a file"],
    ["through a link into a folder that is not there", (folder) => join(folder, "link"), "/gone"],
    ["through links in a circle", (folder) => join(folder, "circle"), "too many symbolic links"],
    ["where nobody may", () => "/proc/janitor.prom", "/proc"],
  ])("%s is not, and says why", async (_, pathIn, problem) => {
    writeFileSync(join(folder, "file"), "");
    mkdirSync(join(folder, "folder"));
    symlinkSync("gone/file", join(folder, "link"));
    symlinkSync("circle", join(folder, "circle"));
    const before = readdirSync(folder).toSorted();
    const path = pathIn(folder);
    const told = await write(path);
    expect(told).toContain(`${path}: `);
    expect(told).toContain(problem);
    expect(readdirSync(folder).toSorted()).toEqual(before);
  });
});
