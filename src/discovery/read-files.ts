import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { errorCode, explainFileError, ParseError } from "../core/errors.ts";
import { createMatcher } from "../core/matcher.ts";
import {
  answerOf,
  BadAnswer,
  decodeTargetGroups,
  maxAnswerBytes,
  readText,
  type Answer,
  type ReadSources,
  type Target,
} from "./answer.ts";

/** Parses YAML as lists, mappings and texts. Throws a {@link ParseError} for anything else. */
type ParseYaml = (text: string) => unknown;

/** YAML takes ten times the time and memory of JSON. */
const maxYamlBytes = 1024 * 1024;

/**
 * Reads target groups from files. A file that does not exist any more is gone; one that cannot be read, or is half written, has no
 * answer.
 * @param patterns absolute paths; in the last part, `*` and `?` are wildcards
 */
export function createFileReader(patterns: readonly string[], parseYaml: ParseYaml): ReadSources {
  return async (_, known) => {
    const answers = new Map<string, Answer>();
    for (const pattern of patterns) {
      try {
        const paths = await findFiles(pattern);
        // Not under the name of the file, whose targets would stay.
        if (paths.length === 0) answers.set(`no ${pattern}`, { ok: false, problem: `no file is ${pattern}` });
        for (const path of paths) answers.set(path, await answerOf(() => readTargets(path, parseYaml)));
      } catch (error) {
        const problem = `${dirname(pattern)}: ${explainFileError(error)}`;
        const matches = createMatch(pattern);
        for (const source of [`no ${pattern}`, ...known.filter(matches)])
          answers.set(source, { ok: false, problem });
      }
    }
    return answers;
  };
}

async function findFiles(pattern: string): Promise<readonly string[]> {
  const folder = dirname(pattern);
  try {
    if (!/[*?]/.test(basename(pattern))) {
      await stat(pattern);
      return [pattern];
    }
    const paths = (await readdir(folder)).map((name) => join(folder, name));
    return paths.filter(createMatch(pattern)).toSorted();
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}

function createMatch(pattern: string): (path: string) => boolean {
  const expression = basename(pattern)
    .replaceAll(/[$()+.[\\\]^{|}]/g, String.raw`\$&`)
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  // RE2, for which many wildcards are no harder than one.
  const matcher = createMatcher("name", "=~", expression);
  return (path) => dirname(path) === dirname(pattern) && matcher.matches(new Map([["name", basename(path)]]));
}

async function readTargets(path: string, parseYaml: ParseYaml): Promise<readonly Target[]> {
  const isJson = /\.json$/i.test(path);
  const maxBytes = isJson ? maxAnswerBytes : maxYamlBytes;
  try {
    // Reading a pipe would wait for its writer.
    if (!(await stat(path)).isFile()) throw new BadAnswer("not a file");
    const text = await readText(createReadStream(path, { end: maxBytes }), maxBytes);
    return decodeTargetGroups(isJson ? JSON.parse(text) : parseYaml(text));
  } catch (error) {
    throw new BadAnswer(`${path}: ${explainBadFile(error)}`);
  }
}

function explainBadFile(error: unknown): string {
  if (error instanceof SyntaxError) return "not valid JSON, or half written";
  if (error instanceof ParseError) return `not valid YAML, or half written: ${error.message}`;
  return explainFileError(error);
}
