import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { peakMegabytes } from "./proc.ts";
import { CommandFailed } from "./row.ts";

export interface CommandOptions {
  /** `keep`: it is in the result; `drop` (default): it goes to /dev/null. */
  readonly stdout?: "keep" | "drop";
  /** Whether to watch its memory while it runs, for programs that cannot be asked at their end. */
  readonly watchMemory?: boolean;
}

export interface CommandRun {
  /** From its start to its end. */
  readonly seconds: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What {@link CommandOptions.watchMemory} has seen; else 0. MiB. */
  readonly peakMegabytes: number;
  /** What it wrote to file descriptor 3. */
  readonly aside: string;
}

/** A program that lasts a moment has its memory from the start; it is seen several times. */
const watchEveryMs = 5;

/**
 * Runs a program to its end. Everything it prints goes into files: pipes would wake this process beside what is measured.
 * @throws {@link CommandFailed} unless it exits with 0
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  { stdout = "drop", watchMemory = false }: CommandOptions = {},
): Promise<CommandRun> {
  const folder = mkdtempSync(join(tmpdir(), "bench-command-"));
  const files = ["stdout", "stderr", "aside"].map((name) => join(folder, name));
  const [out = 0, err = 0, aside = 0] = files.map((file) => openSync(file, "w"));
  try {
    const startedAt = performance.now();
    const child = spawn(command, args, { stdio: ["ignore", stdout === "keep" ? out : "ignore", err, aside] });
    let peak = 0;
    const sample = (): void => {
      if (child.pid !== undefined) peak = Math.max(peak, peakMegabytes(child.pid));
    };
    const watch = watchMemory ? setInterval(sample, watchEveryMs) : undefined;
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", resolve);
    });
    const seconds = (performance.now() - startedAt) / 1000;
    clearInterval(watch);
    const [stdoutText = "", stderr = "", asideText = ""] = files.map((file) => readFileSync(file, "utf8"));
    if (exitCode !== 0) {
      throw new CommandFailed(`${commandName(command, args)} exited with ${exitCode}: ${complaint(stderr)}`);
    }
    return { seconds, stdout: stdoutText, stderr, peakMegabytes: peak, aside: asideText };
  } finally {
    for (const descriptor of [out, err, aside]) closeSync(descriptor);
    rmSync(folder, { recursive: true, force: true });
  }
}

function commandName(command: string, args: readonly string[]): string {
  return [command, ...args]
    .map((part) => part.split("/").at(-1))
    .join(" ")
    .slice(0, 30);
}

/** The error of an uncaught exception, without where it was thrown; else the end of what it printed. */
function complaint(stderr: string): string {
  return /^\w*Error\b.*$/m.exec(stderr)?.[0] ?? stderr.slice(-400);
}
