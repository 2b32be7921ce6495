import { describe, expect, it } from "vitest";

import { createProgressLine } from "../../src/cli/progress.ts";
import { readOutput } from "../support/output.ts";

function progress(isTTY: boolean): {
  line: ReturnType<typeof createProgressLine>;
  pass: (s: number) => void;
  shown: () => string;
} {
  let seconds = 0;
  let shown = "";
  const stderr = readOutput((text) => void (shown += text), isTTY ? 40 : null);
  const clock = { now: () => seconds, monotonic: () => seconds };
  return {
    line: createProgressLine({ stderr, clock }),
    pass: (s) => void (seconds += s),
    shown: () => shown,
  };
}

const step = { gateway: "batch", phase: "deleting", done: 3, total: 10 } as const;

describe("progress", () => {
  it("is shown on a terminal when the work takes longer than a second, and wiped in the end", () => {
    const { line, pass, shown } = progress(true);
    line.update(step);
    pass(0.9);
    line.update(step);
    expect(shown()).toBe("");
    pass(0.2);
    line.update(step);
    expect(shown()).toBe("\r\u001B[Kbatch: deleting 3/10");
    line.clear();
    expect(shown().endsWith("\r\u001B[K")).toBe(true);
  });

  it("is not drawn more often than a person can see, and never wider than the terminal", () => {
    const { line, pass, shown } = progress(true);
    pass(2);
    line.update({ ...step, gateway: "g".repeat(100) });
    line.update(step);
    expect(shown()).toBe(`\r\u001B[K${"g".repeat(39)}`);
  });

  it("is not shown where nobody looks", () => {
    const { line, pass, shown } = progress(false);
    pass(5);
    line.update(step);
    line.clear();
    expect(shown()).toBe("");
  });
});
