import { explainFileError } from "../../core/errors.ts";
import type { Kind } from "./kinds.ts";
import { ProblemList, type Problem } from "./problem.ts";
import { maxFileBytes, readFileStart, type ReadFile } from "./read-file-start.ts";
import { SourceText } from "./source-text.ts";
import { configBounds, readYaml } from "./yaml.ts";

/** A kind of YAML file. */
export interface FileKind<T> {
  readonly kind: Kind<T>;
  /** The least that a file must hold, for the message. */
  readonly needed: string;
}

/** A file that was read: `value` is only to be used if no error was found. */
interface FileReading<T> {
  /** null: the file could not be understood at all. */
  readonly value: T | null;
  readonly list: ProblemList;
}

export type FileResult<T> =
  | { readonly ok: true; readonly config: T; readonly warnings: readonly Problem[] }
  | {
      readonly ok: false;
      readonly problems: readonly Problem[];
      /** Of very many, `problems` has only the first. */
      readonly errorCount: number;
    };

/** `path` is shown in the problems; relative paths in the text start from its folder. */
export function readText<T>(text: string, path: string, { kind, needed }: FileKind<T>): FileReading<T> {
  const list = new ProblemList(path, new SourceText(text.replace(/^\ufeff/, "")));
  if (text.startsWith("\ufeff")) list.warn("starts with a byte order mark, which is ignored", null);
  const root = readYaml(list, needed, configBounds);
  return { value: root === null ? null : (kind.read(root) ?? null), list };
}

/** As {@link readText} for a file. Never rejects for what is wrong with it. */
export async function readConfigFile<T>(
  path: string,
  kind: FileKind<T>,
  readFile: ReadFile = readFileStart,
): Promise<FileReading<T>> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    return failure(path, `cannot be read: ${explainFileError(error)}`);
  }
  const decoded = decodeText(bytes);
  return "problem" in decoded ? failure(path, decoded.problem) : readText(decoded.text, path, kind);
}

export function toResult<T>({ value, list }: FileReading<T>): FileResult<T> {
  return list.hasErrors || value === null
    ? { ok: false, problems: list.problems, errorCount: list.errorCount }
    : { ok: true, config: value, warnings: list.problems };
}

function failure(path: string, message: string): FileReading<never> {
  const list = new ProblemList(path, new SourceText(""));
  list.error(message, null);
  return { value: null, list };
}

/** Decodes the bytes of a configuration file, or says why they are none. */
function decodeText(bytes: Uint8Array): { readonly text: string } | { readonly problem: string } {
  if (bytes.length > maxFileBytes) return { problem: "longer than 1 MiB: this is not a configuration file" };
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return { problem: "the file is UTF-16: save it as UTF-8" };
  }
  if (bytes.includes(0)) return { problem: "the file holds NUL bytes: this is not a text file" };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    // A decoder that does not fail replaces the first bad byte.
    const [good = ""] = new TextDecoder("utf-8").decode(bytes).split("\ufffd", 1);
    return { problem: `line ${good.split("\n").length} is not UTF-8: save the file as UTF-8` };
  }
}
