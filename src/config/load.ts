import { stat } from "node:fs/promises";
import type { Config, LoadResult } from "./config.ts";
import { readConfigFile, readText, toResult, type FileKind } from "./file/read-file.ts";
import type { ReadFile } from "./file/read-file-start.ts";
import type { ProblemList } from "./file/problem.ts";
import { janitorYml } from "./janitor-yml.ts";

interface LoadDependencies {
  readonly readFile?: ReadFile;
  /** Whether the absolute path names something that can be read like a file. */
  readonly fileExists?: (path: string) => Promise<boolean>;
}

const configFile: FileKind<Omit<Config, "path" | "files">> = {
  kind: janitorYml,
  needed: "pushgateways and rules",
};

/**
 * Reads, parses and checks a configuration file, and that the files it names exist. Never rejects for what is wrong
 * with the file.
 */
export async function loadConfig(path: string, dependencies: LoadDependencies = {}): Promise<LoadResult> {
  const { readFile, fileExists = isFile } = dependencies;
  const { value, list } = await readConfigFile(path, configFile, readFile);
  for (const { file, span } of list.namedFiles) {
    if (!(await fileExists(file))) list.error(`there is no file ${file}`, span);
  }
  return toResult({ value: complete(value, path, list), list });
}

/** As {@link loadConfig} for text at hand, without checking whether the files it names exist. `path` is shown in the problems. */
export function parseConfig(text: string, path: string): LoadResult {
  const { value, list } = readText(text, path, configFile);
  return toResult({ value: complete(value, path, list), list });
}

function complete(
  value: Omit<Config, "path" | "files"> | null,
  path: string,
  list: ProblemList,
): Config | null {
  if (value === null) return null;
  return { path, files: list.files, ...value };
}

async function isFile(path: string): Promise<boolean> {
  try {
    // Pipes and devices are fine, as in <(command) of a shell.
    return !(await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
