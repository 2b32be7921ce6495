import { describeConfig } from "../config/describe.ts";
import { loadConfig } from "../config/load.ts";
import { renderProblem } from "../config/problem.ts";
import { countOf } from "../core/printable.ts";
import { exitCodes } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { findLimitations } from "./limitations.ts";

/** `check config FILE…`: every problem of every file, or what was understood. */
export async function checkConfig(files: readonly string[], { stdout, stderr }: Io): Promise<number> {
  let failed = false;
  for (const file of files) {
    const result = await loadConfig(file);
    for (const problem of result.ok ? result.warnings : result.problems)
      stderr.write(`${renderProblem(problem)}\n`);
    if (result.ok) {
      for (const limitation of findLimitations(result.config)) stderr.write(`${limitation}\n`);
      stdout.write(`${describeConfig(result.config)}\n`);
    } else {
      failed = true;
      stderr.write(`${file}: ${countOf(result.errorCount, "problem")}\n`);
    }
  }
  return failed ? exitCodes.usage : exitCodes.done;
}
