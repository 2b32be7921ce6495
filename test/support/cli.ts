import type { Io } from "../../src/cli/io.ts";
import { runCli } from "../../src/cli/program.ts";
import { systemClock, wait } from "../../src/cli/system-clock.ts";
import { readOutput } from "./output.ts";

export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly env?: Io["env"];
  /** As on a terminal of this width. */
  readonly columns?: number;
  readonly clock?: Io["clock"];
  /** SIGHUP is an event `hangup` of this. */
  readonly hangups?: EventTarget;
  /** As a person at the terminal; gets what was printed to stderr so far, question included. */
  readonly answer?: (stderr: string) => string | Promise<string>;
  readonly stop?: AbortSignal;
  readonly abort?: AbortSignal;
}

/** Runs a command line in this process, without its edge: exit code and everything it printed. */
export async function cli(argv: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  let stdout = "";
  let stderr = "";
  const exitCode = await runCli(argv, {
    stdout: readOutput((text) => void (stdout += text), options.columns),
    stderr: readOutput((text) => void (stderr += text), options.columns),
    env: options.env ?? {},
    nodeVersion: process.version,
    clock: options.clock ?? systemClock,
    wait,
    stop: options.stop ?? new AbortController().signal,
    abort: options.abort ?? new AbortController().signal,
    onHangup(callback) {
      options.hangups?.addEventListener("hangup", callback);
      return () => options.hangups?.removeEventListener("hangup", callback);
    },
    ask:
      options.answer === undefined ? null : async (question) => options.answer?.((stderr += question)) ?? "",
    signalExitCode: () => 143,
  });
  return { exitCode, stdout, stderr };
}
