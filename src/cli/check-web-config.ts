import { renderProblem } from "../config/problem.ts";
import { describeWebConfig } from "../config/web-describe.ts";
import { loadWebConfig } from "../config/web-load.ts";
import { countOf } from "../core/printable.ts";
import { exitCodes } from "./exit-code.ts";
import type { Io } from "./io.ts";

/** `check web-config FILE…`: every problem of every file and of the certificates it names, or that it is valid. */
export async function checkWebConfig(files: readonly string[], { stdout, stderr }: Io): Promise<number> {
  let failed = false;
  for (const file of files) {
    const result = await loadWebConfig(file);
    for (const problem of result.ok ? result.warnings : result.problems)
      stderr.write(`${renderProblem(problem)}\n`);
    if (result.ok) {
      stdout.write(`${describeWebConfig(result.config)}\n`);
    } else {
      failed = true;
      stderr.write(`${file}: ${countOf(result.errorCount, "problem")}\n`);
    }
  }
  return failed ? exitCodes.usage : exitCodes.done;
}
