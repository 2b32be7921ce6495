import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { placesOf } from "./program-places.ts";

/** Prometheus' own judge of expositions and rules: what `.ci/setup` unpacked, what PROMTOOL names, what the PATH holds. */
export const promtool: string | null = findPromtool();

/** Whether tests that need it may be left out: on a machine without it, but not in CI. */
export const mayLackPromtool = promtool === null && !process.env["CI"];

export interface PromtoolResult {
  readonly exitCode: number | null;
  /** Everything it printed. */
  readonly output: string;
}

export function runPromtool(args: readonly string[], input = ""): PromtoolResult {
  if (promtool === null) {
    throw new Error("no promtool: .ci/setup fetches it; or put it on the PATH, or set PROMTOOL=/path/to/it");
  }
  const { status, stdout, stderr, error } = spawnSync(promtool, args, { input, encoding: "utf8" });
  if (error) throw error;
  return { exitCode: status, output: stdout + stderr };
}

/** What Prometheus' parser finds wrong in these expressions; empty if nothing. */
export function checkQueries(expressions: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "queries-"));
  try {
    const file = join(folder, "rules.yml");
    const rules = expressions.map((expr, index) => ({ record: `query:${index}`, expr }));
    writeFileSync(file, JSON.stringify({ groups: [{ name: "queries", rules }] }));
    const { exitCode, output } = runPromtool(["check", "rules", file]);
    return exitCode === 0 ? "" : output;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function findPromtool(): string | null {
  for (const candidate of placesOf({ variable: "PROMTOOL", folder: "prometheus", program: "promtool" })) {
    if (spawnSync(candidate, ["--version"], { timeout: 10_000 }).status === 0) return candidate;
  }
  return null;
}
