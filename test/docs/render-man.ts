import type { Option } from "@commander-js/extra-typings";

import { commandLineOf, examples, type Example } from "../../src/cli/examples.ts";
import { environment } from "./environment.ts";
import { listCommands, type DocumentedCommand } from "./commands.ts";
import { readPage, tableOf } from "./pages.ts";

/** The man page, from the same sources as docs/reference.md: roff with the macros of man(7). */
export function renderMan(): string {
  const lines = [
    '.TH PUSHGATEWAY-JANITOR 1 "" "pushgateway-janitor" "User Commands"',
    ".SH NAME",
    "pushgateway-janitor \\- deletes Pushgateway groups that have outlived their TTL, and never a living one",
    ".SH SYNOPSIS",
    ".B pushgateway-janitor",
    "\\fIcommand\\fR [\\fIflags\\fR]",
    ".SH DESCRIPTION",
    prose(
      "Reads the groups of Pushgateways, decides by TTL rules, deletes what has expired, and gives the reason for every group. Begin " +
        "with `report`, which deletes nothing. Results go to stdout, logs and progress to stderr.",
    ),
    ".SH COMMANDS",
    ...listCommands().flatMap(renderCommand),
    ".SH ENVIRONMENT",
    ...Object.entries(environment).flatMap(([name, what]) => [".TP", `\\fB${name}\\fR`, prose(what)]),
    ".SH EXIT STATUS",
    ...tableOf(readPage("docs/commands.md"), "exit code").flatMap(([code = "", means = ""]) => [
      ".TP",
      `\\fB${code}\\fR`,
      prose(means),
    ]),
    ".SH FILES",
    ".TP",
    "\\fBjanitor.yml\\fR",
    "The configuration, in the working directory unless \\-\\-config.file names another one. The file config/janitor.yml of the",
    "package shows every key.",
  ];
  return `${lines.join("\n")}\n`;
}

function renderCommand({ name, usage, description, options }: DocumentedCommand): readonly string[] {
  const shown = examples.filter(([command]) => command === name);
  const flags = [...options.flatMap(renderFlag), ...shown.flatMap(renderExample)];
  return [`.SS ${prose(usage)}`, prose(description), ...flags];
}

function renderFlag(option: Option): readonly string[] {
  const { flags, description, argChoices, defaultValue, defaultValueDescription } = option;
  const [long = "", value] = flags.split(" ");
  const isSet = typeof defaultValue === "string" || typeof defaultValue === "number";
  const choices = argChoices === undefined ? "" : `: ${argChoices.join(", ")}`;
  const unless = isSet ? ` (default: ${defaultValueDescription ?? defaultValue})` : "";
  return [
    ".TP",
    `\\fB${prose(long)}\\fR${value === undefined ? "" : ` \\fI${prose(value)}\\fR`}`,
    prose(`${description}${choices}${unless}`),
  ];
}

function renderExample(example: Example): readonly string[] {
  const [, does] = example;
  return [
    ".PP",
    `Example, ${prose(does)}:`,
    ".PP",
    ".nf",
    ".RS",
    prose(commandLineOf(example)),
    ".RE",
    ".fi",
  ];
}

/** Text as roff takes it: no backslash, hyphen or first character of a line has another meaning than itself. */
function prose(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("`", "")
    .replaceAll(/^(?=[.'])/gm, "\\&");
}
