import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

import { listFolder } from "./program-places.ts";
import { projectRoot } from "./project-root.ts";

/** A program that `.ci/setup` unpacked, or that the PATH holds. */
export interface UnpackedProgram {
  readonly binary: string;
  /** Where its own libraries are. */
  readonly env: Readonly<Record<string, string>>;
}

const cache = join(projectRoot, ".cache");

/** @param path of the program in its package, without `usr/` */
export function findProgram(name: string, path: string): UnpackedProgram | null {
  for (const suite of listFolder(join(cache, name))) {
    const root = join(cache, name, suite, "usr");
    const libraries = listFolder(join(root, "lib")).map((folder) => join(root, "lib", folder));
    const env = { LD_LIBRARY_PATH: libraries.join(delimiter) };
    if (existsSync(join(root, path))) return { binary: join(root, path), env };
  }
  // Those of the system are not on everybody's PATH.
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"];
  const binary = folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
  return binary === undefined ? null : { binary, env: {} };
}

/** Whether tests that need it may be left out: on a machine without it, but not in CI. */
export function mayLack(program: UnpackedProgram | null): boolean {
  return program === null && !process.env["CI"];
}
