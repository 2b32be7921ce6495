import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { janitorFile } from "../support/project-root.ts";
import { runCommand, type CommandRun } from "./command.ts";
import { ttl } from "./fixture.ts";
import { programFile } from "./program.ts";

export type Source = "api" | "exposition" | "auto";

/** As fast as the gateway bears it, and all of it. */
export const limitsOff: readonly string[] = [
  "--limits.max-delete-ratio=1",
  "--limits.max-deletes=1000000",
  "--limits.deletes-per-second=1000000",
];

/** Runs a command of the janitor; what it prints is dropped. */
export function runJanitor(args: readonly string[]): Promise<CommandRun> {
  return runCommand(process.execPath, [janitorFile, ...args]);
}

/** What a program took, by its own account at its very end. */
export interface Usage {
  readonly cpuSeconds: number;
  /** The most memory it had at once, in MiB. */
  readonly peakMegabytes: number;
}

/** Runs a command of the janitor, or another program of Node's, and has it say what it took. */
export async function usageOf(
  args: readonly string[],
  program = janitorFile,
): Promise<Usage & { readonly seconds: number }> {
  const report = `--import=${pathToFileURL(programFile("report-usage")).href}`;
  const { aside, seconds } = await runCommand(process.execPath, [report, program, ...args]);
  return { ...(JSON.parse(aside) as Usage), seconds };
}

/** Writes a janitor.yml with one rule for everything, whose schedule is never due. Returns its path. */
export function writeConfig(folder: string, url: string, source: Source): string {
  const file = join(folder, `janitor-${source}.yml`);
  const text = `schedule: "0 0 29 2 *"
pushgateways:
  - name: bench
    url: ${url}
    source: ${source}
    timeout: 10m
rules:
  - name: everything
    matchers: []
    ttl: ${ttl}
`;
  writeFileSync(file, text);
  return file;
}

/** The flag that names such a file. */
export function configFlag(folder: string, url: string, source: Source): string {
  return `--config.file=${writeConfig(folder, url, source)}`;
}
