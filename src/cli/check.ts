import { describeConfig } from "../config/describe.ts";
import { loadConfig } from "../config/load.ts";
import { renderProblem } from "../config/file/problem.ts";
import type { FileResult } from "../config/file/read-file.ts";
import { describeWebConfig, loadWebConfig } from "../config/web/load-web-config.ts";
import { countOf } from "../core/printable.ts";
import { exitCodes } from "./exit-code.ts";
import type { Io } from "./io.ts";

/** `check config FILE…`: every problem of every file, or what was understood. */
export function checkConfig(files: readonly string[], io: Io): Promise<number> {
  return checkFiles(files, io, loadConfig, describeConfig);
}

/** `check web-config FILE…`: every problem of every file and of the certificates it names, or that it is valid. */
export function checkWebConfig(files: readonly string[], io: Io): Promise<number> {
  return checkFiles(files, io, loadWebConfig, describeWebConfig);
}

async function checkFiles<T>(
  files: readonly string[],
  { stdout, stderr }: Io,
  load: (file: string) => Promise<FileResult<T>>,
  describe: (config: T) => string,
): Promise<number> {
  let failed = false;
  for (const file of files) {
    const result = await load(file);
    for (const problem of result.ok ? result.warnings : result.problems)
      stderr.write(`${renderProblem(problem)}\n`);
    if (result.ok) {
      stdout.write(`${describe(result.config)}\n`);
    } else {
      failed = true;
      stderr.write(`${file}: ${countOf(result.errorCount, "problem")}\n`);
    }
  }
  return failed ? exitCodes.usage : exitCodes.done;
}
