import { describe, expect, it } from "vitest";

import { createCommandLog, type CommandLog } from "../../src/cli/progress.ts";
import { readOutput } from "../support/output.ts";

function scene(isTTY: boolean): CommandLog & { pass: (seconds: number) => void; shown: () => string } {
  let now = 0;
  let shown = "";
  const stderr = readOutput((text) => void (shown += text), isTTY ? 40 : null);
  const clock = { now: () => now, monotonic: () => now };
  return {
    ...createCommandLog("info", "logfmt", { stderr, clock }),
    pass: (seconds) => void (now += seconds),
    shown: () => shown,
  };
}

const step = { gateway: "batch", phase: "deleting", done: 3, total: 10 } as const;

describe("progress", () => {
  it("is shown on a terminal when the work takes longer than a second, and wiped at its end", () => {
    const { progress, clear, pass, shown } = scene(true);
    progress(step);
    pass(0.9);
    progress(step);
    expect(shown()).toBe("");
    pass(0.2);
    progress(step);
    expect(shown()).toBe("\r\u001B[Kbatch: deleting 3/10");
    clear();
    expect(shown().endsWith("\r\u001B[K")).toBe(true);
    const before = shown();
    progress(step);
    expect(shown()).toBe(before);
  });

  it("is not drawn more often than a person can see, and never wider than the terminal", () => {
    const { progress, pass, shown } = scene(true);
    progress(step);
    pass(2);
    progress({ ...step, gateway: "g".repeat(100) });
    progress(step);
    expect(shown()).toBe(`\r\u001B[K${"g".repeat(39)}`);
  });

  it("is wiped before a line of the log", () => {
    const { progress, log, pass, shown } = scene(true);
    progress(step);
    pass(2);
    progress(step);
    log.warn("A warning");
    expect(shown().replace(/ts=\S+/, "ts=now")).toBe(
      '\r\u001B[Kbatch: deleting 3/10\r\u001B[Kts=now level=warn msg="A warning"\n',
    );
  });

  it("is not shown where stderr is no terminal", () => {
    const { progress, clear, pass, shown } = scene(false);
    progress(step);
    pass(5);
    progress(step);
    clear();
    expect(shown()).toBe("");
  });
});
