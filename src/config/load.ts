import { stat } from "node:fs/promises";

import type { LoadResult } from "./config.ts";
import { decodeConfig, type Decoded } from "./decode.ts";
import { readStart, type ReadFile } from "./file-text.ts";
import { readConfigFile, readText, type FileKind, type Reading } from "./read.ts";
import { configSchema } from "./schema.ts";

export interface LoadDependencies {
  readonly readFile?: ReadFile;
  /** Whether the absolute path names something that can be read like a file. */
  readonly fileExists?: (path: string) => Promise<boolean>;
}

const janitorYml: FileKind<typeof configSchema, Decoded> = {
  schema: configSchema,
  needed: "pushgateways and rules",
  decode: decodeConfig,
};

/**
 * Reads, parses and checks a configuration file, and that the files it names exist. Never rejects for what is wrong
 * with the file.
 */
export async function loadConfig(path: string, dependencies: LoadDependencies = {}): Promise<LoadResult> {
  const { readFile = readStart, fileExists = isFile } = dependencies;
  const reading = await readConfigFile(path, janitorYml, readFile);
  for (const { file, span } of reading.decoded?.namedFiles ?? []) {
    if (!(await fileExists(file))) reading.findings.error(`there is no file ${file}`, span);
  }
  return toResult(reading);
}

/** As {@link loadConfig} for text at hand; the files it names are not looked for. `path` stands in the problems. */
export function parseConfig(text: string, path: string): LoadResult {
  return toResult(readText(text, path, janitorYml));
}

function toResult({ decoded, findings }: Reading<Decoded>): LoadResult {
  if (findings.hasErrors || decoded === null)
    return { ok: false, problems: findings.problems, errorCount: findings.errorCount };
  return { ok: true, config: decoded.config, warnings: findings.problems };
}

async function isFile(path: string): Promise<boolean> {
  try {
    // Pipes and devices are fine, as in <(command) of a shell.
    return !(await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
