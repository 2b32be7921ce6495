import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, onTestFinished } from "vitest";

import { readMetrics } from "../telemetry/read-metrics.ts";
import { send, type HttpRequest, type HttpResponse } from "./http.ts";
import { startProgram, type Program, type ProgramEnd, type ProgramOptions } from "./program.ts";

/** A schedule that is never due while a test runs: its sweeps are asked for. */
export const never = "0 0 29 2 *";

/** `run` as a process of its own, serving on a free port. */
export interface RunningService extends Program {
  readonly url: string;
  ask(path: string, request?: Omit<HttpRequest, "path">): Promise<HttpResponse>;
  post(path: string): Promise<HttpResponse>;
  /** One sample, by name and labels as written, without the prefix. */
  metric(series: string): Promise<string | undefined>;
  /** SIGTERM, and what it came to. */
  stop(): Promise<ProgramEnd>;
}

/** What a process that minds itself never says. */
const mishaps = /unhandled|uncaught|^\(node:|by a bug|^ +at |\\n +at |internal error/i;

/** Starts `run` and waits until it listens. Whatever else the test is about, it must log no mishap. */
export async function startService(
  argv: readonly string[],
  options: ProgramOptions = {},
): Promise<RunningService> {
  const program = startProgram(
    ["run", "--web.listen-address=127.0.0.1:0", "--web.enable-lifecycle", ...argv],
    options,
  );
  onTestFinished(() => {
    const lines = program.stderr().split("\n");
    expect(lines.filter((line) => mishaps.test(line))).toEqual([]);
  });
  const [, address] = await program.shows(/\baddress(?:=|":")([\d.]+:\d+)/);
  const url = `http://${address}`;
  const ask: RunningService["ask"] = (path, request = {}) => send(url, { ...request, path });
  return {
    ...program,
    url,
    ask,
    post: (path) => ask(path, { method: "POST" }),
    metric: async (series) => readMetrics((await ask("/metrics")).body).get(series),
    stop() {
      program.process.kill("SIGTERM");
      return program.ended;
    },
  };
}

/** A folder that goes with the test. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "run-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A janitor.yml in a folder of its own. */
export function writeConfig(text: string, folder = testFolder()): string {
  const path = join(folder, "janitor.yml");
  writeFileSync(path, text);
  return path;
}

/** The values of a field in all lines that bear this message. */
export function loggedFields(log: string, message: string, field: string): readonly string[] {
  return log
    .split("\n")
    .filter((line) => line.includes(`msg="${message}"`))
    .map((line) => new RegExp(` ${field}=("(?:[^"\\\\]|\\\\.)*"|\\S*)`).exec(line)?.[1] ?? "");
}
