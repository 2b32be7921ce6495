import { renderProblem } from "../config/file/problem.ts";
import { renderJunit, renderText } from "../rule-tests/render-results.ts";
import { loadRuleTests } from "../rule-tests/rule-test-file.ts";
import { runRuleTests, type RuleTestOutcome } from "../rule-tests/run-rule-tests.ts";
import { exitCodes } from "./exit-code.ts";
import type { TestRulesFlags } from "./flags.ts";
import type { Io } from "./io.ts";

/** `test rules FILE…`: compares what the rules decide about groups with what the files expect. Runs all files. */
export async function testRules(
  paths: readonly string[],
  { output }: TestRulesFlags,
  { stdout, stderr }: Io,
): Promise<number> {
  const outcomes: RuleTestOutcome[] = [];
  const problems = new Set<string>();
  for (const path of paths) {
    const loaded = await loadRuleTests(path);
    for (const problem of loaded.ok ? loaded.warnings : loaded.problems) problems.add(renderProblem(problem));
    outcomes.push(loaded.ok ? { ok: true, path, results: runRuleTests(loaded.file) } : loaded);
  }
  // Files may share a configuration and its problems.
  for (const problem of problems) stderr.write(`${problem}\n`);
  if (output === "junit") stdout.write(renderJunit(outcomes));
  // The log of a CI job shows stderr, its test report the XML.
  (output === "junit" ? stderr : stdout).write(renderText(outcomes));
  if (outcomes.some(({ ok }) => !ok)) return exitCodes.usage;
  const failed = outcomes.some((one) => one.ok && one.results.some(({ failures }) => failures.length > 0));
  return failed ? exitCodes.rulesFailed : exitCodes.done;
}
