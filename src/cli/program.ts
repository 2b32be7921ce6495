import { setMaxListeners } from "node:events";

import type { Command as CliCommand } from "@commander-js/extra-typings";

import { ConfigError, NoGatewayError } from "../config/config.ts";
import { addExamples } from "./examples.ts";
import { exitCodes } from "./exit-code.ts";
import {
  addArchiveListFlags,
  addDeleteFlags,
  addDoctorFlags,
  addExplainFlags,
  addHealthcheckFlags,
  addOnceFlags,
  addReportFlags,
  addRestoreFlags,
  addDemoFlags,
  addRunFlags,
  addSuggestFlags,
  addTestRulesFlags,
  Argument,
  Command,
  CommanderError,
  headings,
  helpLayout,
  nameFlagsInErrors,
  Option,
  shells,
} from "./flags.ts";
import { readVersion, type Io } from "./io.ts";
import { leadOn } from "./lead-on.ts";

/**
 * Runs one command line.
 * @param argv without node and script
 * @returns the exit code; the caller exits with it
 */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  let exitCode: number = exitCodes.done;
  // Every request in flight listens, so that many listeners are no leak.
  setMaxListeners(0, io.stop, io.abort);
  const program = createProgram(io, (code) => {
    exitCode = code;
  });
  try {
    const words = leadOn(argv, program, (text) => io.stderr.write(`${text}\n`));
    await program.parseAsync([...words], { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    const isWrong = error instanceof ConfigError;
    if (!isWrong && !(error instanceof NoGatewayError)) throw error;
    io.stderr.write(`${error.message}\n`);
    return isWrong ? exitCodes.usage : exitCodes.failed;
  }
}

/** Every command's code is loaded when it is called, so that `--help` does not wait for what it does not use. */
export function createProgram(io: Io, finish: (exitCode: number) => void): CliCommand {
  const program = new Command("pushgateway-janitor")
    .description(
      "Deletes Pushgateway groups that have outlived their TTL, and never a living one.\n" +
        "Begin with `report`: it says for every group what would happen and why, and deletes nothing.",
    )
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: (text) => io.stderr.write(text) })
    .configureHelp({ helpWidth: io.stdout.columns ?? 80, ...helpLayout })
    .addHelpOption(new Option("-h, --help", "show this help").helpGroup(headings.others))
    .commandsGroup(headings.others)
    .helpCommand("help [command]", "show the help of a command")
    .showHelpAfterError("Run with --help to see all commands and flags.")
    .optionsGroup(headings.others)
    .option("-V, --version", "print the version")
    .on("option:version", () => {
      io.stdout.write(`pushgateway-janitor ${readVersion()}\n`);
      throw new CommanderError(0, "version", "");
    });

  program.commandsGroup("To look:");

  addReportFlags(program.command("report"), io)
    .summary("say what would be deleted and why; deletes nothing")
    .description(
      "Reads the groups and says for each whether it would be deleted, and why. Deletes nothing.\n" +
        "With --gateway and without --ttl: how old the groups of each job are, to choose a TTL by.",
    )
    .action(async (flags) => finish(await (await import("./report.ts")).report(flags, io)));

  addExplainFlags(program.command("explain"))
    .argument("<label=value...>")
    .summary("which rule decides about a group, and why")
    .description(
      "Goes through the rules in order for a group with these labels and says which one decides.\n" +
        'Takes labels as reports print them, too: \'{job="ci", instance="runner-1"}\'.\n' +
        "Needs no gateway. With --only or --gateway and without --age it reads the group there, and says what a sweep would do with it.",
    )
    .action(async (labels, flags) => finish(await (await import("./explain.ts")).explain(labels, flags, io)));

  addSuggestFlags(program.command("suggest"))
    .summary("suggest rules from the pushes that Prometheus has seen")
    .description(
      "Reads from Prometheus how often each job pushed, and prints rules to paste, with the evidence as comments. Jobs that push " +
        "irregularly, or have too little history, are left to you. Warns of rules of the file whose TTL is shorter than a gap between two pushes.",
    )
    .action(async (flags) => finish(await (await import("./suggest.ts")).suggest(flags, io)));

  addDoctorFlags(program.command("doctor"))
    .summary("check whether the gateway is consistent, and name the group that breaks it")
    .description(
      "Examines the gateway: whether Prometheus can scrape it and pushes are accepted, which group breaks it and " +
        "the command that heals it, and which groups cannot be deleted. With --probe: how long a push takes. With --ttl or " +
        "a file: how many groups have expired. Changes nothing without --probe. Exit code 22 if the gateway is " +
        "inconsistent.",
    )
    .action(async (flags) => finish(await (await import("./doctor.ts")).doctor(flags, io)));

  addDemoFlags(program.command("demo"))
    .summary("see it work: an embedded gateway with living and vanished hosts")
    .description(
      "Starts an embedded gateway with living and vanished hosts, reports, sweeps, and reports again.\n" +
        "With --serve it leaves the gateway and the page open instead, until Ctrl-C.",
    )
    .action(async (flags) => finish(await (await import("./demo.ts")).demo(flags, io)));

  program.commandsGroup("To delete, and to put back:");

  addOnceFlags(program.command("once"), io.env)
    .summary("one sweep: delete what has expired")
    .description("Sweeps once: deletes what has expired, checks that it is gone, and prints the report.")
    .action(async (flags) => finish(await (await import("./once.ts")).once(flags, io)));

  addRunFlags(program.command("run"), io.env)
    .summary("the service: sweep on schedule, serve metrics and a page")
    .description(
      "Sweeps on the schedule of the configuration until SIGTERM, and serves metrics and a web page. Reads the " +
        "configuration again at SIGHUP and when a file changes; an invalid one is not applied.",
    )
    .action(async (flags) => finish(await (await import("./run.ts")).run(flags, io)));

  addDeleteFlags(program.command("delete"), io.env)
    .argument("<matchers...>")
    .summary("delete groups on demand, whatever their TTL")
    .description(
      "Deletes the groups that match, once, after it has shown them and asked. Limits, archive, pace and checks are those of `once`; a " +
        "group that is pushed to meanwhile stays.\n" +
        "With --exact it takes labels instead, as reports print them.",
    )
    .action(async (texts, flags) =>
      finish(await (await import("./delete.ts")).deleteOnDemand(texts, flags, io)),
    );

  addRestoreFlags(program.command("restore"), io)
    .argument("[archive]")
    .summary("push deleted groups back")
    .description(
      "Pushes the groups of an archive (a folder, or one file of it; by default that of the configuration) back to the gateways they were deleted from, each as " +
        "it was last. Groups that exist are skipped, unless --overwrite is set. A restored group counts as pushed now.",
    )
    .action(async (archive, flags) =>
      finish(await (await import("./restore.ts")).restore(archive, flags, io)),
    );

  const archive = program
    .command("archive")
    .summary("read the archive of deleted groups")
    .description("Reads the archive of deleted groups.");
  addArchiveListFlags(archive.command("list"), io)
    .argument("[archive]")
    .summary("say what was deleted, when, and by which rule")
    .description(
      "Lists what an archive (a folder, or one file of it; by default that of the configuration) holds, the newest first: deletions, and groups that came back by a push " +
        "(reappeared) or by `restore` (restored). Unconfirmed: the janitor was stopped before it knew the outcome.",
    )
    .action(async (path, flags) =>
      finish(await (await import("./archive-list.ts")).archiveList(path, flags, io)),
    );

  program.commandsGroup("To check files, for example in CI:");

  const check = program
    .command("check")
    .summary("check configuration files")
    .description("Checks configuration files. `check FILE` means `check config FILE`.");
  check
    .command("config <file...>")
    .summary("check configuration files, and show how they are understood")
    .description("Prints all problems with line and column (exit code 2), or what was understood.")
    .action(async (files) => finish(await (await import("./check.ts")).checkConfig(files, io)));
  check
    .command("web-config <file...>")
    .summary("check files for --web.config.file")
    .description(
      "Prints all problems of files for --web.config.file, and of the certificates they name (exit code 2).",
    )
    .action(async (files) => finish(await (await import("./check.ts")).checkWebConfig(files, io)));
  check
    .command("notifications <file...>")
    .summary("send a test message to every receiver of configuration files")
    .description(
      "Sends a test message to each entry of `notifications` and says whether it was delivered (exit code 1 if not).",
    )
    .action(async (files) => finish(await (await import("./check.ts")).checkNotifications(files, io)));

  const test = program
    .command("test")
    .summary("test the rules of a configuration")
    .description("Tests the rules of a configuration. `test FILE` means `test rules FILE`.");
  addTestRulesFlags(test.command("rules"))
    .argument("<file...>")
    .summary("unit tests of rules, from files; offline")
    .description(
      "Goes through files of rule tests: groups of given ages, and what the rules of a configuration have to make of them. Prints all " +
        "that is not as expected, with the rule that decided (exit code 25), or the problems of a file (2). Needs no gateway.",
    )
    .action(async (files, flags) =>
      finish(await (await import("./test-rules.ts")).testRules(files, flags, io)),
    );

  program.commandsGroup(headings.others);

  program
    .command("completion")
    .addArgument(new Argument("<shell>").choices(shells))
    .summary("print the completion of commands and flags for a shell")
    .description("Prints a script that lets the shell complete commands, flags and their values.")
    .action(async (shell) => {
      const { renderCompletion } = await import("./completion.ts");
      io.stdout.write(renderCompletion(shell, program));
    });

  addHealthcheckFlags(program.command("healthcheck"))
    .summary("check the service of this container; for HEALTHCHECK")
    .description(
      "Requests /-/healthy from `run`, for images without curl: exit code 0 if it is healthy. Without flags it reads the " +
        "address from process 1, which is `run` in a container.",
    )
    .action(async (flags) => finish(await (await import("./healthcheck.ts")).healthcheck(flags, io)));

  nameFlagsInErrors(program);
  addExamples(program);
  return program;
}
