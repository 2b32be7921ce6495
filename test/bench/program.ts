import { join } from "node:path";

import { runCommand } from "./command.ts";

/** A program of the benchmark's own, from `programs/`, as a file to run. */
export function programFile(name: string): string {
  return join(import.meta.dirname, "programs", `${name}.js`);
}

/**
 * Runs one in a process of its own, so that its heap and its compiled code are nobody else's, and returns what it prints
 * as JSON.
 */
export async function runProgram<T>(
  name: string,
  args: readonly string[],
  nodeFlags: readonly string[] = [],
): Promise<T> {
  const { stdout } = await runCommand(process.execPath, [...nodeFlags, programFile(name), ...args], {
    stdout: "keep",
  });
  return JSON.parse(stdout) as T;
}
