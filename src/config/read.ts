import type { z } from "zod";

import { explainFileError } from "../core/errors.ts";
import { decodeText, type ReadFile } from "./file-text.ts";
import { Findings, type Places } from "./findings.ts";
import { checkShape, type Draft } from "./shape.ts";
import { SourceText } from "./source-text.ts";
import { configBounds, readYaml } from "./yaml.ts";

/** A kind of configuration file: which keys it has and what they mean. */
export interface FileKind<Schema extends z.ZodType, T> {
  readonly schema: Schema;
  /** What a file must hold at least, for the message. */
  readonly needed: string;
  /** Gives the values their meaning and reports those that have none. */
  readonly decode: (draft: Draft<z.infer<Schema>>, path: string, places: Places, findings: Findings) => T;
}

/** A file that was looked at: worth something only if no problem was found. */
export interface Reading<T> {
  /** null: it did not come so far. */
  readonly decoded: T | null;
  readonly findings: Findings;
}

/** `path` stands in the problems; relative paths in the text start from its folder. */
export function readText<Schema extends z.ZodType, T>(
  text: string,
  path: string,
  kind: FileKind<Schema, T>,
): Reading<T> {
  const source = new SourceText(text.replace(/^\ufeff/, ""));
  const findings = new Findings(path, source);
  if (text.startsWith("\ufeff")) findings.warn("starts with a byte order mark, which is ignored", null);
  const tree = readYaml(source, findings, kind.needed, configBounds);
  const draft = tree === null ? null : checkShape(tree, findings, kind.schema);
  if (tree === null || draft === null) return { decoded: null, findings };
  return { decoded: kind.decode(draft, path, tree.places, findings), findings };
}

/** As {@link readText} for a file. Never rejects for what is wrong with it. */
export async function readConfigFile<Schema extends z.ZodType, T>(
  path: string,
  kind: FileKind<Schema, T>,
  readFile: ReadFile,
): Promise<Reading<T>> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    return failure(path, `cannot be read: ${explainFileError(error)}`);
  }
  const decoded = decodeText(bytes);
  return "problem" in decoded ? failure(path, decoded.problem) : readText(decoded.text, path, kind);
}

function failure(path: string, message: string): Reading<never> {
  const findings = new Findings(path, new SourceText(""));
  findings.error(message, null);
  return { decoded: null, findings };
}
