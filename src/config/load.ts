import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";

import type { LoadResult } from "./config.ts";
import { decodeConfig, type Decoded } from "./decode.ts";
import { Findings } from "./findings.ts";
import { decodeText, maxFileBytes } from "./file-text.ts";
import { checkShape } from "./shape.ts";
import { SourceText } from "./source-text.ts";
import { readYaml } from "./yaml.ts";

export interface LoadDependencies {
  /** The first bytes of a file, at least 1 MiB and one more if it has them. Rejects as Node's functions do. */
  readonly readFile?: (path: string) => Promise<Uint8Array>;
  /** Whether the absolute path names something that can be read like a file. */
  readonly fileExists?: (path: string) => Promise<boolean>;
}

/**
 * Reads, parses and checks a configuration file, and that the files it names exist. Never rejects for what is wrong
 * with the file.
 */
export async function loadConfig(path: string, dependencies: LoadDependencies = {}): Promise<LoadResult> {
  const { readFile = readStart, fileExists = isFile } = dependencies;
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    return failure(path, `cannot be read: ${explainReadError(error)}`);
  }
  const decoded = decodeText(bytes);
  if ("problem" in decoded) return failure(path, decoded.problem);
  const reading = read(decoded.text, path);
  for (const { file, span } of reading.decoded?.namedFiles ?? []) {
    if (!(await fileExists(file))) reading.findings.error(`there is no file ${file}`, span);
  }
  return toResult(reading);
}

/** As {@link loadConfig} for text at hand; the files it names are not looked for. `path` stands in the problems. */
export function parseConfig(text: string, path: string): LoadResult {
  return toResult(read(text, path));
}

interface Reading {
  readonly decoded: Decoded | null;
  readonly findings: Findings;
}

function read(text: string, path: string): Reading {
  const source = new SourceText(text.replace(/^\ufeff/, ""));
  const findings = new Findings(path, source);
  if (text.startsWith("\ufeff")) findings.warn("starts with a byte order mark, which is ignored", null);
  const tree = readYaml(source, findings);
  const draft = tree === null ? null : checkShape(tree, findings);
  if (tree === null || draft === null) return { decoded: null, findings };
  return { decoded: decodeConfig(draft, path, tree.places, findings), findings };
}

function toResult({ decoded, findings }: Reading): LoadResult {
  if (findings.hasErrors || decoded === null) return { ok: false, problems: findings.problems };
  return { ok: true, config: decoded.config, warnings: findings.problems };
}

function failure(path: string, message: string): LoadResult {
  return { ok: false, problems: [{ severity: "error", path, message, location: null }] };
}

function explainReadError(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
      return "there is no such file";
    case "EISDIR":
      return "it is a folder";
    case "EACCES":
      return "permission denied";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

async function readStart(path: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of createReadStream(path, { end: maxFileBytes })) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

async function isFile(path: string): Promise<boolean> {
  try {
    // Pipes and devices are fine, as in <(command) of a shell.
    return !(await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
