import { expect, test, vi } from "vitest";
import type { SerializedError, TestModule, TestRunEndReason, Vitest } from "vitest/node";
import SummaryReporter from "./summary-reporter.ts";

type State = "passed" | "failed" | "skipped" | "pending";

function testModule(
  states: readonly State[],
  errors: readonly string[] = [],
  hookErrors: readonly string[] = [],
) {
  const children = {
    allSuites: () => [{ errors: () => hookErrors }],
    allTests: () => states.map((state) => ({ result: () => ({ state }) })),
  };
  return { errors: () => errors, children } as unknown as TestModule;
}

function printed(
  modules: readonly TestModule[],
  errors: readonly SerializedError[] = [],
  reason: TestRunEndReason = "passed",
): string {
  const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const reporter = new SummaryReporter();
  reporter.onInit({ config: { watch: true } } as Vitest);
  reporter.onTestRunEnd(modules, errors, reason);
  const text = write.mock.calls.map(([chunk]) => String(chunk)).join("");
  write.mockRestore();
  return text;
}

test("counts the tests of all files", () => {
  const modules = [testModule(["passed", "passed", "failed"]), testModule(["passed", "skipped", "pending"])];
  expect(printed(modules)).toBe("3 passed, 1 failed, 2 skipped\n");
});

test("counts what keeps tests from running as a failure", () => {
  const modules = [testModule([], ["syntax error"]), testModule(["skipped"], [], ["beforeAll failed"])];
  expect(printed(modules, [{ message: "unhandled" }])).toBe("0 passed, 3 failed, 1 skipped\n");
});

test("does not call a run that never began a success", () => {
  expect(printed([], [], "failed")).toBe("0 passed, 1 failed, 0 skipped\n");
});
