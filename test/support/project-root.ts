import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder of package.json. Looked for, because the benchmarks run these files compiled, from a folder deeper in. */
export const projectRoot: string = findRoot(import.meta.dirname);

/** The program as it is shipped. */
export const janitorFile = join(projectRoot, "dist/main.js");

function findRoot(folder: string): string {
  if (existsSync(join(folder, "package.json"))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error(`no package.json above ${import.meta.dirname}`);
  return findRoot(parent);
}
