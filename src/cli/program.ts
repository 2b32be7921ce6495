import { readFileSync } from "node:fs";

import { Command, CommanderError, Option } from "commander";

import { exitCodes } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { addSourceFlags, addSweepFlags } from "./flags.ts";
import { UsageError } from "./usage-error.ts";

/**
 * Runs one command line.
 * @param argv without node and script
 * @returns the exit code; the caller exits with it
 */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  let exitCode: number = exitCodes.done;
  const program = createProgram(io, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    if (error instanceof UsageError) {
      io.stderr.write(`${error.message}\n`);
      return exitCodes.usage;
    }
    throw error;
  }
}

/** Every command's code is loaded when it is called, so that `--help` does not wait for what it does not use. */
function createProgram(io: Io, finish: (exitCode: number) => void): Command {
  const program = new Command("pushgateway-janitor")
    .description(
      "Deletes Pushgateway groups that have outlived their TTL, and never a living one.\n" +
        "Begin with `report`: it says for every group what would happen and why, and deletes nothing.",
    )
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: (text) => io.stderr.write(text) })
    .configureHelp({ helpWidth: io.stdout.columns ?? 100 })
    .showHelpAfterError("Run with --help to see what there is.")
    .option("--version", "print the version")
    .on("option:version", () => {
      io.stdout.write(`pushgateway-janitor ${readVersion()}\n`);
      throw new CommanderError(0, "version", "");
    });

  addSweepFlags(program.command("report"))
    .summary("say what would be deleted and why; deletes nothing")
    .description(
      "Reads the groups and says for each what would become of it and why. Never deletes anything.",
    )
    .addOption(new Option("--output <format>", "how to print it").choices(["table", "json"]).default("table"))
    .option("--detailed-exitcode", "exit with 24 if anything has expired")
    .action(async (flags) => finish(await (await import("./report.ts")).report(flags, io)));

  addSweepFlags(program.command("once"))
    .summary("one sweep: delete what has expired")
    .description("Sweeps once: deletes what has expired, looks what became of it, and prints the report.")
    .option("--dry-run", "only say what would be deleted")
    .option("--no-dry-run", "delete, whatever dry_run in the file says")
    .addOption(
      new Option("--output <format>", "how to print the report").choices(["table", "json"]).default("table"),
    )
    .action(async (flags) => finish(await (await import("./once.ts")).once(flags, io)));

  addSourceFlags(program.command("explain <label=value...>"))
    .summary("which rule decides about a group, and why; offline")
    .description(
      "Goes through the rules in order for a group with these labels and says which one decides.\n" +
        "Needs no gateway: pushgateway-janitor explain job=ci instance=runner-1 --age=3h",
    )
    .option("--age <duration>", "also say what becomes of the group at this age")
    .action(async (labels, flags) => finish(await (await import("./explain.ts")).explain(labels, flags, io)));

  program
    .command("check")
    .description("Checks files.")
    .command("config <file...>")
    .summary("say what is wrong with configuration files, or what they mean")
    .description("Prints all problems with their places (exit code 2), or what was understood.")
    .action(async (files) => finish(await (await import("./check-config.ts")).checkConfig(files, io)));

  program
    .command("demo")
    .summary("see it work: an embedded gateway with living and vanished hosts")
    .description(
      "Starts an embedded gateway with living and vanished hosts, reports, sweeps, and shows what is left.",
    )
    .action(async () => finish(await (await import("./demo.ts")).demo(io)));

  return program;
}

function readVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
