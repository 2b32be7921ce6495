import type { Reporter, SerializedError, TestModule, TestRunEndReason, Vitest } from "vitest/node";

/**
 * Prints `N passed, N failed, N skipped` as the last line of a run, for whoever reads only that. A file that cannot
 * be loaded, a hook that fails and an error outside of any test count as one failure each.
 */
export default class SummaryReporter implements Reporter {
  #line = summary(0, 1, 0);
  #watching = false;

  onInit(vitest: Vitest): void {
    this.#watching = vitest.config.watch;
    // At the very end, because coverage and the teardown print after the last reporter has been called.
    if (!this.#watching) process.once("exit", () => process.stdout.write(this.#line));
  }

  onTestRunEnd(
    modules: readonly TestModule[],
    errors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    let [passed, failed, skipped] = [0, errors.length, 0];
    for (const module of modules) {
      for (const place of [module, ...module.children.allSuites()]) {
        if (place.errors().length > 0) failed += 1;
      }
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") passed += 1;
        else if (state === "failed") failed += 1;
        else skipped += 1;
      }
    }
    // A global setup that throws is in neither list.
    if (reason === "failed" && failed === 0) failed = 1;
    this.#line = summary(passed, failed, skipped);
    if (this.#watching) process.stdout.write(this.#line);
  }
}

function summary(passed: number, failed: number, skipped: number): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped\n`;
}
