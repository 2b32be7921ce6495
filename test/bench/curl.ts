import { runCommand, type CommandOptions, type CommandRun } from "./command.ts";

/** Takes a gateway's whole answer and drops it. */
export function curlMetrics(url: string, options: CommandOptions = {}): Promise<CommandRun> {
  return runCommand(
    "curl",
    ["--silent", "--fail", "--output", "/dev/null", `${url}/api/v1/metrics`],
    options,
  );
}
