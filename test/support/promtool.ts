import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

const cache = join(import.meta.dirname, "../../.cache/prometheus");

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

function findPromtool(): string | null {
  for (const candidate of candidates()) {
    if (spawnSync(candidate, ["--version"], { timeout: 10_000 }).status === 0) return candidate;
  }
  return null;
}

function* candidates(): Generator<string> {
  const named = process.env["PROMTOOL"];
  if (named) yield named;
  for (const suite of listFolder(cache)) yield join(cache, suite, "usr/bin/promtool");
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    if (folder !== "") yield join(folder, "promtool");
  }
}

function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}
