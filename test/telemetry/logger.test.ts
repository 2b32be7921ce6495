import { describe, expect, it } from "vitest";

import type { LogFormat } from "../../src/core/log.ts";
import { createLogger, type Logger } from "../../src/telemetry/logger.ts";

function logging(format: LogFormat): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  return { log: createLogger("info", format, (line) => lines.push(line)), lines };
}

describe("the log", () => {
  it("is logfmt, time and level first, what could break a line quoted", () => {
    const { log, lines } = logging("logfmt");
    log.info("Deleted group", {
      gateway: "batch",
      labels: '{job="a b"}',
      age_seconds: 5,
      rule: null,
      err: "a\nb",
    });
    expect(lines).toEqual([
      expect.stringMatching(
        /^ts=\d{4}-\d\d-\d\dT[\d:.]+Z level=info msg="Deleted group" gateway=batch labels="\{job=\\"a b\\"\}" age_seconds=5 rule=null err="a\\nb"\n$/,
      ),
    ]);
  });

  it("is JSON with one object a line", () => {
    const { log, lines } = logging("json");
    log.warn("Sweep skipped", { reason: "missed" });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ level: "warn", msg: "Sweep skipped", reason: "missed" }),
    ]);
  });

  it("cuts long foreign texts", () => {
    const { log, lines } = logging("logfmt");
    log.warn("Sweep note", { note: "x".repeat(1_000_000), gateway: "batch" });
    expect(lines[0]).toMatch(/note="x{10000}… \(1000000 characters\)" gateway=batch\n$/);
  });

  it("omits lines below its level, which can change", () => {
    const { log, lines } = logging("logfmt");
    log.debug("one");
    log.setLevel("debug");
    log.debug("two");
    log.setLevel("error");
    log.warn("three");
    log.error("four");
    expect(lines.map((line) => /msg=(\w+)/.exec(line)?.[1])).toEqual(["two", "four"]);
  });
});
