import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { parseDocument } from "yaml";

import { errorCode, explainReadError } from "../core/error-code.ts";
import { answerOf, BadAnswer, maxAnswerBytes, readAnswer, type Answer, type Look } from "./look.ts";
import { decodeTargetGroups, type Target } from "./target-groups.ts";

/**
 * Reads target groups from files. A file that is not there any more is gone; one that cannot be read, or is half written, is
 * without an answer.
 * @param patterns absolute paths; in the last part, `*` and `?` are wildcards
 */
export function createFileLook(patterns: readonly string[]): Look {
  return async (_, known) => {
    const answers = new Map<string, Answer>();
    for (const pattern of patterns) {
      try {
        const paths = await findFiles(pattern);
        // Not under the name of the file, whose targets would stay.
        if (paths.length === 0) answers.set(`no ${pattern}`, { ok: false, problem: `no file is ${pattern}` });
        for (const path of paths) answers.set(path, await answerOf(() => readTargets(path)));
      } catch (error) {
        const problem = `${dirname(pattern)}: ${explainReadError(error)}`;
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
  const name = basename(pattern)
    .replaceAll(/[$()+.[\\\]^{|}]/g, String.raw`\$&`)
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  const expression = new RegExp(`^${name}$`, "su");
  return (path) => dirname(path) === dirname(pattern) && expression.test(basename(path));
}

async function readTargets(path: string): Promise<readonly Target[]> {
  try {
    // A pipe would be waited for.
    if (!(await stat(path)).isFile()) throw new BadAnswer("not a file");
    const text = await readAnswer(createReadStream(path, { end: maxAnswerBytes }));
    return decodeTargetGroups(/\.json$/i.test(path) ? parseJson(text) : parseYaml(text));
  } catch (error) {
    throw new BadAnswer(`${path}: ${explainReadError(error)}`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadAnswer("not valid JSON, or half written");
  }
}

function parseYaml(text: string): unknown {
  // As Prometheus does, takes every plain value for a text: a label's value may be a number.
  const document = parseDocument(text, { version: "1.2", schema: "failsafe", logLevel: "error" });
  const [error] = document.errors;
  if (error !== undefined) {
    throw new BadAnswer(`not valid YAML, or half written: ${error.message.split("\n")[0] ?? ""}`);
  }
  // Who means none writes []; this is a file that is just being written.
  if (document.contents === null) throw new BadAnswer("the file is empty");
  return document.toJS({ maxAliasCount: 100 });
}
