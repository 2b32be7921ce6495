import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errorCode, explainFileError, ParseError } from "../core/errors.ts";
import { createMatcher } from "../core/matcher.ts";
import { answerOf, BadAnswer, maxAnswerBytes, readAnswer, type Answer, type Look } from "./look.ts";
import { decodeTargetGroups, type Target } from "./target-groups.ts";

/** Parses YAML as lists, mappings and texts. Throws a {@link ParseError} for what is none. */
export type ParseYaml = (text: string) => unknown;

/** YAML takes ten times the time and memory of JSON. */
const maxYamlBytes = 1024 * 1024;

/**
 * Reads target groups from files. A file that is not there any more is gone; one that cannot be read, or is half written, is
 * without an answer.
 * @param patterns absolute paths; in the last part, `*` and `?` are wildcards
 */
export function createFileLook(patterns: readonly string[], parseYaml: ParseYaml): Look {
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
        answers.set(`no ${pattern}`, { ok: false, problem });
        const matches = createMatch(pattern);
        for (const path of known) if (matches(path)) answers.set(path, { ok: false, problem });
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
    const names = await readdir(folder);
    return names
      .map((name) => join(folder, name))
      .filter(createMatch(pattern))
      .toSorted();
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
    // A pipe would be waited for.
    if (!(await stat(path)).isFile()) throw new BadAnswer("not a file");
    const text = await readAnswer(createReadStream(path, { end: maxBytes }), maxBytes);
    return decodeTargetGroups(isJson ? parseJson(text) : parseYaml(text));
  } catch (error) {
    const problem =
      error instanceof ParseError
        ? `not valid YAML, or half written: ${error.message}`
        : explainFileError(error);
    throw new BadAnswer(`${path}: ${problem}`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadAnswer("not valid JSON, or half written");
  }
}
